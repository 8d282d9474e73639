"""Granules that are not what they should be: each is refused by its name, with the reason."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from eo_ingest.errors import ConfigError, SourceError
from eo_ingest.sources.gunw.granule import Granule, footprint
from eo_ingest.sources.gunw.name import GranuleName
from eo_ingest.sources.warp import Window
from gunw_support import Spec, write

SMALL = Spec(width=40, height=30)
DATA = "science/grids/data"
GEOMETRY = "science/grids/imagingGeometry"


def opened(folder, spec=SMALL, *, spoil=None):
    return Granule.open(write(folder, spec, spoil=spoil), GranuleName.parse(spec.name))


@pytest.mark.parametrize("layout", ["1b", "1c"])
@pytest.mark.parametrize("northward", [False, True])
def test_a_granule_is_read_as_it_was_written(tmp_path, layout, northward):
    spec = SMALL.but(layout=layout, northward=northward)
    with opened(tmp_path, spec) as granule:
        assert granule.layout == layout
        assert (granule.lattice.height, granule.lattice.width) == (30, 40)
        assert (granule.lattice.transform[4] > 0) is northward
        layers = granule.read(Window(3, 5, 7, 9))
        phase, labels = granule.read_phase(Window(3, 5, 7, 9))
    lat, lon = spec.axes
    grid = np.meshgrid(lon[5:14], lat[3:10])
    assert np.array_equal(layers.phase, spec.phase(*grid, spec.home).astype("f4"))
    assert np.array_equal(layers.coherence, spec.coherence(*grid, spec.home).astype("f4"))
    assert np.array_equal(layers.amplitude, np.full((7, 9), 250, "f4"))
    assert np.array_equal(layers.components, np.ones((7, 9), np.int32))
    assert np.array_equal(phase, layers.phase)
    assert np.array_equal(labels, layers.components)


@pytest.mark.parametrize("layout", ["1b", "1c"])
def test_a_footprint_is_read_from_characters_and_from_strings(tmp_path, layout):
    box = "POLYGON ((-118.3 33.7, -118.2 33.7, -118.2 33.8, -118.3 33.7))"
    path = write(tmp_path, SMALL, layout=layout, box=box)
    assert footprint(path, "x") == box


def test_a_footprint_may_be_an_attribute(tmp_path):
    def spoil(file):
        del file["productBoundingBox"]

    path = write(tmp_path, SMALL, layout="1c", spoil=spoil)
    assert footprint(path, "x").startswith("POLYGON")
    bare = write(tmp_path, SMALL, layout="1b", spoil=spoil)
    with pytest.raises(SourceError, match="granule x: it has no productBoundingBox"):
        footprint(bare, "x")


def test_the_declared_fill_value_counts_and_what_is_not_finite(tmp_path):
    def spoil(file):
        phase = file[f"{DATA}/unwrappedPhase"]
        phase.attrs["_FillValue"] = np.array([-99.0], "f4")
        phase[0, :4] = [-99.0, np.nan, np.inf, 0.0]
        file[f"{DATA}/connectedComponents"][0, :3] = [-1, np.nan, 0]

    with opened(tmp_path, spoil=spoil) as granule:
        layers = granule.read(Window(0, 0, 1, 4))
    assert np.array_equal(np.isnan(layers.phase[0]), [True, True, True, False])
    assert layers.components[0].tolist() == [-1, -1, 0, 1]


def without(path):
    return lambda file: file.__delitem__(path)


def replaced(path, values):
    def spoil(file):
        del file[path]
        file[path] = values

    return spoil


def filled(*paths):
    def spoil(file):
        for path in paths:
            file[path][...] = 0.0

    return spoil


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (without(DATA), "group 'science/grids/data' is missing"),
        (without(GEOMETRY), "group 'science/grids/imagingGeometry' is missing"),
        (without(f"{DATA}/coherence"), "/science/grids/data/coherence is missing"),
        (without(f"{DATA}/latitude"), "/science/grids/data/latitude is missing"),
        (without(f"{GEOMETRY}/lookAngle"), "/science/grids/imagingGeometry/lookAngle is missing"),
        (
            without("science/radarMetaData/inputSLC/secondary"),
            "group 'science/radarMetaData/inputSLC/secondary' is missing",
        ),
        (without("science/radarMetaData/inputSLC/reference/L1InputGranules"), "not laid out as expected"),
        (
            replaced(f"{DATA}/longitude", np.arange(41.0)),
            r"unwrappedPhase has shape \(30, 40\), its axes say \(30, 41\)",
        ),
        (replaced(f"{DATA}/amplitude", np.ones((30, 30))), r"amplitude has shape \(30, 30\), its axes say \(30, 40\)"),
        (replaced(f"{DATA}/latitude", np.geomspace(33, 34, 30)), "its latitudes are not evenly spaced"),
        (replaced(f"{DATA}/latitude", np.full(30, 33.0)), "its latitudes are not evenly spaced"),
        (replaced(f"{DATA}/latitude", np.full(30, np.nan)), "its latitudes are no axis"),
        (replaced(f"{DATA}/latitude", np.linspace(60, 60.02, 30)), "productBoundingBox lies elsewhere"),
        (replaced(f"{GEOMETRY}/heightsMeta", np.array([0.0, -1500, 3000, 9000])), r"its heights .* are not in order"),
        (replaced(f"{GEOMETRY}/heightsMeta", np.arange(3.0)), "incidenceAngle has shape"),
        (replaced("productBoundingBox", "POLYGON 12"), "its footprint is not WKT"),
        (replaced("productBoundingBox", "POINT (1 2)"), "its footprint is a Point, expected a polygon"),
    ],
)
def test_a_wrong_granule_is_named_with_the_reason(tmp_path, spoil, reason):
    with pytest.raises(SourceError, match=rf"granule {SMALL.name}[:,].*{reason}"):
        opened(tmp_path, spoil=spoil)


def scene(day, orbit=73 + 175 * 100 + 63, unit="A"):
    return f"S1{unit}_IW_SLC__1SDV_{day}T015000_{day}T015027_{orbit:06d}_04FCA3_2B3E"


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({"reference": [scene("20200618")]}, "its name says reference 2020-06-30, .* is of 2020-06-18"),
        ({"secondary": [scene("20200606")]}, "its name says secondary 2020-06-18, .* is of 2020-06-06"),
        ({"reference": [scene("20200630"), scene("20200702")]}, "says reference 2020-06-30, .* is of 2020-07-02"),
        ({"reference": [scene("20200630", orbit=73 + 175 * 100 + 70)]}, "its name says track 64, .* is of 71"),
        ({"reference": ["", "ALOS"]}, "names no Sentinel-1 scene"),
    ],
)
def test_a_name_that_its_content_contradicts(tmp_path, inputs, reason):
    with pytest.raises(SourceError, match=f"granule {SMALL.name}: .*{reason}"):
        opened(tmp_path, SMALL.but(inputs=inputs))


@pytest.mark.parametrize(
    "inputs",
    [
        {"reference": [scene("20200701")]},  # a pass across midnight
        {"secondary": [scene("20200617"), ""]},
        {"reference": [scene("20200630", orbit=73 + 175 * 100 + 64)]},  # across the equator
        {"reference": [scene("20200630", orbit=27 + 175 * 100 + 63, unit="B")]},
        {"reference": [scene("20200630", orbit=1, unit="C")]},  # moved since: its orbits tell no track
        {"reference": ["S1A_IW_SLC__1SDV_20200630T0040xx"]},
    ],
)
def test_what_a_content_may_say(tmp_path, inputs):
    opened(tmp_path, SMALL.but(inputs=inputs)).close()


def test_a_granule_without_any_data_is_refused_not_empty(tmp_path):
    layers = [f"{DATA}/{name}" for name in ("unwrappedPhase", "coherence", "amplitude")]
    with (
        opened(tmp_path, spoil=filled(*layers)) as granule,
        pytest.raises(SourceError, match=f"granule {SMALL.name}: no pixel of it is valid"),
    ):
        granule.read(Window(0, 0, 5, 5))


def test_a_part_without_data_is_a_fact(tmp_path):
    def spoil(file):
        for name in ("unwrappedPhase", "coherence", "amplitude"):
            file[f"{DATA}/{name}"][:10] = 0.0

    with opened(tmp_path, spoil=spoil) as granule:
        assert np.isnan(granule.read(Window(0, 0, 5, 5)).coherence).all()


@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, 0.99])
def test_a_file_that_is_cut_short_is_refused(tmp_path, kept):
    path = write(tmp_path, SMALL)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
    with pytest.raises(SourceError, match=f"granule {SMALL.name}: it is damaged, cut short or not a NetCDF 4 file"):
        Granule.open(path, GranuleName.parse(SMALL.name))


def test_damaged_bytes_are_refused_when_they_are_read(tmp_path):
    """A flipped bit in a compressed chunk, behind a sound head."""
    path = write(tmp_path, Spec(width=300, height=300))
    with h5py.File(path) as file:
        chunk = file[f"{DATA}/unwrappedPhase"].id.get_chunk_info(0)
    data = bytearray(path.read_bytes())
    for i in range(20, 60):
        data[chunk.byte_offset + i] ^= 0xFF
    path.write_bytes(bytes(data))
    with (
        Granule.open(path, GranuleName.parse(SMALL.name)) as granule,
        pytest.raises(SourceError, match="it is damaged"),
    ):
        granule.read(Window(0, 0, 300, 300))


def test_another_format_is_refused(tmp_path):
    path = tmp_path / f"{SMALL.name}.nc"
    path.write_text("<html>please log in</html>")
    with pytest.raises(SourceError, match="it is damaged, cut short or not a NetCDF 4 file"):
        Granule.open(path, GranuleName.parse(SMALL.name))


def test_without_h5py_the_extra_is_named(tmp_path, monkeypatch):
    path = write(tmp_path, SMALL)
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(ConfigError, match=r"pip install 'eo-ingest\[insar\]'"):
        Granule.open(path, GranuleName.parse(SMALL.name))


def test_geometry_that_was_not_computed_is_nodata(tmp_path):
    def spoil(file):
        file[f"{GEOMETRY}/incidenceAngle"][1, 0, 0] = -9999.0
        file[f"{GEOMETRY}/lookAngle"][1, 0, 0] = 0.0

    with opened(tmp_path, spoil=spoil) as granule:
        for angle in ("incidence", "look"):
            level = granule.angles[angle].level(0.0)
            assert np.isnan(level[1, 1])  # with one more step on all sides
            assert np.isfinite(level[2:, 2:]).all()


def test_a_height_beyond_the_geometry_is_refused(tmp_path):
    with (
        opened(tmp_path) as granule,
        pytest.raises(SourceError, match="incidenceAngle: it spans -1500 to 9000 m, not 9001 m"),
    ):
        granule.angles["incidence"].level(9001.0)


def test_heights_may_descend(tmp_path):
    def spoil(file):
        group = file[GEOMETRY]
        for name in ("heightsMeta", "incidenceAngle"):
            group[name][...] = group[name][...][::-1]

    with opened(tmp_path) as granule:
        usual = granule.angles["incidence"].level(1000.0)
    with opened(tmp_path, spoil=spoil) as granule:
        assert np.array_equal(granule.angles["incidence"].level(1000.0), usual)
