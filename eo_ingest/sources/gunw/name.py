"""Names of granules, in all their forms.

`S1-GUNW-A-R-064-tops-20210723_20210711-015000-00119W_00033N-PP-6267-v2_0_6`: direction, look, track, the two dates
(the later one first: the reference), the time of the reference, a place, a hash of the inputs, and the version of the
processing. The place is the south-west corner in whole degrees, or, until version 2.0.4, the northern and the southern
limit in thousandths of a degree (`34956N_32979N`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from eo_ingest.errors import SourceError

SUFFIX = ".nc"
TRACKS = 175

Direction = Literal["ascending", "descending"]

_DIRECTIONS: dict[str, Direction] = {"A": "ascending", "D": "descending"}
_FORM = re.compile(
    r"S1-GUNW-(?P<direction>[AD])-(?P<look>[LR])-(?P<track>\d{3})-tops"
    r"-(?P<reference>\d{8})_(?P<secondary>\d{8})-(?P<time>\d{6})"
    r"-(?P<place>\d{5}[EW]_\d{5}[NS]|\d{5}[NS]_\d{5}[NS])-PP-(?P<digest>[0-9a-zA-Z]+)-v(?P<version>\d+(?:_\d+)+)"
)
EXAMPLE = "S1-GUNW-A-R-064-tops-20210723_20210711-015000-00119W_00033N-PP-6267-v2_0_6.nc"
# How far a granule reaches from what its name tells of its place, generously: a swath is 250 km wide, and 12° of
# longitude at 78° of latitude.
_REACH_LAT, _REACH_LON = 5.0, 15.0


@dataclass(frozen=True, slots=True, order=True)
class GranuleName:
    """What a granule's name says.

    Attributes:
        text: the name without its suffix.
        direction: of the flight.
        look: R for right, as Sentinel-1 does.
        track: the relative orbit, 1 to 175.
        reference: the later date.
        secondary: the earlier date.
        seconds: of the reference's centre, since midnight UTC.
        south: the lowest latitude in degrees, roughly.
        west: the lowest longitude in degrees, roughly; None where the name does not tell.
        version: of the processing, such as (2, 0, 6).
    """

    text: str
    direction: Direction
    look: str
    track: int
    reference: date
    secondary: date
    seconds: int
    south: float
    west: float | None
    version: tuple[int, ...]

    @property
    def days(self) -> int:
        """Days between the two dates."""
        return (self.reference - self.secondary).days

    @property
    def version_text(self) -> str:
        """The version with points, such as `2.0.6`."""
        return ".".join(map(str, self.version))

    @classmethod
    def parse(cls, text: str) -> GranuleName:
        """Read a name or a file name.

        Raises:
            SourceError: if it is no granule's name.
        """
        found = _FORM.fullmatch(text.removesuffix(SUFFIX))
        if not found:
            raise SourceError(f"{text!r} is not the name of a GUNW granule: expected one such as {EXAMPLE}")
        try:
            moment = datetime.strptime(found["reference"] + found["time"], "%Y%m%d%H%M%S")  # noqa: DTZ007 - UTC
            secondary = datetime.strptime(found["secondary"], "%Y%m%d").date()  # noqa: DTZ007 - a day
        except ValueError as err:
            raise SourceError(f"{text!r} is not the name of a GUNW granule: {err}") from err
        track = int(found["track"])
        if not 1 <= track <= TRACKS or moment.date() <= secondary:
            raise SourceError(
                f"{text!r} is not the name of a GUNW granule: expected a track from 1 to {TRACKS}, and the later of "
                "the two dates first"
            )
        south, west = _place(found["place"])
        return cls(
            text=text.removesuffix(SUFFIX),
            direction=_DIRECTIONS[found["direction"]],
            look=found["look"],
            track=track,
            reference=moment.date(),
            secondary=secondary,
            seconds=moment.hour * 3600 + moment.minute * 60 + moment.second,
            south=south,
            west=west,
            version=tuple(int(part) for part in found["version"].split("_")),
        )

    @classmethod
    def find(cls, text: str) -> GranuleName | None:
        """Read a file name of a listing; None for any other file."""
        if not text.endswith(SUFFIX):
            return None
        try:
            return cls.parse(text)
        except SourceError:
            return None

    def may_reach(self, longitude: float, latitude: float) -> bool:
        """Whether a point (degrees) may lie in the granule, by what its name says: False only if it cannot."""
        if not -1.0 <= latitude - self.south <= _REACH_LAT:
            return False
        if self.west is None:
            return True
        return -1.0 <= (longitude - self.west + 180.0) % 360.0 - 180.0 <= _REACH_LON


def _place(text: str) -> tuple[float, float | None]:
    """The south in degrees, and the west if told."""
    first, second = text.split("_")
    if first[-1] in "NS":
        return min(_signed(first), _signed(second)) / 1000, None
    return _signed(second), _signed(first)


def _signed(text: str) -> float:
    return float(text[:-1]) * (-1 if text[-1] in "SW" else 1)
