"""Errors as Earth Engine's REST API sends them: {"error": {"code", "message", "status"}}."""

from __future__ import annotations

from typing import Any

_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
}


class EmulatorError(Exception):
    """The emulator itself cannot start: a missing package file, an unreadable asset."""


class AssetFileError(EmulatorError):
    """Files under the assets folder that cannot be served; the message names each and says why."""


class EarthEngineError(Exception):
    """A refusal that the client sees, with the HTTP code and message Earth Engine would send."""

    def __init__(self, message: str, *, code: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.code = code

    @property
    def body(self) -> dict[str, Any]:
        """The JSON document of the reply."""
        return {"error": {"code": self.code, "message": self.message, "status": _STATUS.get(self.code, "UNKNOWN")}}

    def inside(self, algorithm: str) -> EarthEngineError:
        """The same error, its message prefixed by the algorithm that raised it unless one is named already."""
        head, colon, _ = self.message.partition(": ")
        if (colon and " " not in head) or self.message.startswith("Error in map("):
            return self
        return EarthEngineError(f"{algorithm}: {self.message}", code=self.code)
