"""Pairs of passes: which there are, what their granules are called, and which of them somebody asks for.

Passes are those of one satellite, 12 days apart. Nearly all neighbours in time make a pair; some passes make pairs of
24, 48 and 60 days too. Most granules are of version 3; longer pairs and a few duplicates are of older ones, the oldest
with the older form of the name.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from shapely import box

from eo_ingest.emulator.archive.gunw.piece import FRAMES, THIRDS, piece, pieces
from eo_ingest.emulator.world.noise import hash_words
from eo_ingest.emulator.world.orbit import DAY, SENTINEL1
from eo_ingest.emulator.world.sentinel1 import FIRST, LAST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shapely.geometry.base import BaseGeometry

    from eo_ingest.emulator.archive.gunw.piece import Piece

NEW, LONG = "3_0_1", "2_0_6"
DUPLICATES = ("2_0_6", "2_0_4", "2_0_2")
_OLD_NAMES = frozenset({"2_0_4", "2_0_2"})
_FIRST_ORBIT = 73 + 14 * 175
"""The absolute orbit of Sentinel-1A's track 0 in cycle 0: (orbit - 73) modulo 175 is the track."""
_NAME = re.compile(
    r"S1-GUNW-[AD]-R-(?P<track>\d{3})-tops-(?P<reference>\d{8})_(?P<secondary>\d{8})-(?P<time>\d{6})-\w+-PP-\w+-v\w+"
)


@dataclass(frozen=True)
class Granule:
    """One piece of a pair: the pass of `cycle` and the one `days` before it."""

    piece: Piece
    cycle: int
    days: int
    version: str

    @property
    def reference(self) -> int:
        """When the middle of the piece was seen last, ms since 1970."""
        return _time(self.piece, self.cycle)

    @property
    def secondary(self) -> int:
        """When it was seen before that."""
        return _time(self.piece, self.cycle - self.days // 12)

    @property
    def seed(self) -> int:
        """What tells it from all others."""
        p = self.piece
        return hash_words(p.track, p.number, p.third, self.cycle, self.days, int(self.version.replace("_", "")))

    @property
    def layout(self) -> str:
        """The version of its layout."""
        return "1c" if self.version.startswith("3") else "1b"

    @cached_property
    def name(self) -> str:
        """As ARIA names it, without suffix."""
        west, south, _, north = self.piece.bounds
        if self.version in _OLD_NAMES:
            place = f"{_thousandths(north)}_{_thousandths(south)}"
        else:
            place = f"{_degrees(west, 'EW')}_{_degrees(south, 'NS')}"
        moment, before = _utc(self.reference), _utc(self.secondary)
        return (
            f"S1-GUNW-{'A' if self.piece.ascending else 'D'}-R-{SENTINEL1.number(self.piece.track):03d}-tops-"
            f"{moment:%Y%m%d}_{before:%Y%m%d}-{moment:%H%M%S}-{place}-PP-{self.seed & 0xFFFF:04x}-v{self.version}"
        )

    def scenes(self, cycle: int) -> list[str]:
        """The names of the scenes of a pass that went in."""
        moment = _utc(_time(self.piece, cycle))
        orbit = _FIRST_ORBIT + self.piece.track + SENTINEL1.revolutions * cycle
        take, end = hash_words(self.piece.track, cycle, 5) % 0x100000, moment + dt.timedelta(seconds=27)
        unique = hash_words(self.piece.track, self.piece.number, cycle, 6) & 0xFFFF
        return [f"S1A_IW_SLC__1SDV_{moment:%Y%m%dT%H%M%S}_{end:%Y%m%dT%H%M%S}_{orbit:06d}_{take:06X}_{unique:04X}.zip"]


def granules(bounds: BaseGeometry, start: int, end: int) -> Iterator[Granule]:
    """Granules that meet a lon/lat geometry and whose later pass is in [start, end), ms since 1970; by name."""
    found = [granule for place in pieces(bounds) for granule in _of(place, start, end)]
    yield from sorted(found, key=lambda granule: granule.name)


def find(name: str) -> Granule | None:
    """The granule of a name; None if there is none."""
    told = _NAME.fullmatch(name)
    if told is None or not 1 <= int(told["track"]) <= SENTINEL1.revolutions:
        return None
    try:
        moment = dt.datetime.strptime(told["reference"] + told["time"], "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC)
    except ValueError:
        return None
    track, time = int(told["track"]) - 1, int(moment.timestamp() * 1000)
    cycle, since = divmod(time - SENTINEL1.start(track), SENTINEL1.repeat * DAY)
    number = round(since / SENTINEL1.period * FRAMES - 0.5)
    if not 0 <= number < FRAMES:
        return None
    for third in range(THIRDS):
        for granule in _of(piece(track, number, third), time - 1000, time + 2000):
            if granule.cycle == int(cycle) and granule.name == name:
                return granule
    return None


def cell(west: int, south: int, step: int) -> BaseGeometry:
    """A square of degrees."""
    return box(west, south, west + step, south + step)


def _of(place: Piece, start: int, end: int) -> Iterator[Granule]:
    span = SENTINEL1.repeat * DAY
    first = math.ceil((max(start, FIRST) - _time(place, 0)) / span)
    for cycle in range(first, math.ceil((min(end, LAST) - _time(place, 0)) / span)):
        for days, version in _made(place.track, cycle):
            if _time(place, cycle - days // 12) >= FIRST:
                yield Granule(place, cycle, days, version)


def _made(track: int, cycle: int) -> Iterator[tuple[int, str]]:
    """(days, version) of the granules of all pieces of a pass: whole passes are processed, or not."""
    chance = hash_words(track, cycle, 211)
    if chance % 10:
        yield 12, NEW
        if chance // 10 % 9 < len(DUPLICATES):
            yield 12, DUPLICATES[chance // 10 % 9]
    if chance // 90 % 3 == 0:
        yield 24, NEW
    if chance // 270 % 4 == 0:
        yield 48, LONG
    if chance // 1080 % 6 == 0:
        yield 60, NEW


def _time(place: Piece, cycle: int) -> int:
    """When a cycle's pass sees the middle of a piece, ms since 1970, to the second."""
    start = SENTINEL1.start(place.track) + cycle * SENTINEL1.repeat * DAY
    return int(start + (place.number + 0.5) / FRAMES * SENTINEL1.period) // 1000 * 1000


def _utc(time: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(time / 1000, dt.UTC)


def _degrees(value: float, letters: str) -> str:
    whole = math.floor((value + 180.0) % 360.0 - 180.0 if letters == "EW" else value)
    return f"{abs(whole):05d}{letters[whole < 0]}"


def _thousandths(latitude: float) -> str:
    return f"{abs(round(latitude * 1000)):05d}{'N' if latitude >= 0 else 'S'}"
