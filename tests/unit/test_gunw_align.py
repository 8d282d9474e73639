"""Granules on a block's pixels, held against what the tests wrote into them."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Transformer
from rasterio.enums import Resampling

from eo_ingest.sources.gunw.granule import Granule
from eo_ingest.sources.gunw.name import GranuleName
from eo_ingest.sources.gunw.overlap import compare
from eo_ingest.sources.gunw.picture import Pixels, make
from eo_ingest.sources.warp import Lattice
from gunw_support import HOME, STEP, Spec, baseline, block_at, coherence_ramp, incidence, phase_ramp, write
from test_warp import gdal

FACTOR = 8
ALEUTIANS = Spec(
    direction="D",
    track=59,
    place="00179E_00051N",
    home=(180.0, 52.0),
    west=179.6,
    south=51.6,
    width=1000,
    height=601,
)


def picture(tmp_path, *specs, at=HOME, height=0.0, smallest=50):
    """The specs' granules as one picture on the block of a place, and the pixels' degrees."""
    block, zone = block_at(*at)
    pixels = Pixels(zone, block, FACTOR)
    granules = []
    try:
        granules += [Granule.open(write(tmp_path, spec), GranuleName.parse(spec.name)) for spec in specs]
        made = make(granules, pixels, height, lambda a, b: compare(a, b, smallest))
    finally:
        for granule in granules:
            granule.close()
    return made, degrees(zone, block)


def degrees(zone, block):
    step, _, left, _, minus, top = zone.affine(block, factor=FACTOR)
    x, y = np.meshgrid(left + step * (np.arange(224) + 0.5), top + minus * (np.arange(224) + 0.5))
    return Transformer.from_crs(zone.crs, "EPSG:4326", always_xy=True).transform(x, y)


@pytest.mark.parametrize("northward", [False, True], ids=["latitudes descend", "latitudes ascend"])
@pytest.mark.parametrize("layout", ["1b", "1c"])
def test_a_ramp_lands_where_it_is(tmp_path, northward, layout):
    spec = Spec(northward=northward, layout=layout, version="3_0_1" if layout == "1c" else "2_0_6")
    made, (lon, lat) = picture(tmp_path, spec)
    assert np.abs(made.picture.phase - phase_ramp(lon, lat)).max() < 1e-3
    assert np.abs(made.picture.fields["coherence"] - coherence_ramp(lon, lat)).max() < 1e-5
    assert np.array_equal(made.picture.fields["amplitude"], np.full((224, 224), 250, np.float32))
    assert (made.picture.components == 1).all()
    assert (made.taken == 0).all()


@pytest.mark.parametrize(
    "home",
    [(-70.6, -33.4), (25.6, 77.9), (36.8, -0.01), (11.999, 47.0), (-0.002, 0.003), (177.3, -38.7)],
    ids=["Santiago", "Svalbard", "across the equator", "at a zone's edge", "null", "Napier"],
)
def test_a_ramp_lands_where_it_is_anywhere(tmp_path, home):
    spec = Spec(home=home, west=home[0] - 1.2, south=home[1] - 0.25, width=2881, height=601)
    made, (lon, lat) = picture(tmp_path, spec, at=home)
    assert np.abs(made.picture.phase - phase_ramp(lon, lat, home)).max() < 2e-3
    assert np.abs(made.picture.fields["incidence"] - incidence(lon, lat, 0, home)).max() < 1e-3


@pytest.mark.parametrize("beyond", [True, False], ids=["longitudes run on", "longitudes jump"])
@pytest.mark.parametrize("at", [(179.9, 52.0), (-179.9, 52.0)])
def test_the_antimeridian_is_no_edge(tmp_path, at, beyond):
    made, (lon, lat) = picture(tmp_path, ALEUTIANS.but(lon_beyond=beyond), at=at)
    assert np.abs(made.picture.phase - phase_ramp(lon, lat, ALEUTIANS.home)).max() < 1e-3
    assert np.abs(made.picture.fields["incidence"] - incidence(lon, lat, 0, ALEUTIANS.home)).max() < 1e-3


def test_geometry_is_interpolated_in_place_and_height(tmp_path):
    for height in (0.0, 1234.5, -300.0, 8999.0):
        made, (lon, lat) = picture(tmp_path, Spec(), height=height)
        fields = made.picture.fields
        assert np.abs(fields["incidence"] - incidence(lon, lat, height)).max() < 1e-4
        assert np.abs(fields["look"] - incidence(lon, lat, height) + 5).max() < 1e-4
        assert np.abs(fields["baseline"] - baseline(lon, lat, height)).max() < 1e-3


@pytest.mark.parametrize("azimuth", [190.0, 0.2, 359.9, -102.0])
def test_an_azimuth_that_jumps_by_a_turn_between_values_does_not(tmp_path, azimuth):
    made, _ = picture(tmp_path, Spec(azimuth=azimuth))
    turned = (made.picture.fields["azimuth"] - azimuth + 180) % 360 - 180
    assert np.abs(turned).max() < 1e-3
    assert made.picture.fields["azimuth"].min() >= 0
    assert made.picture.fields["azimuth"].max() < 360


def test_what_height_means_for_the_angles():
    """The documentation's numbers: the error of the incidence angle where heights are taken as 0 m."""
    radius, orbit = 6_371_000.0, 693_000.0
    for degrees_near, per_km in ((30, 0.037), (39, 0.042), (46, 0.045)):
        angle = np.deg2rad(degrees_near)
        centre = np.arcsin(radius / (radius + orbit) * np.sin(angle))
        reach = angle - centre  # the angle at the centre of the Earth, the same at all heights
        high = radius + 1000
        slant = np.sqrt(high**2 + (radius + orbit) ** 2 - 2 * high * (radius + orbit) * np.cos(reach))
        above = np.pi - np.arccos((high**2 + slant**2 - (radius + orbit) ** 2) / (2 * high * slant))
        assert np.rad2deg(above) - degrees_near == pytest.approx(per_km, abs=0.002)


