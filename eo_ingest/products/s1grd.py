"""Sentinel-1 GRD: VV and VH per orbit pass, the median of a season or the mean of a month.

Both are taken in linear power and stored in dB. Scenes lie on lattices of their own, so each is interpolated (bilinear,
in linear power) onto the grid before. The slices of one datatake overlap a little: they are one observation. Border
noise: pixels whose VV is below -30 dB are masked in both bands, the rule that Earth Engine's own guide gives for GRD
edges. The ratio VV - VH in dB is not stored: `reader.ratio` gives it.

`-orbit` has one relative orbit per tile and pass, so that all frames of a tile are seen from the same angle: the orbit
with the most passes over the tile's corners in the meteorological year of the frame, the lowest number of equals.

10 m: the pixel spacing of high-resolution GRD. A month is one image per 12 or 6 days and pass, too few for a median
to tell speckle from change: hence the mean.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Literal

from eo_ingest.period import Period
from eo_ingest.product import Product, Variable
from eo_ingest.products import orbit
from eo_ingest.products.composite import (
    ACQUISITION,
    acquisition,
    acquisitions,
    collection,
    filled,
    footprint,
    observations,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ee

    from eo_ingest.period import Cadence, Frame
    from eo_ingest.product import Place

ASSET = "COPERNICUS/S1_GRD"
PASSES = {"asc": "ASCENDING", "desc": "DESCENDING"}
POLARISATIONS = ("VV", "VH")
NOISE_DB = -30
DATATAKE = ("platform_number", "missionDataTakeID")
LICENCE = "Copernicus Sentinel data terms: free, full and open"
CITATION = "Contains modified Copernicus Sentinel data, processed by ESA and Google Earth Engine"
SCENE_PROPERTIES = (
    "orbitProperties_pass",
    "relativeOrbitNumber_start",
    "orbitNumber_start",
    "missionDataTakeID",
    "platform_number",
)

Statistic = Literal["median", "mean"]


def dual(start: object, end: object, region: ee.Geometry) -> ee.ImageCollection:
    """The scenes with both VV and VH that meet `region` and start in the half-open days [start, end), in order."""
    import ee

    scenes = collection(ASSET, start, end, region).filter(ee.Filter.eq("instrumentMode", "IW"))
    for polarisation in POLARISATIONS:
        scenes = scenes.filter(ee.Filter.listContains("transmitterReceiverPolarisation", polarisation))
    return scenes.sort("system:index")


def power(image: ee.Image) -> ee.Image:
    """Linear power of VV and VH, border noise masked, ready to be interpolated."""
    quiet = image.select("VV").lt(NOISE_DB)
    linear = image.select(list(POLARISATIONS)).multiply(math.log(10) / 10).exp()
    return linear.updateMask(quiet.Not()).resample("bilinear")


def centibels(linear: ee.Image) -> ee.Image:
    """Linear power as stored: dB in steps of 0.01."""
    return linear.log10().multiply(1000)


def _scenes(frame: Frame, region: ee.Geometry) -> ee.ImageCollection:
    return dual(frame.start, frame.end, region)


def _observed(image: ee.Image) -> ee.Image:
    import ee

    return ee.Image(power(image).set(ACQUISITION, acquisition(image, *DATATAKE)))


def _composite(seen: ee.ImageCollection, statistic: Statistic) -> tuple[ee.Image, ee.Image]:
    """(composite in stored units, number of observations) of images of one pass."""
    passing = acquisitions(seen)
    made = filled(getattr(passing, statistic)(), POLARISATIONS)
    return centibels(made), filled(passing.select("VV").count(), ["VV"])


def _images(scenes: ee.ImageCollection, _frame: Frame, statistic: Statistic) -> Mapping[str, ee.Image]:
    import ee

    made = [
        _composite(scenes.filter(ee.Filter.eq("orbitProperties_pass", name)).map(_observed), statistic)
        for name in PASSES.values()
    ]
    return {"backscatter": ee.Image.cat(*[m for m, _ in made]), "n_obs": ee.Image.cat(*[n for _, n in made])}


def _images_of_one_orbit(
    scenes: ee.ImageCollection, frame: Frame, place: Place, statistic: Statistic
) -> Mapping[str, ee.Image]:
    import ee

    tracks = _tracks(frame, place)
    composites, counts, orbits = [], [], []
    for name, orbit_pass in PASSES.items():
        own = orbit.painted(tracks[name], place)
        passing = scenes.filter(ee.Filter.eq("orbitProperties_pass", orbit_pass))
        composite, count = _composite(_on_track(passing, own, tracks[name]), statistic)
        composites.append(composite)
        counts.append(count)
        orbits.append(own.mod(orbit.DESCENDING).updateMask(count.gt(0)))
    return {
        "backscatter": ee.Image.cat(*composites),
        "n_obs": ee.Image.cat(*counts),
        "orbit": ee.Image.cat(*orbits),
    }


def _on_track(scenes: ee.ImageCollection, own: ee.Image, tracks: ee.List) -> ee.ImageCollection:
    """What scenes saw, each only of the tiles whose track is its own."""
    import ee

    def observed(scene: ee.Image) -> ee.Image:
        number = orbit.track(scene)
        return ee.Image(_observed(scene).updateMask(own.eq(number)).set(orbit.TRACK, number))

    return scenes.map(observed).filter(ee.Filter.inList(orbit.TRACK, tracks))


def _tracks(frame: Frame, place: Place) -> dict[str, ee.List]:
    """For each pass the track of each tile; 0 where no scene of the year is over the tile's corners."""
    import ee

    year = Period.parse(f"{frame.start.year + frame.start.month // 12}")
    scenes = dual(year.start, year.end, footprint(place))
    seen = orbit.at_corners(scenes, place, lambda scene: orbit.passing(scene, year.start))

    def most(corners: ee.List, wanted: ee.Filter) -> ee.Number:
        tracks = corners.flatten().map(lambda number: orbit.whole(ee.Number(number).divide(orbit.DAYS)))
        return orbit.most(tracks.filter(wanted))

    south = ee.Filter.gt("item", orbit.DESCENDING)
    return {
        "asc": orbit.by_tile(seen, place, lambda corners: most(corners, south.Not())),
        "desc": orbit.by_tile(seen, place, lambda corners: most(corners, south)),
    }


