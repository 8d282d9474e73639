"""Which names buckets and objects may have."""

from __future__ import annotations

import re

from eo_ingest.emulator.gcs.errors import invalid

_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_OBJECT_BYTES = 1024


def check_bucket(name: str) -> str:
    """The bucket's name, which is safe as that of a folder.

    Raises:
        GcsError: Not a name that Cloud Storage takes.
    """
    right = _BUCKET.fullmatch(name) and ".." not in name and all(len(part) <= 63 for part in name.split("."))
    if not right or (len(name) > 63 and "." not in name):
        raise invalid(f"Invalid bucket name: '{name}'", "InvalidBucketName")
    return name


def check_object(name: str) -> str:
    """The object's name; any text, so it never is a path.

    Raises:
        GcsError: Not a name that Cloud Storage takes.
    """
    try:
        size = len(name.encode())
    except UnicodeEncodeError as err:
        raise invalid("Object names must be UTF-8.", "InvalidObjectName") from err
    if not size:
        raise invalid("An object name is required.", "InvalidObjectName")
    if size > _OBJECT_BYTES or name in {".", ".."} or "\r" in name or "\n" in name:
        raise invalid(f"Invalid object name: '{name[:100]}'", "InvalidObjectName")
    if name.startswith(".well-known/acme-challenge/"):
        raise invalid(f"Invalid object name: '{name[:100]}'", "InvalidObjectName")
    return name
