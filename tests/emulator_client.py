"""For tests that use the real client: points it at an emulator, and back at what it was pointed at before."""

from __future__ import annotations

import importlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class Connection:
    """The client's state for one emulator; made once, used by any number of tests.

    `connection = Connection(emulator.url)`, then `with connection.active(): ee.Number(1).getInfo()`.
    """

    def __init__(self, url: str, project: str = "emulator") -> None:
        import ee
        from google.auth.credentials import AnonymousCredentials

        # The client has no public way to hold two connections: its state is a variable of this module.
        self._client: dict[str, Any] = vars(importlib.import_module("ee._state"))
        before = self._client["_state"]
        self._client["_state"] = None
        try:
            ee.Initialize(AnonymousCredentials(), url=url, project=project)
            self._state = self._client["_state"]
        finally:
            self._client["_state"] = before

    @contextmanager
    def active(self) -> Iterator[None]:
        """The client talks to this emulator inside the context."""
        before = self._client["_state"]
        self._client["_state"] = self._state
        try:
            yield
        finally:
            self._client["_state"] = before

    def close(self) -> None:
        """Closes the connections that the client keeps."""
        self._state.requests_session.close()