def _product(name: str, cadence: Cadence, statistic: Statistic, *, one_orbit: bool = False) -> Product:
    span = {"seasons": "seasonal", "months": "monthly"}[cadence]
    of = "per orbit pass, one relative orbit per tile" if one_orbit else "per orbit pass"
    orbits = Variable(
        name="orbit",
        bands=tuple(PASSES),
        band_dim="pass",
        dtype="uint8",
        nodata=0,
        valid_range=(1, 175),
        units="1",
        long_name="relative orbit of the scenes behind the pixel",
        kind="id",
        resampling="nearest",
    )
    return Product(
        name=name,
        title=f"Sentinel-1 GRD backscatter, {span} {statistic} {of}",
        variables=(
            Variable(
                name="backscatter",
                bands=tuple(f"{pol.lower()}_{side}" for side in PASSES for pol in POLARISATIONS),
                dtype="int16",
                nodata=-32768,
                valid_range=(-10000, 10000),
                scale_factor=0.01,
                units="dB",
                long_name=f"{statistic} backscatter coefficient sigma0, {statistic} taken in linear power",
            ),
            observations("pass", tuple(PASSES), "valid observations", statistic),
            *([orbits] if one_orbit else []),
        ),
        resolution=10,
        cadence=cadence,
        resampling="bilinear",
        assets=(ASSET,),
        licence=LICENCE,
        citation=CITATION,
        periods=("2020",),
        placed=one_orbit,
        scene_properties=SCENE_PROPERTIES,
        scenes=_scenes,
        images=partial(_images_of_one_orbit if one_orbit else _images, statistic=statistic),
    )


S1GRD = _product("s1grd", "seasons", "median")
S1GRD_ORBIT = _product("s1grd-orbit", "seasons", "median", one_orbit=True)
S1GRD_MONTHLY = _product("s1grd-monthly", "months", "mean")
S1GRD_MONTHLY_ORBIT = _product("s1grd-monthly-orbit", "months", "mean", one_orbit=True)
FAMILY = (S1GRD, S1GRD_ORBIT, S1GRD_MONTHLY, S1GRD_MONTHLY_ORBIT)
# Each with its variant of one orbit per tile.
ONE_ORBIT = ((S1GRD, S1GRD_ORBIT), (S1GRD_MONTHLY, S1GRD_MONTHLY_ORBIT))
