"""Boxes written as `west,south,east,north`."""

import math

from eo_ingest.errors import ConfigError

_FORM = "expected 'west,south,east,north' in degrees, such as '5.7,49.4,6.6,50.2'"


def parse_box(text: str) -> tuple[float, float, float, float] | None:
    """Return (west, south, east, north) in degrees where `text` is numbers with commas between, else None.

    `east` is greater than `west`: it passes 180 where the box crosses the antimeridian.

    Raises:
        ConfigError: if the numbers make no box.
    """
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        return None
    if len(numbers) == 1:
        return None
    if len(numbers) != 4:
        raise ConfigError(f"box '{text}' has {len(numbers)} numbers: {_FORM}")
    west, south, east, north = numbers
    _check(text, west, south, east, north)
    if west > east:
        east += 360
        if east - west > 180:
            raise ConfigError(
                f"box '{text}' has its west east of its east, so it crosses the antimeridian, {east - west:g}° wide: "
                "swap the two, or write a wide box with west below east"
            )
    if east - west >= 360:
        raise ConfigError(f"box '{text}' wraps the globe: it is {east - west:g}° wide, expected less than 360°")
    return west, south, east, north


def _check(text: str, west: float, south: float, east: float, north: float) -> None:
    if not all(map(math.isfinite, (west, south, east, north))):
        raise ConfigError(f"box '{text}' has a number that is not finite: {_FORM}")
    if max(abs(south), abs(north)) > 90:
        swapped = max(abs(south), abs(north)) <= 360 and max(abs(west), abs(east)) <= 90
        fault = "has its axes swapped (latitude first)" if swapped else "leaves the latitudes -90 to 90"
        raise ConfigError(f"box '{text}' {fault}: {_FORM}")
    if max(abs(west), abs(east)) > 360:
        raise ConfigError(f"box '{text}' has longitudes beyond 360: {_FORM}")
    if south > north:
        raise ConfigError(f"box '{text}' has its south ({south:g}) north of its north ({north:g}): {_FORM}")
    if south == north or west == east:
        raise ConfigError(f"box '{text}' has no area: {_FORM}")
