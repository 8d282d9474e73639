"""The countries of the world: one packaged file of outlines, by code, by name and by place."""

import difflib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from eo_ingest import data
from eo_ingest.errors import ConfigError

PREFIX = "iso:"
_FILE = "countries.parquet"
_NEAR = 3  # names that a message suggests
_PIECE = 4.0  # degrees
_SIMPLE = 200  # vertices


@dataclass(frozen=True, eq=False)
class Countries:
    """All countries as parallel sequences, sorted by code.

    Attributes:
        codes: ISO 3166-1 alpha-3, or Natural Earth's own code where ISO has none.
        names: what messages call them.
        calls: all that a user may call each of them.
        outlines: MultiPolygons in EPSG:4326 (lon, lat) as WKB; neighbours have their borders in common exactly.
        about: what the file says of itself: title, source, licence, made.
    """

    codes: tuple[str, ...]
    names: tuple[str, ...]
    calls: tuple[tuple[str, ...], ...]
    outlines: tuple[bytes, ...]
    about: dict[str, str]

    def find(self, text: str) -> str:
        """Return the code of the country that a user names by a code or a name, whatever its case and accents.

        Raises:
            ConfigError: if there is none, or more than one; suggests some.
        """
        found = self._by_call.get(_fold(text), [])
        if len(found) == 1:
            return found[0]
        if found:
            raise ConfigError(f"there are {len(found)} countries '{text}': expected one of {', '.join(found)}")
        near = difflib.get_close_matches(_fold(text), self._by_call, n=_NEAR)
        hints = [
            f"{code} ({self.name(code)})" for code in dict.fromkeys(c for call in near for c in self._by_call[call])
        ]
        hint = f"; did you mean {' or '.join(hints)}?" if hints else ""
        raise ConfigError(f"there is no country '{text}': expected a code of ISO 3166-1 or a name in English{hint}")

    def knows(self, text: str) -> str | None:
        """Return the code of the country that a text names, if any."""
        found = self._by_call.get(_fold(text), [])
        return found[0] if len(found) == 1 else None

    def name(self, code: str) -> str:
        """Return a country's name in English."""
        return self.names[self.codes.index(code)]

    def outline(self, codes: Iterable[str]) -> shapely.MultiPolygon:
        """Return the outline of some countries together, the borders between them dissolved."""
        chosen = set(codes)
        parts = shapely.from_wkb([wkb for code, wkb in zip(self.codes, self.outlines, strict=True) if code in chosen])
        joined = shapely.coverage_union_all(parts) if len(parts) > 1 else parts[0]
        return shapely.MultiPolygon(shapely.get_parts(joined).tolist())

    def locate(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.object_]:
        """Return the code of the country at each place, None at sea. On a border, that which comes first by code."""
        found = np.full(len(lon), None, dtype=object)
        tree, pieces, owners = self._tree, self.pieces, self._owners
        box = shapely.box(lon.min(), lat.min(), lon.max(), lat.max()) if len(lon) else shapely.Point()
        for piece in np.sort(tree.query(box)):
            west, south, east, north = pieces[piece].bounds
            near = np.flatnonzero((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))
            near = near[found[near] == None]  # noqa: E711 - elementwise
            if len(near):
                inside = near[shapely.intersects_xy(pieces[piece], lon[near], lat[near])]
                found[inside] = self.codes[owners[piece]]
        return found

    @cached_property
    def _by_call(self) -> dict[str, list[str]]:
        """Folded names → codes; a code is nobody else's name."""
        calls: dict[str, list[str]] = {}
        for code, names in zip(self.codes, self.calls, strict=True):
            for call in dict.fromkeys(map(_fold, names)):
                calls.setdefault(call, []).append(code)
        return {**calls, **{_fold(code): [code] for code in self.codes}}

    @cached_property
    def shapes(self) -> NDArray[np.object_]:
        """The outlines as geometries."""
        return np.asarray(shapely.from_wkb(list(self.outlines)), dtype=object)

    @cached_property
    def pieces(self) -> NDArray[np.object_]:
        """The outlines cut at a raster of degrees, prepared; those of one country follow each other."""
        pieces = np.array([piece for cut in self._cut for piece in cut], dtype=object)
        shapely.prepare(pieces)
        return pieces

    @cached_property
    def _cut(self) -> list[list[Any]]:
        return [[piece for part in shapely.get_parts(shape) for piece in _cut(part)] for shape in self.shapes]

    @cached_property
    def _owners(self) -> NDArray[np.int64]:
        """For each piece, the place of its country."""
        return np.repeat(np.arange(len(self.codes)), [len(cut) for cut in self._cut])

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.pieces)


@lru_cache(maxsize=1)
def countries() -> Countries:
    """Return the packaged countries.

    Raises:
        ConfigError: if the installation lacks their file.
    """
    import pyarrow.parquet as pq

    path = data.folder("aoi") / _FILE
    if not path.is_file():
        raise ConfigError(f"the installation lacks its file aoi/{_FILE}")
    columns = ["code", "alpha2", "name", "other_names", "geometry"]
    table: Any = pq.read_table(path, columns=columns)
    codes, alpha2, names, others, outlines = (tuple(table[column].to_pylist()) for column in columns)
    calls = tuple(
        tuple(call for call in (short, name, *more) if call)
        for short, name, more in zip(alpha2, names, others, strict=True)
    )
    metadata = {key.decode(): value.decode() for key, value in (pq.read_schema(path).metadata or {}).items()}
    about = {key: metadata[key] for key in ("title", "source", "licence", "made")}
    return Countries(codes, names, calls, outlines, about)


def parse(text: str) -> list[str] | None:
    """Return the codes of the countries in `iso:LUX`, `iso:Luxembourg` or `iso:BEL,LUX`, sorted; else None.

    Raises:
        ConfigError: if there is no such country.
    """
    if not text.strip().lower().startswith(PREFIX):
        return None
    named = text.strip()[len(PREFIX) :].strip()
    known = countries()
    whole = known.knows(named)
    if whole is not None:
        return [whole]
    return sorted({known.find(part.strip()) for part in named.split(",")})


def _fold(text: str) -> str:
    """A name without case, accents, punctuation and articles."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    words = "".join(c if c.isalnum() else " " for c in plain.replace("&", " and ")).split()
    return " ".join(word for word in words if word != "the")


def _cut(polygon: Any) -> list[Any]:
    """A polygon in pieces of at most `_PIECE` degrees a side; whole where it is simple or small."""
    west, south, east, north = polygon.bounds
    sides = (west, east), (south, north)
    lons, lats = (np.arange(np.floor(low / _PIECE), high / _PIECE) * _PIECE for low, high in sides)
    if len(lons) * len(lats) == 1 or shapely.get_num_coordinates(polygon) < _SIMPLE:
        return [polygon]
    pieces = []
    for lon in lons:
        strip = shapely.clip_by_rect(polygon, lon, south - 1, lon + _PIECE, north + 1)
        cut = [shapely.clip_by_rect(strip, lon, lat, lon + _PIECE, lat + _PIECE) for lat in lats]
        pieces += [piece for piece in cut if shapely.area(piece) > 0]
    return pieces
