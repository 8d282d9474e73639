"""What a product is: variables and bands as data, and the one expression that makes them."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from eo_ingest.errors import ConfigError
from eo_ingest.grid import BLOCK_TILES, Lattice

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import ee

    from eo_ingest.period import Cadence, Frame, Period

Dtype = Literal["uint8", "int16", "uint16", "int32"]
# `id`: labels without a closed list, such as connected components; `date`: days since 1970-01-01.
Kind = Literal["measure", "count", "class", "id", "date"]
Resampling = Literal["nearest", "bilinear"]

MAX_SHARD_BYTES = 256 * 1024 * 1024
DATE_UNITS = "days since 1970-01-01"
NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Flag:
    """One class of a class variable: its stored value, its name (CF: no blanks) and its colour as #RRGGBB."""

    value: int
    meaning: str
    colour: str


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One Zarr array (frame, band, y, x): physical value = stored · scale_factor + add_offset.

    `valid_range` is in stored units, both ends included, and never holds `nodata`. `resampling` is the product's where
    it is None.
    """

    name: str
    bands: tuple[str, ...]
    dtype: Dtype
    nodata: int
    valid_range: tuple[int, int]
    long_name: str
    units: str
    kind: Kind = "measure"
    scale_factor: float | None = None
    add_offset: float | None = None
    standard_name: str | None = None
    band_dim: str = "band"
    flags: tuple[Flag, ...] = ()
    resampling: Resampling | None = None

    def __post_init__(self) -> None:
        """Refuse a definition that contradicts itself.

        Raises:
            ConfigError: names the variable and what is wrong with it.
        """
        low, high = self.valid_range
        info = np.iinfo(self.dtype)
        who = f"variable {self.name!r}"
        if not self.bands or len(set(self.bands)) != len(self.bands):
            raise ConfigError(f"{who} has bands {self.bands}: expected one or more, each once")
        if not (info.min <= low <= high <= info.max and info.min <= self.nodata <= info.max):
            raise ConfigError(
                f"{who}: valid range {self.valid_range} or nodata {self.nodata} does not fit {self.dtype}"
            )
        if low <= self.nodata <= high:
            raise ConfigError(f"{who}: nodata {self.nodata} lies inside the valid range {self.valid_range}")
        if (self.kind == "class") != bool(self.flags):
            raise ConfigError(f"{who}: flags belong to variables of kind 'class', and those need them")
        if self.flags and self.itemsize > 2:
            raise ConfigError(f"{who} is {self.dtype}: classes are stored in 8 or 16 bits")
        if self.kind == "date" and (self.dtype, self.units) != ("uint16", DATE_UNITS):
            raise ConfigError(f"{who} is {self.dtype} in {self.units!r}: dates are uint16 in {DATE_UNITS!r}")

    @property
    def itemsize(self) -> int:
        """Bytes per value."""
        return np.dtype(self.dtype).itemsize


@dataclass(frozen=True, kw_only=True)
class Archive:
    """Files outside Earth Engine that a product can be made of.

    `kind` names the reader; `parameters` are all the choices of the product that decide pixels.
    """

    kind: Literal["gssic", "gunw"]
    parameters: tuple[tuple[str, str | int | float], ...] = ()

    def parameter(self, name: str) -> str | int | float:
        """The parameter of that name (KeyError if there is none)."""
        return dict(self.parameters)[name]


@dataclass(frozen=True, slots=True)
class Gap:
    """The half-open days [`start`, `end`) of which a product cannot be made; `reason` is a clause, for messages."""

    start: date
    end: date
    reason: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a block lies: its CRS, its upper-left corner there, the side of a tile in metres, the tiles along it."""

    crs: str
    left: float
    top: float
    side: float
    tiles: int = BLOCK_TILES

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(xmin, ymin, xmax, ymax) of the block."""
        return self.left, self.top - self.tiles * self.side, self.left + self.tiles * self.side, self.top


_LATTICE = Lattice()


@dataclass(frozen=True, kw_only=True)
class Product:
    """One product: everything about it, in one value.

    `scenes(frame, region)` gives the `ee.ImageCollection` of inputs; `images(scenes, frame)` gives one `ee.Image` per
    variable, its bands in the variable's order, in stored units (physical / scale_factor) and masked where there is
    no observation. Rounding, clamping to the valid range, the type and the nodata value are applied for all products
    alike by the source. Where `placed`, `images(scenes, frame, place)` is told the block's `Place` too.

    `periods` are those made where nobody names any; all others can be had too, unless `only_periods`, or unless a frame
    meets one of the `gaps`.

    A product may come from an `archive` instead, or as well: then both ways give equal pixels. `slots` is the number
    of acquisitions on each side of an event, or of pairs in a period.

    `resolution` is that on the `lattice` of the grid that the product is made on; `on` gives it for another grid.
    """

    name: str
    title: str
    variables: tuple[Variable, ...]
    resolution: int
    cadence: Cadence
    resampling: Resampling
    assets: tuple[str, ...]
    licence: str
    citation: str
    periods: tuple[str, ...]
    only_periods: bool = False
    gaps: tuple[Gap, ...] = ()
    slots: int = 0
    placed: bool = False
    scene_properties: tuple[str, ...] = ()
    archive: Archive | None = None
    lattice: Lattice = _LATTICE
    scenes: Callable[[Frame, ee.Geometry], ee.ImageCollection] | None = field(default=None, repr=False)
    images: Callable[..., Mapping[str, ee.Image]] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse a definition that contradicts itself.

        Raises:
            ConfigError: names the product and what is wrong with it.
        """
        if not NAME.fullmatch(self.name):
            raise ConfigError(f"product name {self.name!r}: expected lower-case letters, digits and single hyphens")
        names = [v.name for v in self.variables]
        if not names or len(set(names)) != len(names):
            raise ConfigError(f"product {self.name!r} has variables {names}: expected one or more, each name once")
        step, tile_px = self.lattice.resolution, self.lattice.tile_px
        if self.resolution % step or self.resolution // step not in self.lattice.factors:
            raise ConfigError(
                f"product {self.name!r} has resolution {self.resolution} m: expected {step} m times a "
                f"divisor of {tile_px}, so that its pixels nest in the grid"
            )
        if (self.scenes is None) != (self.images is None) or not (self.scenes or self.archive):
            raise ConfigError(
                f"product {self.name!r}: expected both `scenes` and `images`, or an archive, or all three"
            )
        if (self.slots > 0) != (self.cadence in {"event", "pairs"}):
            raise ConfigError(f"product {self.name!r}: slots belong to the cadences 'event' and 'pairs'")
        dims: dict[str, tuple[str, ...]] = {}
        for v in self.variables:
            if dims.setdefault(v.band_dim, v.bands) != v.bands:
                raise ConfigError(f"product {self.name!r}: dimension {v.band_dim!r} has two sets of labels")

    @property
    def factor(self) -> int:
        """How many of the grid's finest pixels one pixel is wide."""
        return self.resolution // self.lattice.resolution

    @property
    def tile_px(self) -> int:
        """Pixels along a tile's side at this product's resolution."""
        return self.lattice.tile_px // self.factor

    def on(self, lattice: Lattice) -> Product:
        """The product as it is made on a grid: at the coarsest sampling there that is not coarser than its own."""
        if lattice == self.lattice:
            return self
        return replace(self, lattice=lattice, resolution=lattice.nearest(self.resolution))

    def variable(self, name: str) -> Variable:
        """The variable of that name (KeyError if there is none)."""
        return next(v for v in self.variables if v.name == name)

    def frames(self, period: Period) -> tuple[Frame, ...]:
        """The frames of a period.

        Raises:
            ConfigError: if the product does not exist for that period.
        """
        if self.only_periods and period.name not in self.periods:
            raise ConfigError(f"product {self.name!r} has the periods {', '.join(self.periods)}, not {period.name!r}")
        try:
            frames = period.frames(self.cadence, self.slots)
        except ConfigError as err:
            raise ConfigError(f"product {self.name!r}: {err}") from err
        for frame in frames:
            for gap in self.gaps:
                if frame.start < gap.end and gap.start < frame.end:
                    days = f"{frame.start} to {frame.end - timedelta(1)}"
                    raise ConfigError(f"product {self.name!r}, {frame.label} ({days}), cannot be made: {gap.reason}")
        return frames

    def expand(self, period: Period) -> tuple[Period, ...]:
        """The period itself, or its months where a block of all of them together would be too large an object.

        Raises:
            ConfigError: if the product does not exist for that period, or a block is too large all the same.
        """
        count = len(self.frames(period))
        side = self.tile_px * self.lattice.block_tiles
        largest = max(len(v.bands) * v.itemsize for v in self.variables) * side * side
        if count * largest <= MAX_SHARD_BYTES:
            return (period,)
        if self.cadence == "months" and count > 1:
            return tuple(part for month in period.months() for part in self.expand(type(period).parse(month)))
        raise ConfigError(
            f"product {self.name!r} makes an object of {count * largest / 2**20:.0f} MiB of a block of "
            f"{self.lattice.block_tiles} × {self.lattice.block_tiles} tiles of {self.lattice.tile_px} px, more than "
            f"{MAX_SHARD_BYTES // 2**20} MiB: choose a grid with fewer block_tiles or smaller tiles"
        )

    def definition(self) -> dict[str, Any]:
        """The definition as plain JSON values, functions left out."""
        left_out = {"scenes", "images", "archive", "gaps", "placed", "lattice"}
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in left_out}
        archive = asdict(self.archive) if self.archive else None
        gaps = [{"start": f"{gap.start}", "end": f"{gap.end}", "reason": gap.reason} for gap in self.gaps]
        return {**values, "variables": [asdict(v) for v in self.variables], "archive": archive, "gaps": gaps}
