"""The Zarr v3 metadata of a store: what `xarray.open_zarr` reads, made without touching any pixel.

Metadata depends on the product, the period and the grid alone, so that every AOI and every run makes the same bytes.
Arrays of tiles are maps, (frame, band, y, x) over a whole zone. Arrays of chips are stacks, (chip, frame, band, y, x):
`x` and `y` count from a chip's upper-left corner, which `chip_left` and `chip_top` give.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import zarr
from pyproj import CRS
from zarr.codecs import BloscCodec, Crc32cCodec, ZstdCodec
from zarr.storage import MemoryStore

from eo_ingest.grid import ChipZone
from eo_ingest.stores import codec, layout

if TYPE_CHECKING:
    from eo_ingest.grid import Grid, Zone
    from eo_ingest.period import Frame, Period
    from eo_ingest.product import Product, Variable


def root(grid: Grid, *, synthetic: bool, assets: str | None = None) -> bytes:
    """The store's root `zarr.json`: format version, grid definition, and where its data come from.

    Args:
        grid: the store's grid.
        synthetic: whether the data are the emulator's.
        assets: SHA-256 of the rasters that the emulator served, if any.
    """
    says = {"format": layout.FORMAT_VERSION, "grid": grid.as_json(), "synthetic": synthetic, "assets": assets}
    digest = hashlib.sha256(json.dumps(says, sort_keys=True).encode()).hexdigest()
    return _group_json({layout.OURS: {**says, "digest": digest}})


def objects(product: Product, period: Period, zone: Zone) -> dict[str, bytes]:
    """All metadata and coordinate objects of one group, by key: those above it, its own and its arrays'."""
    product = product.on(zone.lattice)
    memory = MemoryStore()
    frames = product.frames(period)
    path = layout.group(product.name, period.name, zone.name)
    group = zarr.create_group(memory, path=path, zarr_format=3, attributes=_group_attributes(product, period, zone))
    _coordinates(group, product, frames, zone)
    for variable in product.variables:
        _array(group, variable, product, len(frames), zone)
    made = _contents(memory)
    left, top, (height, width) = _extent(product, zone)
    step = float(product.resolution)
    for name, start, pitch, count in (("y", top, -step, height), ("x", left, step, width)):
        axis = _axis(name, start, pitch, count, within=zone.stacked)
        made.update({f"{path}/{key}": data for key, data in axis.items()})
    made[f"{path}/zarr.json"] = _consolidated(path, made)
    return dict(sorted(made.items()))


def _extent(product: Product, zone: Zone) -> tuple[float, float, tuple[int, int]]:
    """Where the axes y and x begin, left and top, and how many pixels they have: of a zone, or of each chip."""
    if zone.stacked:
        return 0.0, 0.0, (product.tile_px, product.tile_px)
    _, _, left, _, _, top = zone.affine(factor=product.factor)
    return left, top, zone.shape(factor=product.factor)


def _consolidated(path: str, made: dict[str, bytes]) -> bytes:
    """The group's `zarr.json` with its arrays' metadata inside, so that opening it is one read and no warning.

    Zarr v3 allows such a member, to be ignored by readers that do not know it. Ours cannot go stale: metadata never
    change after they are written.
    """
    suffix = "/zarr.json"
    arrays = {
        key[len(path) + 1 : -len(suffix)]: json.loads(data)
        for key, data in sorted(made.items())
        if key.startswith(f"{path}/") and key.endswith(suffix) and key != f"{path}{suffix}"
    }
    group = json.loads(made[f"{path}{suffix}"])
    return _dump({**group, "consolidated_metadata": {"kind": "inline", "must_understand": False, "metadata": arrays}})


def _contents(memory: MemoryStore) -> dict[str, bytes]:
    """The objects of a store in memory but its root, JSON in a form that does not depend on zarr's own."""
    made = {key: value.to_bytes() for key, value in memory._store_dict.items()}  # noqa: SLF001 - its only plain listing
    made.pop("zarr.json", None)
    return {key: _stable_json(value) if key.endswith("zarr.json") else value for key, value in made.items()}


def _group_attributes(product: Product, period: Period, zone: Zone) -> dict[str, Any]:
    conventions = [{"name": "proj", "uuid": "f17cb550-5864-4468-aeb7-f3180cfb622f"}]
    placed: dict[str, Any] = {}
    if not zone.stacked:
        placed = {
            "spatial:dimensions": ["y", "x"],
            "spatial:transform": list(zone.affine(factor=product.factor)),
            "spatial:shape": list(zone.shape(factor=product.factor)),
        }
        conventions.append({"name": "spatial", "uuid": "689b58e2-cf7b-45e0-9fff-9cfc0883d6b4"})
    return {
        "Conventions": "CF-1.11",
        "title": f"{product.title}, {period.name}",
        "source": ", ".join(product.assets),
        "license": product.licence,
        "references": product.citation,
        "proj:code": zone.crs,
        **placed,
        "zarr_conventions": conventions,
    }


def _coordinates(group: zarr.Group, product: Product, frames: tuple[Frame, ...], zone: Zone) -> None:
    _labels(group, "frame", [frame.label for frame in frames], "time step")
    for name, days, long_name in (
        ("frame_start", [frame.start for frame in frames], "first day of the frame"),
        ("frame_end", [frame.end for frame in frames], "day after the last day of the frame"),
    ):
        values = np.array(days, dtype="datetime64[D]").astype(np.int64)
        attributes = {"units": "days since 1970-01-01", "calendar": "proleptic_gregorian", "long_name": long_name}
        _small(group, name, values, ("frame",), attributes)
    for dim, bands in {v.band_dim: v.bands for v in product.variables}.items():
        _labels(group, dim, list(bands), "band" if dim == "band" else dim)
    reference = CRS.from_user_input(zone.crs).to_cf()
    if isinstance(zone, ChipZone):
        _chips(group, zone)
    else:
        step, _, left, _, minus, top = zone.affine(factor=product.factor)
        reference["GeoTransform"] = " ".join(str(v) for v in (left, step, 0.0, top, 0.0, minus))
    _small(group, "spatial_ref", np.array(0), (), reference)


