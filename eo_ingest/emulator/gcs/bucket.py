"""What is known of a bucket."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from eo_ingest.emulator.gcs.entry import timestamp

_FIXED = frozenset({"kind", "id", "selfLink", "name", "timeCreated", "updated", "metageneration", "etag", "generation"})


@dataclass(frozen=True)
class Bucket:
    """A bucket; `created` and `updated` are microseconds since 1970, `settings` what clients asked for."""

    name: str
    created: int
    updated: int
    metageneration: int = 1
    settings: dict[str, Any] = field(default_factory=dict)

    def resource(self, base: str) -> dict[str, Any]:
        """The JSON API's bucket resource; `base` is the server's URL."""
        return {
            "location": "US",
            "locationType": "multi-region",
            "storageClass": "STANDARD",
            **self.settings,
            "kind": "storage#bucket",
            "id": self.name,
            "selfLink": f"{base}/storage/v1/b/{self.name}",
            "name": self.name,
            "projectNumber": "0",
            "timeCreated": timestamp(self.created),
            "updated": timestamp(self.updated),
            "generation": str(self.created),
            "metageneration": str(self.metageneration),
            "etag": f"CA{self.metageneration}=",
        }


def settings(body: dict[str, Any]) -> dict[str, Any]:
    """What of a client's resource is its to set."""
    return {key: value for key, value in body.items() if key not in _FIXED and value is not None}
