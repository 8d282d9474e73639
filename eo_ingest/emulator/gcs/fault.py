"""Latency, faults and counts: what a test wants the network to do, and what it saw."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Call:
    """A request before it is answered; `number` counts all from 1, `operation` is such as `objects.get`."""

    number: int
    operation: str
    method: str
    bucket: str
    name: str
    size: int
    """Bytes of the request's body."""


@dataclass(frozen=True)
class Fault:
    """What befalls a request. By default nothing; `done` says whether its work is done nevertheless.

    After `delay` seconds, `status` is answered instead (with `retry_after` seconds, if given), or the connection is
    `reset` without a reply, or the reply's body ends after `cut` bytes with the connection.
    """

    delay: float = 0.0
    status: int | None = None
    retry_after: int | None = None
    reset: bool = False
    cut: int | None = None
    done: bool = False

    @property
    def works(self) -> bool:
        """Whether the request is carried out."""
        return self.done or not (self.status or self.reset)


Hook = Callable[[Call], Fault | None]


class Counts:
    """Requests by operation and by status, and bytes of bodies."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.requests: Counter[str] = Counter()
        self.replies: Counter[int] = Counter()
        self.received = 0
        self.sent = 0

    @property
    def total(self) -> int:
        """All requests."""
        return self.requests.total()

    def begin(self, operation: str, received: int) -> int:
        """Counts a request; returns its number."""
        with self._lock:
            self.requests[operation] += 1
            self.received += received
            return self.requests.total()

    def end(self, status: int, sent: int) -> None:
        """Counts a reply."""
        with self._lock:
            self.replies[status] += 1
            self.sent += sent

    def reset(self) -> None:
        """Begins anew."""
        with self._lock:
            self.requests.clear()
            self.replies.clear()
            self.received = self.sent = 0
