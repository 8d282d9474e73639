"""Asset documents, and listings of what is under a folder or collection."""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING, Any

from eo_ingest.emulator import pixeltype
from eo_ingest.emulator.algorithms.load import asset_id
from eo_ingest.emulator.catalogue import is_collection, is_image
from eo_ingest.emulator.crs import is_code
from eo_ingest.emulator.element import Date, parse_date
from eo_ingest.emulator.encode import encode
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.geometry import Geometry, from_geojson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from eo_ingest.emulator.asset import Band, Catalogue, CollectionAsset, ImageAsset

_PAGE = 1000
_POLICIES = {"mean": "MEAN", "mode": "MODE", "sample": "SAMPLE"}


def asset_name(identifier: str) -> str:
    """The full name of an asset id."""
    return identifier if identifier.startswith("projects/") else f"projects/earthengine-public/assets/{identifier}"


def _timestamp(value: Any) -> str:
    return f"{Date(float(value)).utc:%Y-%m-%dT%H:%M:%S.%f}Z"


def document(asset: ImageAsset | CollectionAsset, *, full: bool = True) -> dict[str, Any]:
    """An EarthEngineAsset."""
    found: dict[str, Any] = {
        "type": "IMAGE" if is_image(asset) else "IMAGE_COLLECTION",
        "name": asset_name(asset.id),
        "id": asset.id,
    }
    properties = dict(asset.properties)
    for key, shown in (("system:time_start", "startTime"), ("system:time_end", "endTime")):
        if key in properties:
            found[shown] = _timestamp(properties.pop(key))
    found["updateTime"] = _timestamp(0)
    if full:
        found["properties"] = encode({k: v for k, v in properties.items() if k != "system:index"})
        if is_image(asset):
            found["sizeBytes"] = str(sum(_size(band) for band in asset.bands))
            found["bands"] = [_band(band) for band in asset.bands]
            if asset.footprint is not None:
                found["geometry"] = encode(Geometry(asset.footprint))
    return found


def _size(band: Band) -> int:
    return band.lattice.width * band.lattice.height * pixeltype.from_dtype(band.dtype).dtype.itemsize


def _band(band: Band) -> dict[str, Any]:
    kind = pixeltype.from_dtype(band.dtype)
    data_type: dict[str, Any] = {"precision": kind.precision.upper()}
    if kind.is_integer:
        data_type["range"] = {"min": kind.minimum, "max": kind.maximum}
    names = ("scaleX", "shearX", "translateX", "shearY", "scaleY", "translateY")
    return {
        "id": band.name,
        "dataType": data_type,
        "grid": {
            "crsCode" if is_code(band.lattice.crs) else "crsWkt": band.lattice.crs,
            "dimensions": {"width": band.lattice.width, "height": band.lattice.height},
            "affineTransform": dict(zip(names, band.lattice.transform, strict=True)),
        },
        "pyramidingPolicy": _POLICIES[band.pyramid],
    }


def get_asset(catalogue: Catalogue, name: str) -> dict[str, Any]:
    """The document of an asset or folder."""
    identifier = asset_id(name)
    found = catalogue.get(identifier)
    if found is not None:
        return document(found)
    if catalogue.children(identifier) is not None:
        return {"type": "FOLDER", "name": asset_name(identifier), "id": identifier}
    raise EarthEngineError(f"Asset '{name}' not found (does not exist or caller does not have access).", code=404)


def list_assets(catalogue: Catalogue, parent: str, query: Mapping[str, str]) -> dict[str, Any]:
    """A page of the assets under a folder or collection."""
    try:
        size = int(query.get("pageSize") or _PAGE)
        offset = int(query.get("pageToken") or 0)
    except ValueError as err:
        raise EarthEngineError(f"Invalid page size or token: {dict(query)}.") from err
    size = min(max(size, 1), _PAGE)
    assets = _children(catalogue, asset_id(parent), query.get("filter", ""))
    page = list(itertools.islice(assets, offset, offset + size + 1))
    full = query.get("view", "FULL") != "BASIC"
    reply: dict[str, Any] = {"assets": [document(asset, full=full) for asset in page[:size]]}
    if len(page) > size:
        reply["nextPageToken"] = str(offset + size)
    return reply


def _children(catalogue: Catalogue, parent: str, text: str) -> Iterator[ImageAsset | CollectionAsset]:
    conditions = Conditions(text)
    found = catalogue.get(parent)
    if is_collection(found):
        shape = None if conditions.place is None else conditions.place.shape
        return (asset for asset in found.images(conditions.start, conditions.end, shape) if conditions.accept(asset))
    children = catalogue.children(parent)
    if children is None:
        raise EarthEngineError(f"Asset '{parent}' not found (does not exist or caller does not have access).", code=404)
    return (asset for asset in children if conditions.accept(asset))


_TERM = re.compile(
    r"""\s*(?:(?P<field>startTime|endTime|properties\.[\w:]+|id|name)\s*(?P<sign><=|>=|!=|<|>|=)\s*
    (?P<value>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[-\w.:]+)
    |intersects\((?P<place>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\))\s*(?:AND\s+|$)""",
    re.VERBOSE,
)
_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


class Conditions:
    """The filter of a listing: terms joined by AND."""

    def __init__(self, text: str) -> None:
        self.start: int | None = None
        self.end: int | None = None
        self.place: Geometry | None = None
        self._terms: list[tuple[str, str, Any]] = []
        position = 0
        while position < len(text.rstrip()):
            found = _TERM.match(text, position)
            if found is None:
                raise EarthEngineError(f"Invalid filter at '{text[position : position + 40]}'.")
            position = found.end()
            if found["place"]:
                self.place = from_geojson(json.loads(found["place"][1:-1].replace('\\"', '"').replace("'", '"')))
            else:
                self._add(found["field"], found["sign"], found["value"])

    def _add(self, name: str, sign: str, text: str) -> None:
        value: Any = text[1:-1] if text[0] in "\"'" else float(text) if _is_number(text) else text
        if name in {"startTime", "endTime"}:
            value = parse_date(str(value))
            if name == "startTime" and sign in {">", ">="}:
                self.start = int(value)
            if name == "startTime" and sign in {"<", "<="}:
                self.end = int(value) + 1
        self._terms.append((name, sign, value))

    def accept(self, asset: ImageAsset | CollectionAsset) -> bool:
        """Whether an asset meets all terms."""
        footprint = getattr(asset, "footprint", None)
        shape = None if self.place is None else self.place.shape
        if shape is not None and footprint is not None and not footprint.intersects(shape):
            return False
        return all(_holds(asset, *term) for term in self._terms)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _holds(asset: ImageAsset | CollectionAsset, name: str, sign: str, value: Any) -> bool:
    if name in {"id", "name"}:
        actual: Any = asset.id if name == "id" else asset_name(asset.id)
    elif name in {"startTime", "endTime"}:
        start = asset.properties.get("system:time_start")
        actual = start if name == "startTime" else asset.properties.get("system:time_end", start)
    else:
        actual = asset.properties.get(name.removeprefix("properties."))
    try:
        return actual is not None and _SIGNS[sign](actual, value)
    except TypeError:
        return False
