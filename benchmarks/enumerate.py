"""Tiles of regions: seconds, tiles per second and peak memory, found and written to GeoParquet, beside geetiles.

python benchmarks/enumerate.py                     CONUS, Europe, all six regions and world-land
python benchmarks/enumerate.py --geetiles iso:BEL  the same area by `geet grid` (extra `bench`) and by ours
python benchmarks/enumerate.py --plan              `plan` of all six regions and all products

Each measurement is a process of its own. Prints JSON.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SIX = ("conus", "europe", "china", "middleeast", "pakin", "southamerica")
METRES = 4480


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("areas", nargs="*", help="AOIs, several joined by '+'")
    parser.add_argument("--grid", default="utm")
    parser.add_argument("--geetiles", metavar="AOI", help="measure `geet grid` on this area beside ours")
    parser.add_argument("--plan", action="store_true", help="measure `plan` of all six regions and all products")
    parser.add_argument("--one", choices=["find", "write", "plan"], help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        report = plan() if args.one == "plan" else measure(args.areas[0], args.grid, write=args.one == "write")
    elif args.geetiles:
        report = beside(args.geetiles)
    elif args.plan:
        report = child("--one", "plan")
    else:
        areas = args.areas or ["conus", "europe", "+".join(SIX), "world-land"]
        report = {
            area: {how: child("--one", how, "--grid", args.grid, area) for how in ("find", "write")} for area in areas
        }
    json.dump(report, sys.stdout, indent=1)
    print()


def child(*args: str) -> dict[str, object]:
    done = subprocess.run([sys.executable, __file__, *args], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def measure(areas: str, grid_name: str, *, write: bool) -> dict[str, object]:
    """One area or several, one after the other, as separate runs of one process."""
    from eo_ingest import aoi, catalog
    from eo_ingest.aoi.country import countries
    from eo_ingest.grid import Grid, iter_zones

    grid = Grid.load(grid_name)
    warm = aoi.load("demo").geometry  # the first transformation loads PROJ
    shapes = [aoi.load(name) for name in areas.split("+")]
    count = size = 0
    with tempfile.TemporaryDirectory() as folder:
        if write:
            countries().locate(np.zeros(1), np.zeros(1))
            catalog.write_tiles(iter_zones(Grid.load("utm"), warm), "demo", Path(folder, "warm.parquet"))
        else:
            Grid.load("utm").cover(warm)
        before = peak()
        start = time.perf_counter()
        for shape in shapes:
            zones = iter_zones(grid, shape.geometry)
            path = Path(folder, f"{shape.name}.parquet")
            count += catalog.write_tiles(zones, shape.name, path) if write else sum(zone.tiles for zone in zones)
            size += path.stat().st_size if write else 0
        seconds = time.perf_counter() - start
    return {
        "tiles": count,
        "seconds": round(seconds, 2),
        "tiles_per_second": round(count / seconds),
        "bytes_per_tile": round(size / count, 1),
        "peak_mib": peak(),
        "peak_mib_before": before,
    }


def plan() -> dict[str, object]:
    from eo_ingest import aoi, products
    from eo_ingest.errors import ConfigError
    from eo_ingest.grid import Grid
    from eo_ingest.plan import Plan, series

    pairs = []
    for product in products.REGISTRY.values():
        try:
            pairs += series([product], None)
        except ConfigError:  # an event has no period of its own
            continue
    start = time.perf_counter()
    plans = [Plan(aoi.load(name), Grid.load("utm"), tuple(pairs)).summary() for name in SIX]
    seconds = time.perf_counter() - start
    return {
        "products": len(products.REGISTRY),
        "series": len(pairs),
        "tiles": sum(made["tiles"] for made in plans),
        "jobs": sum(made["jobs"] for made in plans),
        "seconds": round(seconds, 2),
        "peak_mib": peak(),
    }


def beside(area: str) -> dict[str, object]:
    """Whole commands, interpreter and imports included, on the same outline: `geet grid` and `eo-ingest grid tiles`."""
    from eo_ingest import aoi

    with tempfile.TemporaryDirectory() as folder:
        outline = Path(folder, "area.wkt")
        outline.write_text(aoi.load(area).geometry.wkt)
        reports = {}
        for name, command, pattern in (
            (
                "geetiles",
                ["geet", "grid", "--aoi_wkt_file", outline, "--chip_size_meters", METRES, "--aoi_name", "area",
                 "--dest_dir", folder],
                "*.geojson",
            ),
            (
                "eo-ingest",
                ["eo-ingest", "grid", "tiles", "--aoi", outline, "--out", Path(folder, "ours.parquet")],
                "ours.parquet",
            ),
        ):  # fmt: skip
            program = Path(sys.executable).with_name(str(command[0]))
            start = time.perf_counter()
            subprocess.run([program, *map(str, command[1:])], check=True, capture_output=True, cwd=folder)
            seconds = time.perf_counter() - start
            (made,) = Path(folder).rglob(pattern)
            count = rows(made)
            reports[name] = {
                "tiles": count,
                "seconds": round(seconds, 2),
                "tiles_per_second": round(count / seconds, 1),
            }
    return {"area": area, **reports}


def rows(path: Path) -> int:
    import geopandas as gpd

    return len(gpd.read_parquet(path) if path.suffix == ".parquet" else gpd.read_file(path))


def peak() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


if __name__ == "__main__":
    main()
