"""Global seasonal Sentinel-1 coherence and backscatter of 2020, from Earth Engine or from its own GeoTIFFs.

Both ways give equal pixels, because nothing is computed between pixels. Both read the digital numbers (Earth Engine's
`_RAW` collections hold those of the files), take the number of the source pixel that holds the centre of ours
(`nearest`), and store it: coherence, ρ, τ, rmse and the incidence angle as they are, the amplitude as 20·log10(DN) −
83 dB, taken in double precision, where no number comes nearer to a rounding tie than 3·10⁻⁶ of a step. Interpolating
would tie the result to each side's arithmetic, and to how it interpolates beside masked pixels, which Earth Engine
does not document. It would also change what coherence is: the mean of neighbours varies less than one estimate, and
here by a share that beats with the place of each pixel between those of the source. So what is stored are the
archive's own values, moved by half a source pixel at most; averages, in linear power for the amplitude, are the
reader's to take.

80 m is the sampling of the grid's nested ones that is just finer than the source's 3 arc seconds (92.7 m to the
north): no row of the source is left out. To the east its pixels narrow with the latitude, so beyond 30° some columns
are.

A tile of the source is a degree wide, the amplitude is terrain-flattened γ⁰, and 0 is no data. Seasons are named for
the north everywhere: DJF is `winter`, from December 2019 to February 2020, in the south too. Pairs 6 and 18 days apart
exist where both satellites flew, in about a quarter of the tiles; elsewhere they are nodata. Over Greenland, the high
Arctic and Antarctica there is HH and HV only: coherence of HH is not coherence of VV, so those tiles have the geometry
alone.

Incidence angle, layover and shadow come per relative orbit. Each pass has those of the orbit with the smallest number
that sees the pixel, the same in all four frames. The mask's codes are flags of the processor (2 and 4 layover, 8 and
16 shadow); what is stored is whether there is layover, shadow or both, in the four codes that its documentation has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eo_ingest.product import Archive, Flag, Product, Variable
from eo_ingest.products.composite import filled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import ee

    from eo_ingest.period import Frame

FOLDER = "Earth_Big_Data/GLOBAL_SEASONAL_S1/V2019"
COHERENCES, AMPLITUDES, MODEL = "COHERENCE_RAW", "BACKSCATTER_RAW", "DECAY_MODEL_PARAMETERS_RAW"
VIEWS = "INCIDENCE_LAYOVER_SHADOW"
SEASONS = {"DJF": "winter", "MAM": "spring", "JJA": "summer", "SON": "fall"}
DAYS = (6, 12, 18, 24, 36, 48)
POLARISATIONS = ("vv", "vh")
PARAMETERS = ("rho", "tau", "rmse")
PASSES = {"asc": "A", "desc": "D"}
# The layers of each variable's bands: after the season, or after the relative orbit's number.
LAYERS: dict[str, dict[str, str]] = {
    "coherence": {f"coh{days}": f"vv_COH{days:02d}" for days in DAYS},
    "amplitude": {polarisation: f"{polarisation}_AMP" for polarisation in POLARISATIONS},
    **{parameter: {"vv": f"vv_{parameter}"} for parameter in PARAMETERS},
    "incidence": {name: f"{letter}_inc" for name, letter in PASSES.items()},
    "layover_shadow": {name: f"{letter}_lsmap" for name, letter in PASSES.items()},
}
SIGHTS = (
    Flag(1, "no_layover_or_shadow", "#e8e4d8"),
    Flag(5, "layover", "#d95f02"),
    Flag(17, "shadow", "#3b3355"),
    Flag(21, "layover_and_shadow", "#a6297a"),
)


def _scenes(frame: Frame, region: ee.Geometry) -> ee.ImageCollection:  # noqa: ARG001 - one image holds all seasons
    """The tiles of all four collections; `dataset` tells which one an image is of."""
    import ee

    def tiles(name: str) -> ee.ImageCollection:
        found = ee.ImageCollection(f"{FOLDER}/{name}").filterBounds(region)
        return found.map(lambda image: image.set("dataset", name))

    return tiles(COHERENCES).merge(tiles(AMPLITUDES)).merge(tiles(MODEL)).merge(tiles(VIEWS))


def _numbers(scenes: ee.ImageCollection, dataset: str, layers: Sequence[str]) -> ee.Image:
    """The digital numbers of layers, masked where they are 0 and where a tile lacks the layer."""
    import ee

    nothing = ee.Image.constant([0] * len(layers)).rename(list(layers)).updateMask(0)

    def whole(image: ee.Image) -> ee.Image:
        # All bands of one type in every image: Earth Engine puts only such images together.
        held = nothing.addBands(image, None, True).select(list(layers)).toUint16()  # noqa: FBT003 - positional in ee
        return held.updateMask(held.gt(0))

    tiles = scenes.filter(ee.Filter.eq("dataset", dataset)).map(whole)
    return filled(tiles.mosaic(), layers)


def _view(scenes: ee.ImageCollection, direction: str) -> ee.Image:
    """Incidence angle and mask of a pass: of the orbit with the smallest number, which comes last and is on top."""
    import ee

    def seen(image: ee.Image) -> ee.Image:
        angle, codes = image.select("inc").round().toUint8(), image.select("lsmap").toUint8()
        layover, shadow = codes.bitwiseAnd(6).neq(0), codes.bitwiseAnd(24).neq(0)
        mask = layover.multiply(4).add(shadow.multiply(16)).add(1)
        return angle.addBands(mask).rename(["inc", "lsmap"]).toUint8().updateMask(angle.gt(0).And(codes.gt(0)))

    orbits = scenes.filter(ee.Filter.eq("dataset", VIEWS)).filter(ee.Filter.eq("flight_direction", direction))
    ordered = orbits.sort("relative_orbit_number", False)  # noqa: FBT003 - positional in ee
    return filled(ordered.map(seen).mosaic(), ("inc", "lsmap"))


def _images(scenes: ee.ImageCollection, frame: Frame) -> Mapping[str, ee.Image]:
    import ee

    season = SEASONS[frame.label]

    def held(dataset: str, variable: str) -> ee.Image:
        layers = [f"{season}_{layer}" for layer in LAYERS[variable].values()]
        return _numbers(scenes, dataset, layers).rename(list(LAYERS[variable]))

    amplitude = held(AMPLITUDES, "amplitude").toDouble().log10().multiply(2000).subtract(8300)
    views = [_view(scenes, letter) for letter in PASSES.values()]
    return {
        "coherence": held(COHERENCES, "coherence"),
        "amplitude": amplitude,
        **{parameter: held(MODEL, parameter) for parameter in PARAMETERS},
        "incidence": ee.Image.cat(*(view.select("inc") for view in views)).rename(list(PASSES)),
        "layover_shadow": ee.Image.cat(*(view.select("lsmap") for view in views)).rename(list(PASSES)),
    }


def _parameter(name: str, highest: int, units: str, long_name: str) -> Variable:
    return Variable(
        name=name,
        bands=("vv",),
        band_dim="model",
        dtype="uint16",
        nodata=0,
        valid_range=(1, highest),
        scale_factor=0.001,
        units=units,
        long_name=long_name,
    )


COHERENCE = Product(
    name="coherence",
    title="Seasonal Sentinel-1 repeat-pass coherence and backscatter",
    variables=(
        Variable(
            name="coherence",
            bands=tuple(LAYERS["coherence"]),
            band_dim="interval",
            dtype="uint8",
            nodata=0,
            valid_range=(1, 100),
            scale_factor=0.01,
            units="1",
            long_name="median VV coherence of pairs 6 to 48 days apart",
        ),
        Variable(
            name="amplitude",
            bands=POLARISATIONS,
            band_dim="polarisation",
            dtype="int16",
            nodata=-32768,
            valid_range=(-8300, 1333),
            scale_factor=0.01,
            units="dB",
            long_name="mean terrain-flattened backscatter coefficient gamma0",
        ),
        _parameter("rho", 1000, "1", "long-term VV coherence: what the decay model ends at"),
        _parameter("tau", 65535, "day", "time constant of the decay model of VV coherence"),
        _parameter("rmse", 1000, "1", "root mean square error of the decay model of VV coherence"),
        Variable(
            name="incidence",
            bands=tuple(PASSES),
            band_dim="pass",
            dtype="uint8",
            nodata=0,
            valid_range=(1, 180),
            units="degree",
            standard_name="angle_of_incidence",
            long_name="angle between the radar's ray and the normal of the ground, the same in all seasons",
        ),
        Variable(
            name="layover_shadow",
            bands=tuple(PASSES),
            band_dim="pass",
            dtype="uint8",
            nodata=0,
            valid_range=(1, 21),
            units="1",
            long_name="radar layover and shadow, the same in all seasons",
            kind="class",
            flags=SIGHTS,
        ),
    ),
    resolution=80,
    cadence="seasons",
    resampling="nearest",
    assets=tuple(f"{FOLDER}/{name}" for name in (COHERENCES, AMPLITUDES, MODEL, VIEWS)),
    licence="CC-BY-4.0; contains modified Copernicus Sentinel data",
    citation=(
        "Kellndorfer et al. 2022, Global seasonal Sentinel-1 interferometric coherence and backscatter data set, "
        "doi:10.1038/s41597-022-01189-6"
    ),
    periods=("2020",),
    only_periods=True,
    scene_properties=("dataset", "tile_id", "relative_orbit_number", "flight_direction"),
    archive=Archive(
        kind="gssic",
        parameters=tuple((f"{name}.{band}", layer) for name, bands in LAYERS.items() for band, layer in bands.items()),
    ),
    scenes=_scenes,
    images=_images,
)
