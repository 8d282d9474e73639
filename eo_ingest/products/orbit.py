"""One relative orbit of Sentinel-1 for each tile, decided on the server by what lies over the tile's corners.

An orbit whose swath ends within a tile holds fewer of its corners, so that counting corners weighs how often a tile was
seen by how much of it was. Decisions depend on the block's place and the scenes alone, and on no request's window.

A *track* is the number of a relative orbit, with DESCENDING added where the satellite flew south. A *pass* is what was
seen at once, told by its track times DAYS plus its day: the slices of one pass have one number, as have the passes of
two satellites on one track and day. Days are counted from the day before the span that is looked at, at most a year, so
that every number is exact as a pixel of any type. In lists all are 64-bit integers, because 157 and 157.0 might not be
held to be equal there.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import ee

    from eo_ingest.product import Place

TRACK = "track"
DESCENDING = 1000
DAYS = 400
ABOVE_ALL_PASSES = 1_000_000
MS_PER_DAY = 86_400_000
_EPOCH = date(1970, 1, 1)


def whole(number: ee.Number) -> ee.Number:
    """The number rounded down, as a 64-bit integer."""
    return number.floor().toInt64()


def track(scene: ee.Image) -> ee.Number:
    """The number of the scene's track."""
    import ee

    south = ee.String(scene.get("orbitProperties_pass")).compareTo("ASCENDING").min(1)
    return whole(ee.Number(scene.get("relativeOrbitNumber_start")).add(south.multiply(DESCENDING)))


def passing(scene: ee.Image, start: date) -> ee.Number:
    """The number of the scene's pass, in a span that begins with `start`.

    The day is that of the node before, which all slices share across midnight.
    """
    import ee

    node = scene.toDictionary().get("orbitProperties_ascendingNodeTime", scene.get("system:time_start"))
    day = whole(ee.Number(node).divide(MS_PER_DAY)).subtract(day_number(start) - 1)
    return track(scene).multiply(DAYS).add(day)


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH).days


def at_corners(scenes: ee.ImageCollection, place: Place, number: Callable[[ee.Image], ee.Number]) -> ee.List:
    """The distinct numbers of the scenes over each corner of the block's tiles: a list for each, row by row.

    Args:
        scenes: the scenes.
        place: the block.
        number: a scene's number, below ABOVE_ALL_PASSES.
    """
    import ee

    steps = [place.side * i for i in range(place.tiles + 1)]
    places = [(place.left + x, place.top - y) for y in steps for x in steps]
    corners = ee.FeatureCollection(
        [ee.Feature(ee.Geometry.Point(xy, place.crs), {"corner": i}) for i, xy in enumerate(places)]
    )

    def held(scene: ee.Image) -> ee.Image:
        own = number(scene)
        inside = corners.filterBounds(scene.geometry()).aggregate_array("corner")
        return ee.Image(scene.set("held", inside.map(lambda i: ee.Number(i).multiply(ABOVE_ALL_PASSES).add(own))))

    seen = scenes.map(held).aggregate_array("held").flatten().distinct()

    def at(corner: ee.Number) -> ee.List:
        low = ee.Number(corner).multiply(ABOVE_ALL_PASSES)
        return within(seen, low, ABOVE_ALL_PASSES).map(lambda found: ee.Number(found).subtract(low))

    return ee.List.sequence(0, len(places) - 1).map(at)


def within(numbers: ee.List, low: ee.Number, count: int) -> ee.List:
    """Those of the numbers that are in [low, low + count)."""
    import ee

    return numbers.filter(ee.Filter.And(ee.Filter.gte("item", low), ee.Filter.lt("item", low.add(count))))


def by_tile(corners: ee.List, place: Place, decide: Callable[[ee.List], ee.Number]) -> ee.List:
    """What is decided for each tile of the block, row by row, given the list of the lists at its four corners."""
    import ee

    width = place.tiles + 1
    first = [row * width + col for row in range(place.tiles) for col in range(place.tiles)]
    tiles = ee.List([[i, i + 1, i + width, i + width + 1] for i in first])
    return tiles.map(lambda own: decide(ee.List(own).map(lambda i: corners.get(ee.Number(i)))))


def most(values: ee.List) -> ee.Number:
    """The most frequent of some numbers above 0, the lowest of equally frequent ones; 0 if there is none."""
    import ee

    candidates = values.distinct().sort().add(0)
    counts = candidates.map(lambda one: values.frequency(one))  # noqa: PLW0108 - ee counts arguments
    return ee.Number(candidates.get(counts.indexOf(counts.reduce(ee.Reducer.max()))))


def painted(values: ee.List, place: Place) -> ee.Image:
    """The image whose pixels hold the number of their tile, row by row; masked where that is 0."""
    import ee

    at = ee.Image.pixelCoordinates(ee.Projection(place.crs))
    col = at.select("x").subtract(place.left).divide(place.side).floor()
    row = at.select("y").multiply(-1).add(place.top).divide(place.side).floor()
    index = row.multiply(place.tiles).add(col).toInt()
    return index.remap(list(range(place.tiles**2)), values).selfMask()
