"""The error tree, grouped by what a caller does about it.

`EoIngestError` is the root. Below it:

- `ConfigError(ValueError)`: fix the input; exit 2, nothing was changed.
- `SourceError`: the source will not give this; give up, record the reason.
  `TransientError` below it: the source may give it later; try again.
- `OutputError`: a reply or a result breaks its promise; never store it.
- `StoreError`: the store cannot be read or written; stop the run, nothing is lost.
"""


class EoIngestError(Exception):
    """Any error that eo-ingest explains to its user."""


class ConfigError(EoIngestError, ValueError):
    """What the user asked for cannot be done as asked."""


class SourceError(EoIngestError):
    """A source refused a request for good."""


class TransientError(SourceError):
    """A source failed in a way that time may cure."""


class OutputError(EoIngestError):
    """A reply has another shape, type or value range than promised."""


class StoreError(EoIngestError):
    """A store could not be read or written."""
