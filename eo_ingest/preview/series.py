"""What a store says of a product in a period: read from its Zarr metadata, so that any product can be drawn.

The registry is not asked: a store may hold products of a user, or made from an older definition.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from eo_ingest.errors import ConfigError, OutputError
from eo_ingest.period import Frame
from eo_ingest.product import DATE_UNITS, Flag, Kind, Variable
from eo_ingest.stores import layout

if TYPE_CHECKING:
    import zarr

    from eo_ingest.grid import Zone
    from eo_ingest.ports import Store

_COUNT = re.compile(r"n_|number of ", re.IGNORECASE)
_COORDINATES = ("frame", "frame_start", "frame_end")


@dataclass(frozen=True, kw_only=True)
class Series:
    """One product in one period and zone. `resolution` is in metres; `tile_px` is a tile's side in pixels."""

    product: str
    period: str
    zone: str
    title: str
    citation: str
    licence: str
    resolution: int
    tile_px: int
    frames: tuple[Frame, ...]
    variables: tuple[Variable, ...]

    @property
    def name(self) -> str:
        """Product and period, for messages."""
        return f"{self.product} {self.period}"

    @property
    def tile_bytes(self) -> int:
        """Bytes of one tile, decoded."""
        return len(self.frames) * self.tile_px**2 * sum(len(v.bands) * v.itemsize for v in self.variables)


def read(store: Store, product: str, period: str, zone: Zone) -> Series:
    """Read a group's metadata.

    Raises:
        OutputError: if it is not there, or is damaged.
    """
    path = layout.group(product, period, zone.name)
    try:
        group = json.loads(store.get(f"{path}/zarr.json"))
        arrays = group["consolidated_metadata"]["metadata"]
        opened = _coordinates(store, path, arrays)
        return _series(product, period, zone, group["attributes"], arrays, opened)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ConfigError) as err:
        raise OutputError(f"the metadata of {path} are missing or damaged ({err!r}): see `eo-ingest verify`") from err


def _series(
    product: str, period: str, zone: Zone, attributes: dict[str, Any], arrays: dict[str, Any], opened: zarr.Group
) -> Series:
    values = {name: opened[name][:].tolist() for name in _COORDINATES}  # type: ignore[index, union-attr]
    days = [[date(1970, 1, 1) + timedelta(days=n) for n in values[name]] for name in _COORDINATES[1:]]
    frames = tuple(Frame(str(label), *span) for label, *span in zip(values["frame"], *days, strict=True))
    rasters = {name: array for name, array in arrays.items() if _is_raster(array)}
    bands = {_band_dim(array) for array in rasters.values()}
    labels = {dim: tuple(map(str, opened[dim][:].tolist())) for dim in bands}  # type: ignore[index, union-attr]
    inner = next(iter(rasters.values()))["codecs"][0]["configuration"]["chunk_shape"]
    return Series(
        product=product,
        period=period,
        zone=zone.name,
        title=str(attributes["title"]).removesuffix(f", {period}"),
        citation=str(attributes.get("references", "")),
        licence=str(attributes.get("license", "")),
        resolution=zone.tile_size // inner[-1],
        tile_px=inner[-1],
        frames=frames,
        variables=tuple(_variable(name, array, labels) for name, array in rasters.items()),
    )


def _variable(name: str, array: dict[str, Any], labels: dict[str, tuple[str, ...]]) -> Variable:
    about = array["attributes"]
    low, high = about["valid_range"]
    dim = _band_dim(array)
    return Variable(
        name=name,
        bands=labels[dim],
        band_dim=dim,
        dtype=array["data_type"],
        nodata=about["_FillValue"],
        valid_range=(low, high),
        long_name=about["long_name"],
        units=about["units"],
        kind=_kind(name, array),
        scale_factor=about.get("scale_factor"),
        add_offset=about.get("add_offset"),
        standard_name=about.get("standard_name"),
        flags=_flags(about),
    )


def _is_raster(array: dict[str, Any]) -> bool:
    """Whether an array holds pixels: (frame, band, y, x), of chips (chip, frame, band, y, x)."""
    dims: list[str] = array.get("dimension_names") or []
    return len(dims) >= 4 and dims[-4] == "frame"


def _band_dim(array: dict[str, Any]) -> str:
    return str(array["dimension_names"][-3])


def _kind(name: str, array: dict[str, Any]) -> Kind:
    """The kind of a variable: CF has no word for it, but classes have flags, and labels and dates are not shuffled."""
    about = array["attributes"]
    if "flag_values" in about:
        return "class"
    if about["units"] == DATE_UNITS:
        return "date"
    codecs = [codec["name"] for codec in array["codecs"][0]["configuration"]["codecs"]]
    if "blosc" not in codecs:
        return "id"
    counted = _COUNT.match(name) or _COUNT.match(about["long_name"])
    return "count" if counted and "scale_factor" not in about else "measure"


def _flags(about: dict[str, Any]) -> tuple[Flag, ...]:
    if "flag_values" not in about:
        return ()
    columns = about["flag_values"], about["flag_meanings"].split(), about["flag_colors"].split()
    return tuple(Flag(value, meaning, colour) for value, meaning, colour in zip(*columns, strict=True))


def _coordinates(store: Store, path: str, arrays: dict[str, Any]) -> zarr.Group:
    """The group with its small coordinates alone: labels and days."""
    import zarr
    from zarr.core.buffer import default_buffer_prototype
    from zarr.storage import MemoryStore

    dims = {_band_dim(array) for array in arrays.values() if _is_raster(array)}
    keys = ["zarr.json", *(f"{name}/{part}" for name in (*_COORDINATES, *dims) for part in ("zarr.json", "c/0"))]
    buffer = default_buffer_prototype().buffer
    held = MemoryStore({key: buffer.from_bytes(store.get(f"{path}/{key}")) for key in keys})
    return zarr.open_group(held, mode="r", zarr_format=3)
