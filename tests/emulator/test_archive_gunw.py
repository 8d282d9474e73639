"""Synthetic interferograms: which there are, their form, and that they hold the truth, noise and constants."""

import io
import itertools
import re
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest
import requests
from shapely import box, from_wkt

from eo_ingest.emulator.archive import routes
from eo_ingest.emulator.archive.gunw import field, index, layout
from eo_ingest.emulator.archive.gunw.granule import _made, find, granules
from eo_ingest.emulator.archive.gunw.piece import azimuth, incidence, look, pieces
from eo_ingest.emulator.process import EmulatorProcess
from eo_ingest.emulator.world.sentinel1 import Sentinel1

h5py = pytest.importorskip("h5py")

YEAR = 1_577_836_800_000, 1_609_459_200_000
HERE = (9.4, 47.4, 9.5, 47.5)
NAME = re.compile(
    r"S1-GUNW-[AD]-R-\d{3}-tops-\d{8}_\d{8}-\d{6}-(\d{5}[EW]_\d{5}[NS]|\d{5}[NS]_\d{5}[NS])-PP-[0-9a-f]{4}-v\d_\d_\d"
)


@pytest.fixture(scope="module")
def found():
    return list(granules(box(*HERE), *YEAR))


@pytest.fixture(scope="module")
def pair(found):
    """Two granules of one pair that follow each other along the track."""
    new = [g for g in found if g.days == 12 and g.version == "3_0_1" and g.piece.ascending]
    for one, other in itertools.combinations(new, 2):
        same = (one.piece.track, one.cycle, one.piece.third) == (other.piece.track, other.cycle, other.piece.third)
        if same and other.piece.number == one.piece.number + 1:
            return one, other
    raise AssertionError("no two granules follow each other")


@pytest.fixture(scope="module")
def drawn(pair):
    return tuple(layout.draw(granule) for granule in pair)


@pytest.fixture(scope="module")
def url():
    with EmulatorProcess() as process:
        yield f"{process.url}/archive/gunw"


def places(pixels):
    """(lon, lat) of the valid pixels, and where they are."""
    at = np.nonzero(pixels.components >= 0)
    return pixels.longitude[at[1]], pixels.latitude[at[0]], at


def test_granules_are_named_as_arias_and_found_by_name(found):
    names = [granule.name for granule in found]
    assert len(names) > 300
    assert names == sorted(set(names))
    assert all(NAME.fullmatch(name) for name in names)
    for granule in found[::7]:
        assert find(granule.name) == granule
    assert {granule.piece.ascending for granule in found} == {True, False}


@pytest.mark.parametrize(
    "change",
    [
        lambda name: name.replace("-R-0", "-R-1"),
        lambda name: name.replace("v3_0_1", "v3_0_2"),
        lambda name: name.replace("tops-2020", "tops-2033"),
        lambda name: name.replace("tops-2020", "tops-2099"),
        lambda name: name.replace("-R-", "-L-"),
        lambda name: re.sub(r"R-\d{3}", "R-000", name),
        lambda name: re.sub(r"tops-\d{8}", "tops-20209999", name),
        lambda name: name[:-1],
        lambda name: f"../{name}",
        lambda _name: "",
    ],
)
def test_other_names_are_of_nothing(found, change):
    name = next(g.name for g in found if g.version == "3_0_1" and "-R-0" in g.name)
    assert find(change(name)) is None


def test_pairs_are_of_one_satellite_and_mostly_of_neighbours_in_time(found):
    for granule in found:
        reference, secondary = (moment(t) for t in (granule.reference, granule.secondary))
        assert (reference - secondary).days == granule.days
        assert granule.days in {12, 24, 48, 60}
        assert f"{reference:%Y%m%d}_{secondary:%Y%m%d}-{reference:%H%M%S}" in granule.name
    share = np.mean([granule.days == 12 for granule in found])
    assert 0.4 < share < 0.95
    versions = {granule.version for granule in found}
    assert {"3_0_1", "2_0_6"} < versions
    old = [granule.name for granule in found if granule.version in {"2_0_4", "2_0_2"}]
    assert old
    assert all(re.search(r"-\d{5}N_\d{5}N-PP", name) for name in old)


def moment(time):
    return datetime.fromtimestamp(time / 1000, UTC)


