"""Sentinel-1 around a day: single acquisitions before and after an event, as floods and landslides are mapped from.

Frames `before-3` to `before-1` are the three passes nearest before the day (UTC), `after-1` to `after-3` the three
nearest from it on, within 60 days, all of one relative orbit per tile, so that they are seen from the same angle. The
orbit of a tile: one with passes on both sides if there is one; of those the one with the most passes of these six,
counted at the tile's four corners; of equals the one with the soonest after; then an ascending one, then the lowest
number.

The slices of a pass are one acquisition, mosaicked, as are two satellites on one orbit and day. A frame that has no
acquisition is nodata. Dates differ from tile to tile, so they are a variable: `acquired`. Backscatter is interpolated
(bilinear) in linear power and stored in dB; border noise is masked as in `s1grd`, and the sampling is 10 m as there.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from eo_ingest.period import EVENT_DAYS
from eo_ingest.product import DATE_UNITS, Flag, Product, Variable
from eo_ingest.products import orbit
from eo_ingest.products.composite import filled, footprint
from eo_ingest.products.s1grd import ASSET, CITATION, LICENCE, POLARISATIONS, SCENE_PROPERTIES, centibels, dual, power

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ee

    from eo_ingest.period import Frame
    from eo_ingest.product import Place

SLOTS = 3
_PASS, _DAY = "pass", "day"
# Added to the numbers of the passes after the event.
_AFTER = orbit.ABOVE_ALL_PASSES // 2
# What decides between tracks, each more than all that follow: passes on both sides, how many, how soon after.
_BOTH, _EACH, _SOON = 1_000_000_000, 10_000_000, 10_000
_AROUND = timedelta(EVENT_DAYS)


def _scenes(frame: Frame, region: ee.Geometry) -> ee.ImageCollection:
    return dual(frame.start, frame.end, region)


def _images(scenes: ee.ImageCollection, frame: Frame, place: Place) -> Mapping[str, ee.Image]:
    """Of the scenes of the frame's side, the pass that is the frame's in each tile."""
    import ee

    event = _event(frame)
    wanted = _wanted(frame, event, place)
    own = orbit.painted(wanted, place)

    def seen(scene: ee.Image) -> ee.Image:
        number = orbit.passing(scene, event - _AROUND)
        day = orbit.whole(ee.Number(scene.get("system:time_start")).divide(orbit.MS_PER_DAY))
        observed = power(scene).updateMask(own.eq(number))
        acquired = ee.Image.constant(day).toUint16().rename(_DAY).updateMask(observed.select("VV").mask())
        return ee.Image(observed.addBands(acquired).set(_PASS, number))

    chosen = scenes.map(seen).filter(ee.Filter.inList(_PASS, wanted)).mosaic()
    bands = filled(chosen, (*POLARISATIONS, _DAY))
    track = own.divide(orbit.DAYS).floor().updateMask(bands.select("VV").mask())
    return {
        "backscatter": centibels(bands.select(list(POLARISATIONS))),
        "acquired": bands.select(_DAY),
        "orbit": track.mod(orbit.DESCENDING),
        "direction": track.divide(orbit.DESCENDING).floor().add(1),
    }


def _event(frame: Frame) -> date:
    """The day of the event that a frame is of."""
    return frame.end if frame.label.startswith("before") else frame.start


def _wanted(frame: Frame, event: date, place: Place) -> ee.List:
    """For each tile the number of the pass that is the frame's; 0 where there is none."""
    import ee

    around = dual(event - _AROUND, event + _AROUND, footprint(place))
    before, slot = frame.label.startswith("before"), int(frame.label.partition("-")[2])

    def number(scene: ee.Image) -> ee.Number:
        after = ee.Number(scene.get("system:time_start")).gte(orbit.day_number(event) * orbit.MS_PER_DAY)
        return orbit.passing(scene, event - _AROUND).add(orbit.whole(after).multiply(_AFTER))

    def decide(corners: ee.List) -> ee.Number:
        first = _best_track(corners).multiply(orbit.DAYS)
        low = first if before else first.add(_AFTER)
        own = orbit.within(corners.flatten().distinct(), low, orbit.DAYS).sort()
        nearest = own.reverse() if before else own
        return ee.Number(nearest.cat([0] * SLOTS).get(slot - 1)).mod(_AFTER)

    return orbit.by_tile(orbit.at_corners(around, place, number), place, decide)


