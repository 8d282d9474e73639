"""Getting bytes over HTTP: what failures mean, what is tried again, and what is told of an address."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from eo_ingest.errors import SourceError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

log = logging.getLogger(__name__)

T = TypeVar("T")

ATTEMPTS = 6
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
TIMEOUT_S = (10.0, 60.0)  # to connect, and between two pieces of an answer
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
_REFUSED = {401: "it asks for credentials", 403: "it refuses access"}


class AbsentError(SourceError):
    """There is no such thing."""


@dataclass
class Traffic:
    """What was asked for and got, counted from any thread."""

    requests: int = 0
    payload: int = 0
    retries: int = 0
    _guard: Lock = field(default_factory=Lock, repr=False)

    def add(self, *, requests: int = 0, payload: int = 0, retries: int = 0) -> None:
        """Count more."""
        with self._guard:
            self.requests += requests
            self.payload += payload
            self.retries += retries


def public(url: str) -> str:
    """A URL as records and messages may tell it: without user, password, query and fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def bare(etag: str | None) -> str | None:
    """An entity tag without its quotes and without the mark of a weak one."""
    return etag.removeprefix("W/").strip('"') or None if etag else None


def session(connections: int) -> requests.Session:
    """A session that keeps so many connections."""
    import requests
    from requests.adapters import HTTPAdapter

    made = requests.Session()
    for scheme in ("http://", "https://"):
        made.mount(scheme, HTTPAdapter(pool_connections=4, pool_maxsize=connections))
    return made


def get(
    connection: requests.Session, url: str, traffic: Traffic, *, query: Mapping[str, str] | None = None
) -> tuple[bytes, Mapping[str, str]]:
    """Ask once for something small enough for memory; its bytes, whole, and the answer's headers.

    Raises:
        AbsentError: if there is no such thing.
        TransientError: if it may come later, or broke off.
        SourceError: if it will not come.
    """
    reply = ask(connection, url, traffic, params=query)
    traffic.add(payload=len(reply.content))
    return reply.content, reply.headers


def ask(connection: requests.Session, url: str, traffic: Traffic, **options: Any) -> requests.Response:
    """Ask once; the answer, if it is one. `options` are those of `requests`, such as `stream`.

    Raises:
        AbsentError: if there is no such thing.
        TransientError: if it may come later, or broke off.
        SourceError: if it will not come.
    """
    import requests

    traffic.add(requests=1)
    try:
        # Bytes are counted and compared with what was announced: they must not be packed on the way.
        reply = connection.get(url, timeout=TIMEOUT_S, headers={"Accept-Encoding": "identity"}, **options)
    except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as err:
        raise TransientError(f"connection: {public(url)} does not answer, or not to the end: {_kind(err)}") from err
    except requests.RequestException as err:
        raise SourceError(f"{public(url)} cannot be asked: {_kind(err)}") from err
    if reply.ok:
        return reply
    reply.close()
    if reply.status_code == 404:
        raise AbsentError(f"not found: there is no {public(url)}")
    if reply.status_code in _LATER:
        kind = "quota" if reply.status_code == 429 else "transient"
        raise TransientError(f"{kind}: {public(url)} answers {reply.status_code}")
    kind = "auth: " if reply.status_code in _REFUSED else ""
    why = _REFUSED.get(reply.status_code, reply.reason)
    raise SourceError(f"{kind}{public(url)} answers {reply.status_code}: {why}")


def retried(send: Callable[[], T], traffic: Traffic, going_on: Callable[[], None]) -> T:
    """Do something, and again while that may help; `going_on` is called before each attempt and raises to end it.

    Raises:
        SourceError: once no attempt is left or none would help.
    """

    def attempt() -> T:
        going_on()
        return send()

    def waiting(state: RetryCallState) -> None:
        traffic.add(retries=1)
        log.info("attempt %s failed, waiting: %s", state.attempt_number, state.outcome and state.outcome.exception())

    retrying = Retrying(
        retry=retry_if_exception_type(TransientError),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S),
        before_sleep=waiting,
        reraise=True,
    )
    return retrying(attempt)


def _kind(err: Exception) -> str:
    """What went wrong, without the address: that may hold credentials."""
    cause = err.args[0] if err.args else err
    reason = getattr(cause, "reason", cause)
    return type(reason).__name__ if isinstance(reason, Exception) else type(err).__name__