EDGE = HOME[0] - STEP / 2  # half way between two columns


def two_components(lon, _lat):
    return np.where(lon < EDGE, 1.0, 2.0)


def test_phase_is_never_mixed_between_components(tmp_path):
    """Two components with phases 50 rad apart: no pixel has anything in between, those at the edge have nothing."""
    spec = Spec(
        components=two_components,
        phase=lambda lon, lat, home: phase_ramp(lon, lat, home) + np.where(lon < EDGE, 0.0, 50.0),
    )
    made, (lon, lat) = picture(tmp_path, spec)
    off = made.picture.phase - phase_ramp(lon, lat)
    columns = (lon - EDGE) / STEP  # the last column of one is at -0.5, the first of the other at 0.5
    sure = np.abs(np.abs(columns) - 0.5) > 1e-3
    assert np.array_equal(np.isnan(off)[sure], (np.abs(columns) < 0.5)[sure])
    assert np.nanmax(np.abs(off[columns < -0.5])) < 1e-3
    assert np.nanmax(np.abs(off[columns > 0.5] - 50.0)) < 1e-3
    assert np.array_equal(made.picture.components, np.where(columns < 0, 1, 2))
    assert np.isfinite(made.picture.fields["coherence"]).all()


def test_no_component_is_no_phase_but_data(tmp_path):
    spec = Spec(components=lambda lon, _lat: np.where(lon < HOME[0], 1.0, 0.0))
    made, (lon, _) = picture(tmp_path, spec)
    assert np.isnan(made.picture.phase[lon > HOME[0]]).all()
    assert np.isfinite(made.picture.phase[lon < HOME[0] - STEP]).all()
    assert (made.picture.components[lon > HOME[0]] == 0).all()
    assert np.isfinite(made.picture.fields["coherence"]).all()
    assert np.isfinite(made.picture.fields["incidence"]).all()


