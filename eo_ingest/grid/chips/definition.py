"""What the TOML file of a grid of chips says, checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from eo_ingest.errors import ConfigError
from eo_ingest.grid.chips.table import Chips
from eo_ingest.grid.definition import Fields, check_keys, check_positive, read_lattice, who
from eo_ingest.grid.lattice import Lattice

Anchor = Literal["centre", "lower-left", "upper-left"]
ANCHORS: tuple[Anchor, ...] = ("centre", "lower-left", "upper-left")
_SNAP_PX = 2  # so that the 20 m bands of Sentinel-2 are not resampled either


@dataclass(frozen=True, slots=True)
class ChipsDefinition:
    """The parameters of a grid of chips. Where they are is in its table, whose digest stands for it here.

    Attributes:
        name: the grid's name.
        kind: how its zones are made.
        resolution: metres per pixel of the finest sampling.
        tile_px: pixels along a chip's side.
        block_tiles: a block is a stack of `block_tiles`² chips.
        count: how many chips there are.
        chips: the digest of their table.
    """

    name: str
    kind: Literal["chips"]
    resolution: int
    tile_px: int
    block_tiles: int
    count: int
    chips: str

    @property
    def lattice(self) -> Lattice:
        """The numbers that products need."""
        return Lattice(self.resolution, self.tile_px, self.block_tiles, stacked=True)

    @classmethod
    def of(cls, name: str, lattice: Lattice, chips: Chips) -> Self:
        """Return the definition of a grid of these chips."""
        return cls(name, "chips", lattice.resolution, lattice.tile_px, lattice.block_tiles, len(chips), chips.digest)


@dataclass(frozen=True, slots=True)
class Placing:
    """How chips come from a file's features.

    Attributes:
        file: the vector file, or a table with columns of longitudes and latitudes.
        id: the column of ids; None numbers the features from 0, as they stand in the file.
        lon: the column of longitudes, where the file is a table.
        lat: the column of latitudes, where the file is a table.
        anchor: which point a chip has in common with a feature's bounds.
        offset: by how many metres (east, north) chips are moved from there.
        snap: edges of chips lie on multiples of so many metres.
    """

    file: Path
    id: str | None
    lon: str | None
    lat: str | None
    anchor: Anchor
    offset: tuple[float, float]
    snap: int

    FIELDS: ClassVar[Fields] = {"chips": dict}
    KEYS: ClassVar[Fields] = {
        "file": str,
        "id": str,
        "lon": str,
        "lat": str,
        "anchor": str,
        "offset": list,
        "snap": int,
    }

    @classmethod
    def read(cls, table: Mapping[str, Any], folder: Path) -> tuple[Lattice, Self]:
        """Return what the TOML table of a grid of chips holds; a relative file is one in `folder`.

        Raises:
            ConfigError: if a key is missing, unknown, of another type, or has a value out of range.
        """
        grid = who(table)
        lattice = read_lattice(table, cls.FIELDS)
        given = table["chips"]
        check_keys(f"{grid}, chips", given, cls.KEYS, optional=set(cls.KEYS) - {"file"})
        if ("lon" in given) != ("lat" in given):
            raise ConfigError(f"{grid}, chips: lon and lat belong together: expected both, or neither")
        anchor = next((known for known in ANCHORS if known == given.get("anchor", "centre")), None)
        if anchor is None:
            raise ConfigError(f"{grid}, chips: anchor is '{given['anchor']}', expected one of {', '.join(ANCHORS)}")
        snap = given.get("snap", _SNAP_PX * lattice.resolution)
        check_positive(f"{grid}, chips", {"snap": snap})
        if snap % lattice.resolution:
            raise ConfigError(
                f"{grid}, chips: snap is {snap} m, expected a multiple of the resolution of {lattice.resolution} m, so "
                "that chips lie on the pixel grid"
            )
        placing = cls(
            file=folder / Path(given["file"]).expanduser(),
            id=given.get("id"),
            lon=given.get("lon"),
            lat=given.get("lat"),
            anchor=anchor,
            offset=_offset(grid, given.get("offset", [0, 0])),
            snap=snap,
        )
        return Lattice(lattice.resolution, lattice.tile_px, lattice.block_tiles, stacked=True), placing


def _offset(grid: str, given: list[Any]) -> tuple[float, float]:
    if len(given) != 2 or any(type(part) not in {int, float} or not abs(part) < 1e6 for part in given):
        raise ConfigError(f"{grid}, chips: offset is {given}, expected [east, north] in metres")
    return float(given[0]), float(given[1])