def test_a_pass_is_processed_as_a_whole(found):
    passes = {}
    for granule in found:
        key = granule.piece.track, granule.cycle, granule.days, granule.version
        passes.setdefault(key, set()).add((granule.piece.number, granule.piece.third))
    for track, chosen in itertools.groupby(sorted(passes), key=lambda key: key[0]):
        sets = [frozenset(passes[key]) for key in chosen]
        # At the year's edges some frames of a pass are left out; not in between.
        assert max(map(len, sets)) == len(set.union(*map(set, sets)))
        assert sum(len(s) == max(map(len, sets)) for s in sets) >= len(sets) - 4, track
    assert 0.08 < np.mean([12 not in dict(_made(3, cycle)) for cycle in range(2000)]) < 0.12


def test_scenes_that_went_in_are_of_the_track(found):
    for granule in found[::11]:
        for cycle, day in ((granule.cycle, granule.reference), (granule.cycle - granule.days // 12, granule.secondary)):
            (scene,) = granule.scenes(cycle)
            told = re.match(r"S1A_IW_SLC__1SDV_(\d{8})T(\d{6})_\w{15}_(\d{6})_", scene)
            assert told[1] == f"{moment(day):%Y%m%d}"
            assert (int(told[3]) - 73) % 175 == granule.piece.track


def test_passes_are_the_radars(found):
    """A scene of the same track sees the place at the same time of a day a whole number of cycles away."""
    granule = found[0]
    middle = granule.piece.footprint.centroid
    scenes = [
        scene
        for scene in Sentinel1().images(*YEAR, middle)
        if scene.frame.track == granule.piece.track and scene.frame.direction.startswith("A") == granule.piece.ascending
    ]
    assert scenes
    half = 6 * 86_400_000
    for scene in scenes:
        away = (scene.start - granule.reference) % half
        assert min(away, half - away) < 40_000


def test_pieces_overlap_along_and_across_the_track(found):
    by_number = {(g.piece.track, g.piece.number, g.piece.third): g.piece for g in found}
    checked = set()
    for (track, number, third), piece in by_number.items():
        for way, other in (("along", (track, number + 1, third)), ("across", (track, number, third + 1))):
            if other in by_number:
                shared = piece.footprint.intersection(by_number[other].footprint).area / piece.footprint.area
                assert (0.15 if way == "along" else 0.01) < shared < (0.25 if way == "along" else 0.08)
                checked.add(way)
    assert "along" in checked


def test_pieces_cross_the_antimeridian():
    found = [piece for piece in pieces(box(-180, 65.5, -179.9, 66.5)) if piece.bounds[2] > 180]
    assert found
    for piece in found:
        west, south, east, north = piece.bounds
        assert 176 < west < 180 < east < 184
        assert south < north
        assert piece.footprint.geom_type == "MultiPolygon"


def test_phase_is_the_truth_with_noise_and_constants(pair, drawn):
    granule, pixels = pair[0], drawn[0]
    lon, lat, at = places(pixels)
    true = field.phase(granule, lon, lat)
    numbers = field.component(lon, lat)
    assert len(np.unique(numbers)) > 2
    sigma = layout.sigma(field.coherence(granule, field.ground_at(lon, lat)))
    for number in np.unique(numbers):
        here = numbers == number
        left = (pixels.phase[at] - true)[here] - layout.constant(granule, int(number))
        scaled = left / sigma[here]
        assert abs(np.median(scaled)) < 0.05
        assert 0.9 < scaled.std() < 1.1
    assert (pixels.phase[at] != 0).all()
    assert (pixels.phase[pixels.components < 0] == 0).all()
    assert np.ptp(true) > 2


def test_components_are_the_truths_numbered_by_size(pair, drawn):
    lon, lat, at = places(drawn[0])
    labels, numbers = drawn[0].components[at].astype(int), field.component(lon, lat)
    sizes = []
    for label in range(1, labels.max() + 1):
        of = np.unique(numbers[labels == label])
        assert of.size == 1
        assert of[0] != 0
        assert ((labels == label) == (numbers == of[0])).all()
        sizes.append((labels == label).sum())
    assert len(sizes) > 1
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] >= 0.01 * labels.size
    assert 0.001 < np.mean(labels == 0) < 0.2


def test_coherence_and_amplitude_are_the_worlds(pair, drawn):
    lon, lat, at = places(drawn[0])
    found = field.ground_at(lon, lat)
    assert np.abs(drawn[0].coherence[at] - field.coherence(pair[0], found)).max() <= 0.02 + 1 / 512
    power = field.amplitude(pair[0], found)
    np.testing.assert_allclose(drawn[0].amplitude[at], power, rtol=2**-10)
    assert 0 < drawn[0].coherence[at].min() <= drawn[0].coherence[at].max() < 1
    # What stays coherent over 60 days is less than over 12.
    assert field.coherence(replace(pair[0], days=60), found).mean() < field.coherence(pair[0], found).mean()


def test_where_two_overlap_they_differ_by_constants(pair, drawn):
    one, other = drawn
    rows = np.intersect1d(np.round(one.latitude * 2400), np.round(other.latitude * 2400), return_indices=True)[1:]
    cols = np.intersect1d(np.round(one.longitude * 2400), np.round(other.longitude * 2400), return_indices=True)[1:]
    first, second = (np.ix_(rows[k], cols[k]) for k in (0, 1))
    both = (one.components[first] >= 0) & (other.components[second] >= 0)
    assert both.sum() > 10_000
    lat, lon = one.latitude[rows[0]], one.longitude[cols[0]]
    numbers = field.component(*(part[both] for part in np.meshgrid(lon, lat)))
    apart = (one.phase[first] - other.phase[second])[both]
    for number in np.unique(numbers):
        expected = layout.constant(pair[0], int(number)) - layout.constant(pair[1], int(number))
        assert np.abs(apart[numbers == number] - expected).max() <= 2 / 128 + 1e-3
    assert layout.constant(pair[0], 0) != layout.constant(pair[1], 0)


@pytest.mark.parametrize("version", ["3_0_1", "2_0_6"])
def test_the_file_has_arias_layout(found, version):
    granule = next(g for g in found if g.version == version)
    data = layout.write(granule)
    assert len(data) < 4_000_000
    assert layout.write(granule) == data
    pixels = layout.draw(granule)
    with h5py.File(io.BytesIO(data)) as file:
        assert file.attrs["version"] == (b"1c" if version.startswith("3") else b"1b")
        group = file["science/grids/data"]
        for name, values, fill in (
            ("unwrappedPhase", pixels.phase, 0.0),
            ("coherence", pixels.coherence, 0.0),
            ("connectedComponents", pixels.components, -1.0),
            ("amplitude", pixels.amplitude, 0.0),
        ):
            assert group[name].dtype == np.float32
            assert group[name].attrs["_FillValue"][0] == fill
            np.testing.assert_array_equal(group[name][()], values)
        latitude, longitude = group["latitude"][()], group["longitude"][()]
        np.testing.assert_allclose(np.diff(latitude), -1 / 1200, atol=1e-12)
        np.testing.assert_allclose(np.diff(longitude), 1 / 1200, atol=1e-12)
        told = from_wkt(file["productBoundingBox"][0].decode())
        assert told.equals(granule.piece.footprint)
        assert box(longitude[0], latitude[-1], longitude[-1], latitude[0]).buffer(0.01).contains(told)
        geometry(file["science/grids/imagingGeometry"], granule)
        scenes = file["science/radarMetaData/inputSLC/reference/L1InputGranules"][()]
        assert [text.decode() for text in scenes] == granule.scenes(granule.cycle)
        assert ("corrections" in file["science/grids"]) == version.startswith("3")


def geometry(group, granule):
    heights, lat, lon = (group[name][()] for name in ("heightsMeta", "latitudeMeta", "longitudeMeta"))
    assert heights[0] < 0 < heights[-1]
    west, south, east, north = granule.piece.bounds
    assert lon[0] < west < east < lon[-1]
    assert lat[-1] < south < north < lat[0]
    across, _ = granule.piece.place(*np.meshgrid(lon, lat))
    for k, height in enumerate(heights):
        angle = incidence(across, height)
        np.testing.assert_allclose(group["incidenceAngle"][k], angle, rtol=1e-6)
        np.testing.assert_allclose(group["lookAngle"][k], look(angle), rtol=1e-6)
        np.testing.assert_allclose(group["azimuthAngle"][k], azimuth(granule.piece), rtol=1e-6)
        np.testing.assert_allclose(group["perpendicularBaseline"][k], field.baseline(granule, across), rtol=1e-5)
    assert (look(incidence(across)) < incidence(across)).all()


def test_the_radar_looks_to_the_right(found):
    for granule in found[::50]:
        piece = granule.piece
        lon, lat = piece.footprint.centroid.x, piece.footprint.centroid.y
        towards = np.radians(azimuth(piece))
        step = 0.02
        moved = lon + step * np.cos(towards) / np.cos(np.radians(lat)), lat + step * np.sin(towards)
        here, there = (piece.place(np.array([x]), np.array([y]))[0][0] for x, y in ((lon, lat), moved))
        assert there < here - 1500  # towards the satellite is to the left, where angles are smaller
        assert incidence(np.array([there]))[0] < incidence(np.array([here]))[0]


def test_the_index_is_cut_into_cells(found):
    whole = index.json.loads(index.index({}))
    assert whole == {"cells": {"degrees": 1, "url": "cells/{year}/{west}_{south}.json"}}
    cell = index.json.loads(index.cell_index("cells/2020/9_47.json"))["granules"]
    names = {row["name"] for row in cell}
    assert {granule.name for granule in found} <= names
    assert {name.split("-tops-")[1][:4] for name in names} == {"2020"}
    assert all(from_wkt(row["footprint"]).intersects(box(9, 47, 10, 48)) for row in cell)
    for path in (
        "cells/2020/-40_30.json",  # out at sea
        "cells/2020/180_10.json",
        "cells/2020/9_90.json",
        "cells/1999/9_47.json",
        "cells/2020/9_47.txt",
        "cells/9_47.json",
    ):
        assert index.cell_index(path) is None


def test_the_index_can_be_asked_for_a_box_and_days(found):
    query = {"bbox": ",".join(map(str, HERE)), "start": "2020-04-01", "end": "2020-07-01"}
    rows = index.json.loads(index.index(query))["granules"]
    within = [
        g.name
        for g in found
        if moment(g.secondary).date() >= date(2020, 4, 1) and moment(g.reference).date() < date(2020, 7, 1)
    ]
    assert [row["name"] for row in rows] == within
    assert within
    for wrong in (
        {"bbox": query["bbox"]},
        {**query, "bbox": "1,2,3"},
        {**query, "bbox": "9,48,10,47"},
        {**query, "start": "spring"},
        {**query, "limit": "3"},
    ):
        with pytest.raises(ValueError, match=r"bbox|Invalid isoformat"):
            index.index(wrong)


def test_by_http(url, found):
    granule = found[0]
    cells = requests.get(f"{url}/index.json", timeout=60).json()["cells"]
    listed = requests.get(f"{url}/{cells['url'].format(year=2020, west=9, south=47)}", timeout=60).json()["granules"]
    row = next(row for row in listed if row["name"] == granule.name)
    whole = requests.get(f"{url}/{granule.name}.nc", timeout=60)
    assert whole.status_code == 200
    assert whole.content == layout.write(granule)
    assert whole.headers["etag"] == row["etag"]
    part = requests.get(f"{url}/{granule.name}.nc", headers={"Range": "bytes=-100"}, timeout=60)
    assert (part.status_code, part.content) == (206, whole.content[-100:])
    for path in ("nothing.nc", f"{granule.name}", "cells/2020/-40_30.json", "%2e%2e/gssic/", ""):
        assert requests.get(f"{url}/{path}", timeout=60).status_code == 404, path
    assert requests.get(f"{url}/index.json?bbox=1", timeout=60).status_code == 400


def test_without_h5py_it_says_what_is_missing(found, monkeypatch):
    class Request:
        path_params = {"path": f"{found[1].name}.nc"}  # noqa: RUF012 - as it is
        headers = {}  # noqa: RUF012

    def missing(_granule):
        raise ImportError("No module named 'h5py'")

    monkeypatch.setattr(layout, "write", missing)
    answer = routes._gunw(Request())
    assert answer.status_code == 501
    assert b"pip install 'eo-ingest[insar]'" in answer.body
