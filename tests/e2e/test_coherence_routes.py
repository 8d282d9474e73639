"""Coherence by two routes: Earth Engine's graph and the archive's files give equal pixels, to the last unit."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from rasterio import Affine

from e2e_support import Stored, eo_ingest, nobody
from emulator_client import Connection
from eo_ingest.emulator.process import EmulatorProcess
from eo_ingest.grid import Grid
from eo_ingest.job import Job
from eo_ingest.products.coherence import COHERENCE, FOLDER
from eo_ingest.sources.cog import CogSource
from eo_ingest.sources.earthengine.source import EarthEngineSource

# On the border of two of the archive's tiles: a tile of the synthetic world takes ten seconds to make.
BORDER = (9.0, 48.5)
SQUARES = {"N49E008": (8, 49), "N49E009": (9, 49)}


def make(store, *more):
    around = "{},{},{},{}".format(*(v + d for d in (-0.001, 0.001) for v in BORDER))
    return eo_ingest(
        "tile", f"--aoi={around}", "--products", "coherence", "--source", "emulator", "--store", store, *more
    )


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """A tile of two squares, from one emulator by both routes; what the runs said; and each store made again."""
    folder = tmp_path_factory.mktemp("routes")
    by_graph, by_files = folder / "graph.zarr", folder / "files.zarr"
    with EmulatorProcess() as emulator, nobody(folder) as patch:
        patch.setenv("EO_INGEST_EMULATOR_URL", emulator.url)
        runs = make(by_graph), make(by_files, "--archive", "coherence=emulator")
        again = make(by_graph, "--archive", "coherence=emulator"), make(by_files)
    return by_graph, by_files, runs, again


def objects(store):
    """Everything that holds pixels, and what describes them."""
    found = (path for path in Path(store).rglob("*") if path.is_file() and "coherence" in path.parts)
    kept = (path for path in found if "manifest" not in path.parts)
    return {path.relative_to(store).as_posix(): path.read_bytes() for path in kept}


def records(store):
    return [json.loads(path.read_text()) for path in (Path(store) / "manifest").rglob("*.json")]


def test_both_routes_write_the_same_bytes(stores):
    by_graph, by_files, _, _ = stores
    one, other = objects(by_graph), objects(by_files)
    assert len(one) > len(COHERENCE.variables)
    assert one == other


def test_all_there_is_on_both_sides_of_the_border_is_seen(stores):
    found = Stored.read(stores[1], "coherence", "2020")
    lon, _ = lonlat(found)
    assert lon.min() < BORDER[0] < lon.max()
    for variable in COHERENCE.variables:
        values = found.data[variable.name].to_numpy()
        assert values.shape[-2:] == (56, 56)
        assert np.mean(values != variable.nodata) > 0.98
    coherence = found.data["coherence"].to_numpy()
    medians = np.median(coherence, axis=(0, 2, 3))
    assert (np.diff(medians) <= 0).all()  # it decays with the days between
    assert medians[0] > medians[-1]


def lonlat(found):
    x, y = np.meshgrid(found.data["x"].to_numpy(), found.data["y"].to_numpy())
    return Transformer.from_crs(found.crs.to_wkt(), "EPSG:4326", always_xy=True).transform(x, y)


def test_pixels_are_the_worlds_numbers_under_their_centres(stores):
    from eo_ingest.emulator.asset import Window
    from eo_ingest.emulator.world import World

    found = Stored.read(stores[1], "coherence", "2020")
    lon, lat = lonlat(found)
    values = found.values("coherence", "MAM", "coh12")
    checked = 0
    for name, (west, north) in SQUARES.items():
        here = (np.floor(lon) == west) & (np.ceil(lat) == north)
        rows, cols = np.floor((north - lat[here]) * 1200).astype(int), np.floor((lon[here] - west) * 1200).astype(int)
        top, left = rows.min(), cols.min()
        window = Window(int(top), int(left), int(np.ptp(rows)) + 1, int(np.ptp(cols)) + 1)
        true, _ = World().get(f"{FOLDER}/COHERENCE_RAW/{name}").read("spring_vv_COH12", 0, window)
        np.testing.assert_array_equal(values[here], true[rows - top, cols - left])
        checked += here.sum()
    assert checked == 56 * 56


def test_records_of_both_routes_tell_their_inputs_and_share_a_fingerprint(stores):
    by_graph, by_files, (graph, files), _ = stores
    (one,), (other,) = records(by_graph), records(by_files)
    assert one["fingerprint"] == other["fingerprint"]
    assert one["tiles"] == other["tiles"]
    assert one["synthetic"]
    assert other["synthetic"]
    assert {row["tile_id"] for row in one["scenes"]["DJF"]} == set(SQUARES)
    rows = other["scenes"]["DJF"]
    assert {row["system:index"][:7] for row in rows} == set(SQUARES)
    assert all(row["url"].endswith(f"/{row['system:index'][:7]}/{row['system:index']}.tif") for row in rows)
    assert all(row["etag"] for row in rows)
    assert any(row["system:index"].endswith("_winter_vv_COH12") for row in rows)
    assert not any("_summer_" in row["system:index"] for row in rows)
    assert graph["requests"] < 5
    fetched = {row["url"] for frame in other["scenes"].values() for row in frame}
    assert files["requests"] == len(fetched) + len(SQUARES) + 2  # each file, each listing, and a look at the place
    assert files["retries"] == 0


def test_what_one_route_made_the_other_leaves_alone(stores):
    for run in stores[3]:
        assert run["jobs"]["done"] == run["jobs"]["failed"] == 0
        assert run["requests"] == 0


def test_files_need_no_account(tmp_path):
    """Real files, as far as anybody can tell: nothing asks for Earth Engine, and pixels are not marked synthetic."""
    values = np.indices((1200, 1200)).sum(0) % 100 + 1
    write(tmp_path / "files" / "N49E010" / "N49E010_winter_vv_COH12.tif", 10, 49, [values.astype("uint8")])
    arguments = ("--aoi=10.455,48.455,10.456,48.456", "--products", "coherence", "--store", tmp_path / "s.zarr")
    with nobody(tmp_path):
        run = eo_ingest("tile", *arguments, "--archive", f"coherence={tmp_path / 'files'}")
    assert run["jobs"] == {"done": 1, "failed": 0, "kept": 0}
    assert run["tiles"] == {"ok": 1, "empty": 0, "failed": 0}
    (record,) = records(tmp_path / "s.zarr")
    assert not record["synthetic"]
    assert str(tmp_path) not in json.dumps(record)
    found = Stored.read(tmp_path / "s.zarr", "coherence", "2020")
    lon, lat = lonlat(found)
    expected = values[np.floor((49 - lat) * 1200).astype(int), np.floor((lon - 10) * 1200).astype(int)]
    np.testing.assert_array_equal(found.values("coherence", "DJF", "coh12"), expected)
    assert (found.values("coherence", "MAM", "coh12") == 0).all()


# The same numbers in two forms: files of the archive, and Earth Engine's images of them, with fewer bands in some tiles
# than in others, holes, orbits that see a part, and codes that no documentation has.

PLACES = {"corner": (9.0, 48.0), "equator": (10.0, 0.0), "dateline": (180.0, 66.0)}


def name_of(west, north):
    west = (west + 180) % 360 - 180
    return f"{'N' if north >= 0 else 'S'}{abs(north):02d}{'E' if west >= 0 else 'W'}{abs(west):03d}"


def layers_of(rng, number):
    """Layers of one square: the second lacks pairs of six days, the third a season, the fourth all but orbits."""

    def patchy(values):
        return np.where(rng.random((1200, 1200)) < 0.1, 0, values)

    found = {}
    for season in ("winter", "summer"):
        for days in ("06", "12"):
            if (number, days) != (1, "06") and (number, season) != (2, "summer") and number != 3:
                found[f"{season}_vv_COH{days}"] = patchy(rng.integers(1, 104, (1200, 1200))).astype("uint8")
    if number != 3:
        found["winter_vv_AMP"] = patchy(rng.integers(1, 65536, (1200, 1200))).astype("uint16")
        found["winter_vv_tau"] = patchy(rng.integers(1, 65536, (1200, 1200))).astype("uint16")
    for orbit in ("022A", "095A", "168D")[: 3 - number % 2]:
        found[f"{orbit}_inc"] = patchy(rng.integers(1, 120, (1200, 1200))).astype("uint8")
        found[f"{orbit}_lsmap"] = patchy(rng.choice([1, 1, 5, 17, 21, 3, 7, 25], (1200, 1200))).astype("uint8")
    return found


def collection_of(layer):
    metric = layer.rpartition("_")[2]
    if metric in {"inc", "lsmap"}:
        return "INCIDENCE_LAYOVER_SHADOW"
    return {"AMP": "BACKSCATTER_RAW", "tau": "DECAY_MODEL_PARAMETERS_RAW"}.get(metric, "COHERENCE_RAW")


def write(path, west, north, arrays, **sidecar):
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = {
        "driver": "GTiff", "width": 1200, "height": 1200, "crs": "EPSG:4326", "count": len(arrays), "alpha": "no",
        "dtype": arrays[0].dtype, "transform": Affine(1 / 1200, 0, west, 0, -1 / 1200, north),
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as out:
        out.write(np.stack(arrays))
    if sidecar:
        path.with_suffix(".json").write_text(json.dumps(sidecar))


def write_both(folder, west, north, layers):
    tile = name_of(west, north)
    west = (west + 180) % 360 - 180
    images = {}
    for layer, values in layers.items():
        write(folder / "files" / tile / f"{tile}_{layer}.tif", west, north, [values])
        collection = collection_of(layer)
        orbit = layer.partition("_")[0] if collection.startswith("INC") else None
        images.setdefault((collection, orbit), {})[layer.rpartition("_")[2] if orbit else layer] = values
    for (collection, orbit), bands in images.items():
        more = {"relative_orbit_number": int(orbit[:3]), "flight_direction": orbit[3]} if orbit else {}
        write(
            folder / "assets" / FOLDER / collection / f"{tile}{f'_{orbit}' if orbit else ''}.tif", west, north,
            list(bands.values()), bands=list(bands), properties={"tile_id": tile, **more},
        )  # fmt: skip


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("forms"), np.random.default_rng(7)
    for lon, lat in PLACES.values():
        corners = [(lon - 1, lat + 1), (lon, lat + 1), (lon - 1, lat), (lon, lat)]
        for number, (west, north) in enumerate(corners):
            write_both(folder, int(west), int(north), layers_of(rng, number))
    grid = Grid.load("utm")
    known = {"coherence": COHERENCE}
    with EmulatorProcess(assets=folder / "assets", world=False) as emulator:
        graph = EarthEngineSource(grid, known, workers=4, name="files", synthetic=False)
        files = CogSource(grid, known, url=str(folder / "files"), workers=4, synthetic=False)
        with Connection(emulator.url).active():
            yield grid, graph, files
        graph.close()
        files.close()


@pytest.mark.parametrize(
    ("place", "zone"),
    [
        ("corner", "utm32n"),
        ("equator", "utm32n"),
        ("equator", "utm32s"),
        ("dateline", "utm60n"),
        ("dateline", "utm01n"),
    ],
)
def test_whatever_the_files_hold_both_routes_agree(sources, place, zone):
    grid, graph, files = sources
    job = job_at(grid, PLACES[place], zone)
    one, other = graph.fetch(job), files.fetch(job)
    seen = set()
    for index in range(16):
        for variable in COHERENCE.variables:
            values = one.tiles[index][variable.name]
            np.testing.assert_array_equal(values, other.tiles[index][variable.name], err_msg=variable.name)
            low, high = variable.valid_range
            assert ((values == variable.nodata) | ((values >= low) & (values <= high))).all()
            if (values != variable.nodata).any():
                seen.add(variable.name)
    assert seen == {"coherence", "amplitude", "tau", "incidence", "layover_shadow"}


def job_at(grid, place, zone):
    """The block just north-west of a place, or around it; in the south, just below the equator."""
    found = grid.zone(zone)
    lat = place[1] - 0.01 if zone.endswith("s") else place[1] + 0.01
    x, y = Transformer.from_crs("EPSG:4326", found.crs, always_xy=True).transform(place[0], lat)
    size = found.tile_size * found.block_tiles
    return Job(
        "coherence", "2020", found.block(int((found.y_top - y) // size), int((x - found.x_left) // size)), 0xFFFF
    )
