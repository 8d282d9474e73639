"""Assets by id."""

from __future__ import annotations

from typing import Any

from eo_ingest.emulator.catalogue import is_collection, is_image
from eo_ingest.emulator.collection import Collection, Loaded
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.image import Image, load
from eo_ingest.emulator.registry import Context, algorithm


def asset_id(name: str) -> str:
    """The id of an asset name: without the prefix of Earth Engine's own projects."""
    for project in ("earthengine-public", "earthengine-legacy"):
        name = name.removeprefix(f"projects/{project}/assets/")
    return name.strip("/")


def _find(context: Context, identifier: str, kind: str) -> Any:
    found = context.catalogue.get(asset_id(identifier))
    if found is None:
        raise EarthEngineError(
            f"{kind}.load: {kind} asset '{identifier}' not found (does not exist or caller does not have access)."
        )
    return found


@algorithm("Image.load")
def load_image(context: Context, identifier: str, _version: int | None = None) -> Image:
    """The image of an asset id."""
    found = _find(context, identifier, "Image")
    if not is_image(found):
        raise EarthEngineError(f"Image.load: Asset '{identifier}' is not an Image.")
    return load(found)


@algorithm("ImageCollection.load")
def load_collection(context: Context, identifier: str, _version: int | None = None) -> Collection:
    """The collection of an asset id."""
    found = _find(context, identifier, "ImageCollection")
    if not is_collection(found):
        raise EarthEngineError(f"ImageCollection.load: Asset '{identifier}' is not an ImageCollection.")
    return Loaded(found, context.catalogue)