def _best_track(corners: ee.List) -> ee.Number:
    """The track that a tile is shown from, given the numbers of the passes at its corners; 0 if there is none."""
    import ee

    numbers = corners.flatten()
    votes = corners.map(lambda own: _votes(ee.List(own))).flatten()
    tracks = numbers.map(lambda n: orbit.whole(ee.Number(n).mod(_AFTER).divide(orbit.DAYS))).distinct()

    def merit(each: ee.Number) -> ee.Number:
        number = ee.Number(each)
        before, after = votes.frequency(number), votes.frequency(number.add(_AFTER // orbit.DAYS))
        low = number.multiply(orbit.DAYS).add(_AFTER)
        late = low.add(orbit.DAYS)
        soonest = ee.Number(orbit.within(numbers, low, orbit.DAYS).add(late).reduce(ee.Reducer.min()))
        soon = late.subtract(soonest)
        both = ee.Number(before).min(after).min(1)
        of_all = ee.Number(before).add(after).multiply(_EACH).add(soon.multiply(_SOON))
        return of_all.add(both.multiply(_BOTH)).subtract(number)

    return ee.Number(tracks.sort(tracks.map(merit)).reverse().add(0).get(0))


def _votes(numbers: ee.List) -> ee.List:
    """At one corner, the track of each pass, with `_AFTER` where it is after, but of none more than there are slots."""
    import ee

    groups = numbers.map(lambda number: orbit.whole(ee.Number(number).divide(orbit.DAYS)))
    return groups.distinct().map(lambda one: ee.List.repeat(one, groups.frequency(one).min(SLOTS))).flatten()


S1EVENT = Product(
    name="s1event",
    title="Sentinel-1 GRD backscatter of single acquisitions before and after an event, one relative orbit per tile",
    variables=(
        Variable(
            name="backscatter",
            bands=("vv", "vh"),
            dtype="int16",
            nodata=-32768,
            valid_range=(-10000, 10000),
            scale_factor=0.01,
            units="dB",
            long_name="backscatter coefficient sigma0 of one acquisition",
        ),
        Variable(
            name="acquired",
            bands=("acquisition",),
            band_dim="observation",
            dtype="uint16",
            nodata=65535,
            valid_range=(0, 65534),
            units=DATE_UNITS,
            standard_name="time",
            long_name="day of the acquisition, UTC",
            kind="date",
            resampling="nearest",
        ),
        Variable(
            name="orbit",
            bands=("acquisition",),
            band_dim="observation",
            dtype="uint8",
            nodata=0,
            valid_range=(1, 175),
            units="1",
            long_name="relative orbit of the acquisition",
            kind="id",
            resampling="nearest",
        ),
        Variable(
            name="direction",
            bands=("acquisition",),
            band_dim="observation",
            dtype="uint8",
            nodata=0,
            valid_range=(1, 2),
            units="1",
            long_name="direction of flight",
            kind="class",
            flags=(Flag(1, "ascending", "#d95f02"), Flag(2, "descending", "#1b9e77")),
            resampling="nearest",
        ),
    ),
    resolution=10,
    cadence="event",
    resampling="bilinear",
    assets=(ASSET,),
    licence=LICENCE,
    citation=CITATION,
    periods=("2020-07-15",),
    slots=SLOTS,
    placed=True,
    scene_properties=SCENE_PROPERTIES,
    scenes=_scenes,
    images=_images,
)
