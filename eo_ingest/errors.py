"""The error tree, grouped by what a caller does about it.

    EoIngestError
    ├── ConfigError(ValueError)   fix the input: exit 2, nothing was changed
    ├── SourceError               the source will not give this: give up, record the reason
    │   └── TransientError        the source will perhaps give it later: try again
    ├── NoDataError               the source has nothing there: a fact, recorded as `empty`
    ├── OutputError               a reply or a result breaks its promise: stop, never store it
    └── StoreError                the store cannot be read or written: stop the run, nothing is lost
"""


class EoIngestError(Exception):
    """Any error that eo-ingest explains to its user."""


class ConfigError(EoIngestError, ValueError):
    """What the user asked for cannot be done as asked."""


class SourceError(EoIngestError):
    """A source refused a request for good."""


class TransientError(SourceError):
    """A source failed in a way that time may cure."""


class NoDataError(EoIngestError):
    """A source holds no valid pixel for the request."""


class OutputError(EoIngestError):
    """A reply has another shape, type or value range than promised."""


class StoreError(EoIngestError):
    """A store could not be read or written."""