def _chips(group: zarr.Group, zone: ChipZone) -> None:
    """Which chips there are, and where."""
    _labels(group, "chip", zone.ids.tolist(), "the id that the chip had where it comes from")
    for name, edges, direction, long_name in (
        ("chip_left", zone.left, "x", "easting of the chip's left edge"),
        ("chip_top", zone.top, "y", "northing of the chip's top edge"),
    ):
        words = {"units": "m", "standard_name": f"projection_{direction}_coordinate", "long_name": long_name}
        _small(group, name, edges.astype(np.int64), ("chip",), words)


@lru_cache(maxsize=16)
def _axis(name: str, start: float, pitch: float, count: int, *, within: bool) -> dict[str, bytes]:
    """The objects of a coordinate, which many groups share: pixel centres in metres, from the edge `start`.

    They are places in the CRS or, `within` chips, distances from a chip's upper-left corner.
    """
    easting = {"x": "easting", "y": "northing"}[name] + " of pixel centres"
    words = {"long_name": f"{easting} from the chip's upper-left corner" if within else easting}
    if not within:
        words["standard_name"] = f"projection_{name}_coordinate"
    memory = MemoryStore()
    array = zarr.create_group(memory).create_array(
        name,
        shape=(count,),
        chunks=(count,),
        dtype="float64",
        fill_value=np.nan,
        # One chunk, shuffled by bits: a million evenly spaced doubles become five kilobytes.
        compressors=[BloscCodec(cname="zstd", clevel=9, shuffle="bitshuffle", typesize=8), Crc32cCodec()],
        dimension_names=(name,),
        attributes={"units": "m", "axis": name.upper(), **words},
    )
    array[:] = start + pitch * (np.arange(count) + 0.5)
    return _contents(memory)


def _labels(group: zarr.Group, name: str, values: list[str], long_name: str) -> None:
    array = group.create_array(
        name,
        shape=(len(values),),
        chunks=(len(values),),
        dtype=str,
        compressors=[Crc32cCodec()],
        dimension_names=(name,),
        attributes={"long_name": long_name},
    )
    array[:] = np.array(values)


def _small(group: zarr.Group, name: str, values: np.ndarray, dims: tuple[str, ...], attributes: dict[str, Any]) -> None:
    # The fill value is none of the values: Zarr would leave such a chunk out.
    array = group.create_array(
        name,
        shape=values.shape,
        dtype="int64",
        fill_value=-(2**62),
        compressors=[Crc32cCodec()],
        dimension_names=dims,
        attributes=attributes,
    )
    array[...] = values


def _array(group: zarr.Group, variable: Variable, product: Product, frames: int, zone: Zone) -> None:
    _, _, (height, width) = _extent(product, zone)
    tile = product.tile_px
    block = tile if zone.stacked else tile * zone.block_tiles
    lead = (frames, len(variable.bands))
    stacked = zone.tile_rows, 1, zone.block(0, 0).count
    chips, chunk, shard = ((length,) if zone.stacked else () for length in stacked)
    if variable.kind in codec.PLAIN_KINDS:
        compressor: ZstdCodec | BloscCodec = ZstdCodec(level=codec.ZSTD_LEVEL, checksum=False)
    else:
        compressor = BloscCodec(
            cname="zstd", clevel=codec.BLOSC_LEVEL, shuffle="bitshuffle", typesize=variable.itemsize, blocksize=0
        )
    group.create_array(
        variable.name,
        shape=(*chips, *lead, height, width),
        chunks=(*chunk, *lead, tile, tile),
        shards=(*shard, *lead, block, block),
        dtype=variable.dtype,
        fill_value=variable.nodata,
        filters=None,
        compressors=[compressor, Crc32cCodec()],
        dimension_names=(*(["chip"] if zone.stacked else []), "frame", variable.band_dim, "y", "x"),
        attributes=_array_attributes(variable, product, zone),
    )


def _array_attributes(variable: Variable, product: Product, zone: Zone) -> dict[str, Any]:
    low, high = variable.valid_range
    attributes: dict[str, Any] = {
        "long_name": variable.long_name,
        "units": variable.units,
        "_FillValue": variable.nodata,
        "valid_range": [low, high],
        "grid_mapping": "spatial_ref",
        "coordinates": f"{'chip_left chip_top ' if zone.stacked else ''}frame_start frame_end spatial_ref",
        "resampling": variable.resampling or product.resampling,
    }
    if variable.standard_name:
        attributes["standard_name"] = variable.standard_name
    if variable.scale_factor is not None:
        attributes["scale_factor"] = variable.scale_factor
    if variable.add_offset is not None:
        attributes["add_offset"] = variable.add_offset
    if variable.flags:
        attributes["flag_values"] = [flag.value for flag in variable.flags]
        attributes["flag_meanings"] = " ".join(flag.meaning for flag in variable.flags)
        attributes["flag_colors"] = " ".join(flag.colour for flag in variable.flags)
    return attributes


def _group_json(attributes: dict[str, Any]) -> bytes:
    return _dump({"zarr_format": 3, "node_type": "group", "attributes": attributes})


def _stable_json(data: bytes) -> bytes:
    return _dump(json.loads(data))


def _dump(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
