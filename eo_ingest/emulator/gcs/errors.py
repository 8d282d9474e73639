"""Errors as Cloud Storage's two APIs send them."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape


class GcsError(Exception):
    """A refusal: HTTP status, the JSON API's reason, the XML API's code, and the message of both."""

    def __init__(self, status: int, reason: str, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.code = code
        self.message = message

    @property
    def json(self) -> dict[str, Any]:
        """The JSON API's document."""
        one = {"message": self.message, "domain": "global", "reason": self.reason}
        if self.status in {304, 412}:
            one |= {"locationType": "header", "location": "If-Match"}
        return {"error": {"code": self.status, "message": self.message, "errors": [one]}}

    @property
    def xml(self) -> str:
        """The XML API's document."""
        inner = f"<Code>{self.code}</Code><Message>{escape(self.message)}</Message>"
        return f"<?xml version='1.0' encoding='UTF-8'?><Error>{inner}</Error>"


def invalid(message: str, code: str = "InvalidArgument") -> GcsError:
    """400: the request itself is wrong."""
    return GcsError(400, "invalid", code, message)


def no_bucket() -> GcsError:
    """404 for a bucket."""
    return GcsError(404, "notFound", "NoSuchBucket", "The specified bucket does not exist.")


def no_object(bucket: str, name: str) -> GcsError:
    """404 for an object."""
    return GcsError(404, "notFound", "NoSuchKey", f"No such object: {bucket}/{name}")


def no_upload() -> GcsError:
    """404 for a session or a multipart upload."""
    return GcsError(404, "notFound", "NoSuchUpload", "The requested upload was not found.")


def failed_condition() -> GcsError:
    """412: the object is not as the request wants it."""
    message = "At least one of the pre-conditions you specified did not hold."
    return GcsError(412, "conditionNotMet", "PreconditionFailed", message)


def not_modified() -> GcsError:
    """304: the object is what the client has."""
    return GcsError(304, "notModified", "NotModified", "Not Modified")


def bad_range() -> GcsError:
    """416: no byte of the object is in the range."""
    message = "The requested range cannot be satisfied."
    return GcsError(416, "requestedRangeNotSatisfiable", "InvalidRange", message)


def unknown(what: str) -> GcsError:
    """501: the real service may do this, the emulator does not."""
    return GcsError(501, "notImplemented", "NotImplemented", f"{what} is not in the emulator.")