def test_a_hole_stays_a_hole(tmp_path):
    """Nodata of 3 × 3 pixels: the phase lacks all that has one of them among its neighbours."""

    def hole(lon, lat):
        return (np.abs(lon - HOME[0]) < 1.5 * STEP) & (np.abs(lat - HOME[1]) < 1.5 * STEP)

    spec = Spec(
        phase=lambda lon, lat, home: np.where(hole(lon, lat), 0.0, phase_ramp(lon, lat, home)),
        coherence=lambda lon, lat, home: np.where(hole(lon, lat), 0.0, coherence_ramp(lon, lat, home)),
        amplitude=lambda lon, lat: np.where(hole(lon, lat), 0.0, 250.0),
        components=lambda lon, lat: np.where(hole(lon, lat), -1.0, 1.0),
    )
    made, (lon, lat) = picture(tmp_path, spec)
    near = (np.abs(lon - HOME[0]) < 1.5 * STEP) & (np.abs(lat - HOME[1]) < 1.5 * STEP)
    wide = (np.abs(lon - HOME[0]) < 1.999 * STEP) & (np.abs(lat - HOME[1]) < 1.999 * STEP)
    assert np.array_equal(np.isnan(made.picture.fields["coherence"]), near)  # GDAL's rule: where the nearest is
    assert np.array_equal(np.isnan(made.picture.fields["incidence"]), near)
    assert np.array_equal(made.picture.components == -1, near)
    assert np.isnan(made.picture.phase[wide]).all()
    assert np.isfinite(
        made.picture.phase[~((np.abs(lon - HOME[0]) < 2 * STEP) & (np.abs(lat - HOME[1]) < 2 * STEP))]
    ).all()
    known = np.isfinite(made.picture.phase)
    assert np.abs(made.picture.phase - phase_ramp(lon, lat))[known].max() < 1e-3


def test_where_a_granule_ends_there_is_nodata(tmp_path):
    """The granule's southern edge runs through the block: not cropped, not stretched."""
    spec = Spec(south=33.92)
    made, (lon, lat) = picture(tmp_path, spec)
    assert np.isfinite(made.picture.phase[lat >= 33.92 + 1e-6]).all()
    assert np.isnan(made.picture.phase[lat < 33.92 - 1e-3 * STEP]).all()
    assert np.isnan(made.picture.fields["coherence"][lat < 33.92 - 0.51 * STEP]).all()
    assert np.array_equal(np.isnan(made.picture.fields["incidence"]), made.taken < 0)
    known = np.isfinite(made.picture.phase)
    assert 0.2 < known.mean() < 0.8
    assert np.abs(made.picture.phase - phase_ramp(lon, lat))[known].max() < 1e-3


def test_coherence_is_gdals(tmp_path):
    """Speckled coherence with holes: the pixels that GDAL gives, its kernel not widened."""
    rng = np.random.default_rng(5)
    noise = rng.uniform(0.1, 1.0, (481, 601)).astype(np.float32)
    noise[rng.random(noise.shape) < 0.03] = 0.0
    spec = Spec(coherence=lambda _lon, _lat, _home: noise)
    made, _ = picture(tmp_path, spec)
    block, zone = block_at(*HOME)
    lat, lon = spec.axes
    source = Lattice("EPSG:4326", (STEP, 0, lon[0] - STEP / 2, 0, -STEP, lat[0] + STEP / 2), *noise.shape)
    target = Lattice(zone.crs, zone.affine(block, factor=FACTOR), 224, 224)
    expected = gdal(noise, source, target, Resampling.bilinear, 0.0)
    got = np.nan_to_num(made.picture.fields["coherence"], nan=0.0)
    assert np.array_equal(got == 0, expected == 0)
    assert np.abs(got - expected).max() < 0.0025  # half a quantisation step


