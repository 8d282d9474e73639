"""What a failed request means: one table from Earth Engine's words to what is done about it."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from google.auth.exceptions import GoogleAuthError, TransportError

from eo_ingest.errors import SourceError, TransientError

Answer = Literal["wait", "split", "give up"]


class Meaning(NamedTuple):
    """A kind of failure and its answer."""

    kind: str
    answer: Answer


# The first pattern found in the message decides. Messages are Earth Engine's own.
_BY_MESSAGE: tuple[tuple[str, Meaning], ...] = (
    (r"Total request size|must be less than or equal to \d+ bytes|too many pixels", Meaning("size", "split")),
    (r"memory limit exceeded|memory capacity exceeded|Out of memory", Meaning("memory", "split")),
    (r"Computation timed out", Meaning("timeout", "split")),
    (r"Too many concurrent aggregations|Too Many Requests|Quota exceeded|rate limit", Meaning("quota", "wait")),
    (r"not found|does not exist", Meaning("not found", "give up")),
    (r"permission|PERMISSION_DENIED|not registered|caller does not have", Meaning("auth", "give up")),
    (r"invalid authentication|UNAUTHENTICATED|Unauthorized|invalid_grant", Meaning("auth", "give up")),
    (r"internal error|unavailable|backend error|bad gateway|deadline|try again", Meaning("transient", "wait")),
)
_BY_STATUS = {401: Meaning("auth", "give up"), 403: Meaning("auth", "give up"), 429: Meaning("quota", "wait")}


def meaning(message: str, status: int | None) -> Meaning:
    """What a message and an HTTP status (None if unknown) mean; what nobody knows is a bad expression."""
    if status in {429, 500, 502, 503, 504}:
        by_status = _BY_STATUS.get(status, Meaning("transient", "wait"))
        split = next((m for p, m in _BY_MESSAGE[:3] if re.search(p, message, re.IGNORECASE)), None)
        return split or by_status
    for pattern, found in _BY_MESSAGE:
        if re.search(pattern, message, re.IGNORECASE):
            return found
    return _BY_STATUS.get(status or 0, Meaning("bad expression", "give up"))


def curable(reason: str) -> bool:
    """Whether a failed record's reason tells of something that time may cure: try the job again in minutes.

    A time-out counts, although its first answer is to split: how long Earth Engine takes depends on its load.
    """
    return reason.partition(":")[0] in _CURABLE


_CURABLE = frozenset({"connection", "timeout", *(m.kind for _, m in _BY_MESSAGE if m.answer == "wait")})


class SplitError(SourceError):
    """The request was too much for Earth Engine: halves of it may not be."""


def explain(error: Exception) -> SourceError:
    """The error that a client's exception stands for."""
    # The client raises EEException with the text alone, while it handles the HttpError that has the status.
    status = getattr(getattr(error.__context__, "resp", None), "status", None)
    if isinstance(error, OSError | TransportError):
        return TransientError(f"connection: {error}")
    if isinstance(error, GoogleAuthError):
        return SourceError(f"auth: the credentials do not work any more: {error}")
    found = meaning(str(error), status)
    text = f"{found.kind}: {error}"
    if found.answer == "wait":
        return TransientError(text)
    return SplitError(text) if found.answer == "split" else SourceError(text)
