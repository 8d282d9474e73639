"""Interferograms: unwrapped phase, coherence and what belongs to them, from ARIA's geocoded Sentinel-1 pairs (GUNW).

A frame is a pair of passes over one track: at most eight a period, at most 48 days apart, both dates in the period,
spread over it, all of the one track and direction that gives the block most. The rule is in full in
`eo_ingest/sources/gunw/select.py` and docs/insar.md. Stored at 80 m, the multiple of 10 m next to the granules' 3″
(93 m along a meridian) among those that nest.

The phase is stored as 32-bit integers: unwrapped phase has no bounds. In 16 bits at 0.01 rad it would overflow at
327 rad, 1.4 m along the line of sight or a ramp across a frame; hundredths of a radian are 0.04 mm.
"""

from __future__ import annotations

from eo_ingest.product import DATE_UNITS, Archive, Flag, Product, Variable

PAIRS = 8

_PHASE = Variable(
    name="unwrapped_phase",
    bands=("vv",),
    dtype="int32",
    nodata=-(2**31),
    valid_range=(-10_000_000, 10_000_000),
    scale_factor=0.01,
    units="rad",
    long_name="unwrapped interferometric phase, later minus earlier: positive is motion towards the satellite",
)
_COHERENCE = Variable(
    name="coherence",
    bands=("vv",),
    dtype="uint8",
    nodata=255,
    valid_range=(0, 200),
    scale_factor=0.005,
    units="1",
    long_name="interferometric coherence of the filtered interferogram",
)
_COMPONENTS = Variable(
    name="components",
    bands=("vv",),
    dtype="uint16",
    nodata=65535,
    valid_range=(0, 65534),
    units="1",
    long_name="connected component of the unwrapped phase within the block and pair, 0 where there is none",
    kind="id",
    resampling="nearest",
)
_AMPLITUDE = Variable(
    name="amplitude",
    bands=("vv",),
    dtype="int16",
    nodata=-32768,
    valid_range=(-20_000, 20_000),
    scale_factor=0.01,
    units="dB",
    long_name="power of the interferogram, not calibrated",
)
_ANGLES = Variable(
    name="angles",
    bands=("incidence", "look", "azimuth"),
    band_dim="angle",
    dtype="uint16",
    nodata=65535,
    valid_range=(0, 35_999),
    scale_factor=0.01,
    units="degree",
    long_name="incidence and look angle from the vertical; azimuth from the ground to the satellite, "
    "anticlockwise from east",
)
_BASELINE = Variable(
    name="perpendicular_baseline",
    bands=("vv",),
    dtype="int16",
    nodata=-32768,
    valid_range=(-20_000, 20_000),
    scale_factor=0.1,
    units="m",
    long_name="perpendicular baseline",
)
_DATES = Variable(
    name="dates",
    bands=("reference", "secondary"),
    band_dim="date",
    dtype="uint16",
    nodata=65535,
    valid_range=(0, 65534),
    units=DATE_UNITS,
    long_name="dates of the pair, the later one first",
    kind="date",
    resampling="nearest",
)
_TRACK = Variable(
    name="track",
    bands=("vv",),
    dtype="uint8",
    nodata=255,
    valid_range=(1, 175),
    units="1",
    long_name="relative orbit of the pair",
    kind="id",
    resampling="nearest",
)
_DIRECTION = Variable(
    name="direction",
    bands=("vv",),
    dtype="uint8",
    nodata=255,
    valid_range=(1, 2),
    units="1",
    long_name="direction of flight",
    kind="class",
    flags=(Flag(1, "ascending", "#E66101"), Flag(2, "descending", "#5E3C99")),
    resampling="nearest",
)

INSAR = Product(
    name="insar",
    title="Sentinel-1 interferometric pairs of up to 48 days: phase, coherence, geometry (ARIA S1 GUNW)",
    variables=(
        _PHASE,
        _COHERENCE,
        _COMPONENTS,
        _AMPLITUDE,
        _ANGLES,
        _BASELINE,
        _DATES,
        _TRACK,
        _DIRECTION,
    ),
    resolution=80,
    cadence="pairs",
    resampling="bilinear",
    assets=("ARIA_S1_GUNW", "SENTINEL-1_INTERFEROGRAMS"),
    licence="NASA Earthdata: open without restriction; Copernicus Sentinel data terms: free, full and open",
    citation="Bekaert et al. (2023), The ARIA-S1-GUNW: the ARIA Sentinel-1 geocoded unwrapped phase product for open "
    "InSAR science and disaster response, IGARSS; Buzzanga et al. (2020), doi:10.1029/2020GL090013; contains modified "
    "Copernicus Sentinel data, processed by ESA and ARIA, NASA/JPL",
    periods=("2020",),
    slots=PAIRS,
    archive=Archive(
        kind="gunw",
        parameters=(
            ("rule", 1),  # raised when the rules of choosing, joining or interpolating change
            ("longest_baseline_days", 48),
            ("oldest_version", "2.0.4"),
            ("smallest_overlap_px", 100),
            ("geometry_height_m", 0),
        ),
    ),
)