@pytest.mark.parametrize("shift", [0.0, 0.37], ids=["same lattice", "lattice between"])
@pytest.mark.parametrize("constant", [0.0, 7.3, -123.456])
def test_the_offset_between_two_frames_is_found(tmp_path, shift, constant):
    """Two frames that overlap by 0.06°, the northern one with another constant: one ramp comes out."""
    south = Spec(south=33.7, height=301)
    north = Spec(south=33.89 + shift * STEP, west=-118.3 + shift * STEP, height=300, constant=constant, digest="beef")
    made, (lon, lat) = picture(tmp_path, south, north)
    assert set(np.unique(made.taken)) == {0, 1}
    known = np.isfinite(made.picture.phase)
    assert known.mean() > 0.99
    assert np.abs(made.picture.phase - phase_ramp(lon, lat))[known].max() < 2e-3
    assert (made.picture.components[known] == 1).all()
    joined = made.joined[1, 1]
    assert joined.offset == pytest.approx(-constant, abs=1e-3)
    assert joined.tie.pixels > 10_000
    assert joined.tie.residual < 1e-3


def test_frames_without_overlap_keep_their_own_phase_and_labels(tmp_path):
    south = Spec(south=33.7, height=264)
    north = Spec(south=33.92, height=264, constant=9.0, digest="beef")
    made, (lon, lat) = picture(tmp_path, south, north)
    assert made.joined[0, 1].label == 1
    assert made.joined[1, 1].label == 2
    assert made.joined[1, 1].offset is None
    in_north = made.taken == 1
    off = (made.picture.phase - phase_ramp(lon, lat))[in_north]
    assert np.nanmax(np.abs(off - 9.0)) < 1e-3
    assert set(np.unique(made.picture.components)) == {1, 2}


def test_three_frames_are_one_along_the_track(tmp_path):
    """A block of three short frames, each with a constant of its own."""
    frames = [
        Spec(south=33.82 + 0.06 * i, height=90, constant=c, digest=f"{i:04d}") for i, c in enumerate((4.0, -11.0, 30.0))
    ]
    made, (lon, lat) = picture(tmp_path, *frames)
    assert set(np.unique(made.taken)) >= {0, 1, 2}
    known = np.isfinite(made.picture.phase)
    assert np.abs(made.picture.phase - phase_ramp(lon, lat) - 4.0)[known].max() < 2e-3
    assert (made.picture.components[known] == 1).all()


def test_the_offset_is_that_of_the_whole_overlap_not_of_the_block(tmp_path):
    """In the block the overlap is noisy, elsewhere it is not: what neighbours of the block see is what it gets."""

    def noisy(lon, lat, home):
        rough = np.where(np.abs(lon - HOME[0]) < 0.11, np.sign(np.sin(lon * 9e4)) * 2.0, 0.0)
        return phase_ramp(lon, lat, home) + rough

    south = Spec(south=33.7, height=301)
    north = Spec(south=33.89, height=300, constant=5.0, phase=noisy, digest="beef")
    made, _ = picture(tmp_path, south, north)
    assert made.joined[1, 1].offset == pytest.approx(-5.0, abs=1e-3)
    assert made.joined[1, 1].tie.residual < 0.1
    inside = np.abs(made.picture.phase - phase_ramp(*degrees(*reversed(block_at(*HOME)))))
    assert np.nanmax(inside) > 0.5  # in the block the northern frame does differ


def test_of_a_wide_overlap_every_nth_pixel_is_compared(tmp_path, monkeypatch):
    monkeypatch.setattr("eo_ingest.sources.gunw.overlap._MOST_PIXELS", 5000)
    for shift in (0.0, 0.37):
        south = Spec(south=33.7, height=301)
        north = Spec(south=33.89 + shift * STEP, height=300, constant=7.3, digest="beef")
        made, _ = picture(tmp_path, south, north)
        tie = made.joined[1, 1].tie
        assert 3000 < tie.pixels < 5500
        assert made.joined[1, 1].offset == pytest.approx(-7.3, abs=1e-3)
        assert tie.residual < 1e-3
