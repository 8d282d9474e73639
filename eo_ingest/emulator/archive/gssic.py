"""The seasonal coherence data set as its bucket has it: one GeoTIFF per tile of a degree and layer.

`<tile>/<tile>_<season>_<polarisation>_<metric>.tif` and `<tile>/<tile>_<orbit><A|D>_<inc|lsmap>.tif`; and listings of
keys, as S3 gives them (ListObjectsV2), but without sizes, since the files are made only when they are asked for.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import rasterio
from rasterio.io import MemoryFile
from rasterio.transform import Affine

from eo_ingest.emulator.archive.serving import File
from eo_ingest.emulator.world import seasonal
from eo_ingest.emulator.world.ground import Cache
from eo_ingest.emulator.world.seasonal_tiles import NORTH, SIDE, SOUTH, corner, exists, tile_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MEDIA_TYPE = "image/tiff"
PAGE = 1000
"""Keys in an answer at most, as S3 has it."""
_SUFFIX = ".tif"
_FILES = Cache(128 * 2**20)


def file(path: str) -> File | None:
    """The file of a key such as `N45W090/N45W090_winter_vv_COH12.tif`; None if there is none."""
    folder, _, name = path.partition("/")
    layer = name.removeprefix(f"{folder}_").removesuffix(_SUFFIX)
    place = _place(folder)
    if place is None or name != f"{folder}_{layer}{_SUFFIX}" or layer not in seasonal.files(*place):
        return None
    return File(f"gssic/{path}", MEDIA_TYPE, lambda: bytes(_FILES.get(path, lambda: memoryview(_write(layer, *place)))))


def listing(query: Mapping[str, str]) -> str:
    """The answer to a ListObjectsV2 request; `delimiter` may be absent or a slash.

    Raises:
        ValueError: a parameter is none that S3 knows, or not supported here.
    """
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    if delimiter not in {"", "/"}:
        raise ValueError(f"delimiter is {delimiter!r}, expected '/'")
    limit = min(int(query.get("max-keys", PAGE)), PAGE)
    after = query.get("continuation-token") or query.get("start-after", "")
    found = list(islice(_found(prefix, after, folders=bool(delimiter)), limit + 1))
    page, more = found[:limit], len(found) > limit
    told = {
        "Name": "gssic",
        "Prefix": prefix,
        "MaxKeys": limit,
        "KeyCount": len(page),
        "IsTruncated": str(more).lower(),
    }
    if more and page:
        told["NextContinuationToken"] = page[-1]
    head = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in told.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"{head}{''.join(map(_row, page))}</ListBucketResult>"
    )


def _row(key: str) -> str:
    held = file(key)
    if held is None:
        return f"<CommonPrefixes><Prefix>{escape(key)}</Prefix></CommonPrefixes>"
    told = f"<Key>{escape(key)}</Key><ETag>{escape(held.tag)}</ETag><StorageClass>STANDARD</StorageClass>"
    return f"<Contents>{told}</Contents>"


def _found(prefix: str, after: str, *, folders: bool) -> Iterator[str]:
    """Keys that begin with a prefix and come after another, in order; or the folders they are in."""
    for folder in _tiles(prefix.partition("/")[0], whole="/" in prefix):
        if folders and "/" not in prefix:
            keys = [f"{folder}/"]
        else:
            keys = sorted(f"{folder}/{folder}_{layer}{_SUFFIX}" for layer in seasonal.files(*corner(folder)))
        yield from (key for key in keys if key.startswith(prefix) and key > after)


def _tiles(start: str, *, whole: bool) -> Iterator[str]:
    """The names of tiles that are, or begin with, what is given; in order."""
    place = _place(start)
    if place is not None and exists(*place):
        yield start
    if place is None and not whole:
        named = (tile_id(lon0, lat1) for lat1 in range(NORTH, SOUTH, -1) for lon0 in range(-180, 180))
        yield from (name for name in sorted(named) if name.startswith(start) and exists(*corner(name)))


def _place(folder: str) -> tuple[int, int] | None:
    try:
        return corner(folder)
    except ValueError:
        return None


def _write(layer: str, lon0: int, lat1: int) -> bytes:
    """A layer as GeoTIFF: LZW in strips of about 8 kB (6 rows of bytes), no predictor, 0 is no data."""
    values = seasonal.tile(layer, lon0, lat1)
    profile = {
        "driver": "GTiff",
        "dtype": values.dtype,
        "count": 1,
        "width": SIDE,
        "height": SIDE,
        "crs": "EPSG:4326",
        "transform": Affine(1 / SIDE, 0.0, lon0, 0.0, -1 / SIDE, lat1),
        "nodata": 0,
        "compress": "lzw",
    }
    with rasterio.Env(), MemoryFile() as memory:
        with memory.open(**profile) as out:
            out.write(values, 1)
        return bytes(memory.read())
