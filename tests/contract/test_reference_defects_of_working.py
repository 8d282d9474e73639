"""Defects of the reference chain (geetiles, sartiles, the M3LEO layout) in how it works: client, archives, metadata.

Numbered as they are in the list of defects; each test shows that what was wrong there is right here. What is about
pixels runs on one tile of rasters made for it (`reference_scene`), through the command line's functions and the real
client.
"""

from __future__ import annotations

import ast
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import reference_scene as scene
import reference_store
import shapely
import xarray as xr
from affine import Affine
from pyproj import Transformer

import cog_support
import gunw_support
from eo_ingest import catalog, products, runtime
from eo_ingest.config import RunConfig
from eo_ingest.errors import ConfigError, SourceError
from eo_ingest.grid import Grid
from eo_ingest.job import Job
from eo_ingest.period import Period
from eo_ingest.products.insar import INSAR
from eo_ingest.sources import transfer
from eo_ingest.sources.earthengine import client
from eo_ingest.sources.gunw import GunwSource
from eo_ingest.stores import layout, metadata
from tests_support import ROOT

UTM = Grid.load("utm")


@pytest.fixture
def made(tmp_path_factory):
    return reference_store.make(tmp_path_factory.getbasetemp())


def described(product, zone, folder, **options):
    """A group as xarray opens it, with nothing of ours."""
    period = product.expand(Period.parse(product.periods[0]))[0]
    for key, data in metadata.objects(product, period, zone).items():
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return xr.open_zarr(folder / layout.group(product.name, period.name, zone.name), chunks=None, **options)


def runtime_of(store):
    opened, grid = runtime.existing(store)
    return opened, catalog.wanted(opened), runtime.current_fingerprint(grid, opened)


# 6. The client was initialised ten times in a loop, never at the high-volume endpoint; strings of the command line
# were evaluated, and data set files run as programs.


def test_6_the_client_is_initialised_once_a_process(made):
    """For all products, jobs and requests in flight; but for graphs, which need no server."""
    urls = Counter(options["url"] for _, options in made.connections)
    offline = urls.pop("https://offline.invalid", 0)
    assert offline <= 1
    assert list(urls.values()) == [1]


def test_6_the_high_volume_endpoint_is_the_default(monkeypatch):
    import ee
    from google.auth.credentials import AnonymousCredentials

    seen = []
    monkeypatch.setattr(client, "find_credentials", AnonymousCredentials)
    monkeypatch.setattr(ee, "Initialize", lambda *args, **kwargs: seen.append(kwargs["url"]))
    client.connect(project="p", url=None, anonymous=False)
    assert seen == ["https://earthengine-highvolume.googleapis.com"]


@cache
def calls():
    """(file, name) of all that is called by name in the sources, such as `os.path.join`."""
    found = set()
    for folder in ("eo_ingest", "flows"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            nodes = (node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
            found |= {(path.relative_to(ROOT).as_posix(), name) for node in nodes if (name := dotted(node))}
    return found


def dotted(node):
    """The name of what is called; of what hangs on no name, such as a call's result, the attribute alone."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value) or ''}.{node.attr}".lstrip(".")
    return None


def test_6_nothing_is_evaluated_but_a_program_that_the_user_trusts():
    run = {
        "eval",
        "exec",
        "compile",
        "execfile",
        "builtins.eval",
        "builtins.exec",
        "runpy.run_path",
        "runpy.run_module",
    }
    found = {(path, name) for path, name in calls() if name in run}
    assert found == {("eo_ingest/products/custom/module.py", name) for name in ("compile", "exec")}
    loaders = {"exec_module", "spec_from_file_location", "load_module"}
    assert not [path for path, name in calls() if name.rpartition(".")[2] in loaders]


def test_6_a_program_does_not_run_unless_it_is_trusted(tmp_path):
    witness = tmp_path / "ran"
    program = tmp_path / "product.py"
    program.write_text(f"import pathlib\npathlib.Path({str(witness)!r}).write_text('it did')\n")
    options = {"aoi": "demo", "store": "-", "products": (str(program),)}
    with pytest.raises(ConfigError, match="trust-code"):
        runtime.resolve(RunConfig.of(**options))
    assert not witness.exists()
    with pytest.raises(ConfigError, match=r"product\.py defines none"):
        runtime.resolve(RunConfig.of(**options, trust_code=True))
    assert witness.exists()


# 7. Interferograms: a marker of what was skipped made the documented retry dead code; tiles on the edges of frames were
# dropped; all pairs got the first one's latitudes and longitudes; fewer than 20 000 tiles did not work; the polygon
# of the query was simplified by half a degree.


def test_7_what_failed_is_tried_again_by_the_next_run(source, config):
    once = config()
    (job,) = list(runtime.resolve(once).jobs())[:1]
    source.broken[job.key] = SourceError("not today")
    first = runtime.tile(once).totals
    assert first.jobs["failed"] == 1
    source.broken.clear()
    again = runtime.tile(once).totals
    assert (again.jobs["done"], again.jobs["failed"], again.jobs["kept"]) == (1, 0, first.jobs["done"])
    assert source.calls[job.key] == 2


def interferograms(folder, tmp_path):
    """The phase of a block's two first pairs in radians, and the (lon, lat) of its pixels."""
    reader = GunwSource(UTM, {"insar": INSAR}, url=str(folder), workers=2, synthetic=False, cache=tmp_path / "cache")
    with closing(reader):
        fetched = reader.fetch(gunw_support.job_at(*gunw_support.HOME))
    tiles = [fetched.tiles[i]["unwrapped_phase"][:2, 0] for i in range(16)]
    rows = [np.concatenate(tiles[4 * r : 4 * r + 4], axis=-1) for r in range(4)]
    stored = np.concatenate(rows, axis=-2)
    block, zone = gunw_support.block_at(*gunw_support.HOME)
    a, _, c, _, e, f = zone.affine(block, factor=8)
    at = np.arange(stored.shape[-1]) + 0.5
    back = Transformer.from_crs(zone.crs, "EPSG:4326", always_xy=True)
    return np.where(stored == -(2**31), np.nan, stored * 0.01), back.transform(*np.meshgrid(c + a * at, f + e * at))


def test_7_each_pair_has_its_own_place_and_edges_are_kept(tmp_path):
    """Two pairs on lattices of other size and origin; the second ends within the tiles, which are kept."""
    folder, step = tmp_path / "granules", gunw_support.STEP
    folder.mkdir()
    east = gunw_support.HOME[0] + 0.02
    gunw_support.write(folder, reference="20200312", secondary="20200229")
    gunw_support.write(
        folder, reference="20200912", secondary="20200831", west=-118.25 + 0.4 * step, south=33.75 - 0.3 * step,
        width=round((east + 118.25) / step), height=400,
    )  # fmt: skip
    phase, (lon, lat) = interferograms(folder, tmp_path)
    truth = gunw_support.phase_ramp(lon, lat)
    assert np.isfinite(phase[0]).all()
    assert np.isfinite(phase[1][lon < east - 2 * step]).all()
    assert np.isnan(phase[1][lon > east + 2 * step]).all()
    assert 0.2 < np.isnan(phase[1]).mean() < 0.8
    assert np.nanmax(np.abs(phase - truth)) <= 0.0061


def test_7_small_areas_work(made):
    """One tile, not 20 000."""
    aoi = runtime.box_of(scene.TILE.id, "utm")
    plan = runtime.resolve(RunConfig.of(aoi=aoi, store="-", products=("insar", "worldcover")))
    assert plan.summary()["tiles"] == 1
    found = catalog.status(*runtime_of(made.store))["products"]
    assert all(p["tiles"] == {"ok": 1, "empty": 0, "failed": 0, "missing": 0} for n in found for p in found[n].values())


def test_7_the_area_is_not_simplified(tmp_path):
    """A ring a quarter of a degree across, thinner than half a degree: its hole stays, and so does all of it."""
    outer = shapely.box(10.0, 46.0, 10.3, 46.3)
    ring = outer.difference(shapely.box(10.1, 46.1, 10.2, 46.2))
    path = tmp_path / "ring.geojson"
    path.write_text(shapely.to_geojson(ring))
    plan = runtime.resolve(RunConfig.of(aoi=str(path), store="-", products=("insar",)))
    zone = UTM.zone("utm32n")
    back = Transformer.from_crs(zone.crs, "EPSG:4326", always_xy=True)
    squares = []
    for tile in plan.cover.iter_tiles():
        west, south, east, north = zone.bounds(tile)
        corners = np.column_stack(back.transform([west, east, east, west], [south, south, north, north]))
        squares.append(shapely.Polygon(corners))
    covered = shapely.union_all(squares)
    assert covered.buffer(1e-5).contains(ring)
    assert all(square.intersects(ring) for square in squares)
    assert not covered.contains(shapely.Point(10.15, 46.15))


# 8. Coherence: the geotransform was scale · translation, which multiplies the origin by the resolution; 38 files a
# degree were fetched anew by each process; the password stood on a command line.


@pytest.mark.parametrize("product", [p for p in products.REGISTRY.values() if "-" not in p.name], ids=lambda p: p.name)
def test_8_the_geotransform_is_translation_times_scale(product, tmp_path):
    """As GDAL and rioxarray decode it, and as the convention `spatial` has it; the axes say the same."""
    zone, step = UTM.zone("utm19s"), product.resolution
    found = described(product, zone, tmp_path)
    told = Affine.from_gdal(*map(float, found.spatial_ref.attrs["GeoTransform"].split()))
    left, top = zone.x_left, zone.y_top
    assert told == Affine.translation(left, top) @ Affine.scale(step, -step)
    assert told != Affine.scale(step, -step) @ Affine.translation(left, top)
    assert told == Affine(*found.attrs["spatial:transform"][:6])
    for row, col in ((0, 0), (1, 2), (found.sizes["y"] - 1, found.sizes["x"] - 1)):
        assert told @ (col + 0.5, row + 0.5) == (float(found.x[col]), float(found.y[row]))
    assert found.spatial_ref.attrs["crs_wkt"]


def test_8_the_tile_that_was_stored_is_where_the_grid_says(made):
    found = xr.open_zarr(Path(made.store) / "dem/2020/utm32n", chunks=None)
    west, south, east, north = scene.ZONE.bounds(scene.TILE)
    part = found["elevation"].sel(x=slice(west, east), y=slice(north, south)).squeeze()
    assert part.shape == (224, 224)
    assert part.notnull().all()
    assert found["elevation"].sel(x=west - 10, y=north - 10, method="nearest").isnull().all()


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """A server of seasonal coherence, and jobs of 12 blocks that share its files."""
    monkeypatch.setattr(transfer, "FIRST_WAIT_S", 0.001)
    square = cog_support.Square(10, 49)
    for number, season in enumerate(cog_support.SEASONS):
        for layer in ("vv_COH12", "vv_COH24"):
            cog_support.write(tmp_path / "served", square, f"{season}_{layer}", cog_support.whole(square, number))
    blocks = {cog_support.block_at(10.2 + 0.2 * i, 48.3 + 0.2 * j) for i in range(4) for j in range(3)}
    with closing(cog_support.Server(tmp_path / "served")) as server:
        yield server, [Job("coherence", "2020", block, 0x8001) for block in sorted(blocks, key=lambda b: b.id)]


def test_8_a_file_is_fetched_once_for_all_jobs(archive):
    server, jobs = archive
    assert len(jobs) == 12
    with closing(cog_support.source(server.url)) as reader, ThreadPoolExecutor(6) as pool:
        fetched = list(pool.map(reader.fetch, jobs))
    assert all((f.tiles[0]["coherence"][:, 1] != 0).any() for f in fetched)
    files = Counter({path: n for path, n in server.counts.items() if path.endswith(".tif")})
    assert len(files) == 8
    assert set(files.values()) == {1}


def test_8_no_password_is_on_a_command_line_or_in_a_store(archive, tmp_path, monkeypatch):
    """No command is run at all; what the address tells is in no record, description or message."""
    server, _ = archive
    commands = []
    monkeypatch.setattr(subprocess, "Popen", reference_store.watched(subprocess.Popen, commands))
    monkeypatch.setattr("os.system", reference_store.watched(lambda _: 1, commands))
    url = server.url.replace("http://", "http://user:secret@")
    config = RunConfig.of(
        aoi="10.50,48.50,10.51,48.51", store=str(tmp_path / "s.zarr"), products=("coherence",),
        archives={"coherence": url},
    )  # fmt: skip
    assert runtime.tile(config).totals.tiles["ok"] >= 1
    assert commands == []
    kept = [path for path in (tmp_path / "s.zarr").rglob("*") if path.is_file()]
    assert len(kept) > 5
    assert not [path for path in kept if b"secret" in path.read_bytes()]


def test_8_the_only_command_is_the_emulator(made):
    """And it is run by our own interpreter, with no word that is secret."""
    (((command,), _),) = made.commands
    assert command[1:3] == ["-m", "eo_ingest.emulator"]
    run = (
        "subprocess.",
        "os.system",
        "os.popen",
        "os.spawn",
        "os.exec",
        "os.posix_spawn",
        "pty.spawn",
        "asyncio.create_s",
    )
    assert {path for path, name in calls() if name.startswith(run)} == {"eo_ingest/emulator/process.py"}


# 10. What a band means was in the code alone, and which chips are missing was found by listing folders.


# What differs by the mask of clouds alone is told in the same words.
told = [product for product in products.REGISTRY.values() if not product.name.endswith(("-scl", "-qa60"))]


@pytest.mark.parametrize("product", told, ids=lambda p: p.name)
def test_10_a_store_tells_what_its_bands_mean(product, tmp_path):
    """With nothing of ours: names, units, words and days of every band and frame."""
    found = described(product, UTM.zone("utm32n"), tmp_path, decode_cf=False)
    period = product.expand(Period.parse(product.periods[0]))[0]
    for variable in product.variables:
        array = found[variable.name]
        assert array.dims == ("frame", variable.band_dim, "y", "x")
        assert found[variable.band_dim].to_numpy().tolist() == list(variable.bands)
        assert array.attrs["units"] == variable.units
        assert array.attrs["long_name"] == variable.long_name
        assert array.attrs["_FillValue"] == variable.nodata
        if variable.flags:
            meanings = dict(zip(array.attrs["flag_values"], array.attrs["flag_meanings"].split(), strict=True))
            assert meanings == {flag.value: flag.meaning for flag in variable.flags}
    assert found["frame"].size == found["frame_start"].size == len(product.frames(period))
    assert found.attrs["title"].startswith(product.title)


def test_10_what_is_missing_is_told_by_records_not_by_folders(source, config, tmp_path):
    """A failed job and one that was never tried are told apart, whatever files lie about."""
    once = config()
    jobs = list(runtime.resolve(once).jobs())
    source.broken[jobs[0].key] = SourceError("not today")
    runtime.tile(once)
    counts = catalog.status(*runtime_of(once.store))["products"]["worldcover"]
    for period in counts.values():
        assert period["jobs"]["missing"] == 0
    assert sum(period["jobs"]["failed"] for period in counts.values()) == 1
    stray = Path(once.store) / layout.shard("worldcover", jobs[0].period, jobs[0].block, "class")
    stray.parent.mkdir(parents=True, exist_ok=True)
    stray.write_bytes(b"lies about")
    assert catalog.status(*runtime_of(once.store))["products"]["worldcover"] == counts
    (done,) = [
        p for p in (Path(once.store) / "manifest").rglob(f"{jobs[1].block.id}.done-*.json") if jobs[1].period in p.parts
    ]
    done.unlink()
    (Path(once.store) / layout.COMPACTION).unlink()
    after = catalog.status(*runtime_of(once.store))["products"]["worldcover"][jobs[1].period]
    assert after["jobs"]["missing"] == 1
    assert after["tiles"]["missing"] == jobs[1].tiles.bit_count()
