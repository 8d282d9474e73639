"""Tiles of a CONUS-sized box: prints tiles, seconds, tiles per second and peak memory as JSON.

python benchmarks/enumerate.py [west,south,east,north | AOI]
"""

import json
import resource
import sys
import time

from eo_ingest import aoi
from eo_ingest.grid import Grid

CONUS = "-124.7,24.5,-66.9,49.4"


def main() -> None:
    area = aoi.load(sys.argv[1] if len(sys.argv) > 1 else CONUS).geometry
    grid = Grid.load("utm")
    grid.cover(aoi.load("demo").geometry)  # the first transformation loads PROJ
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    cover = grid.cover(area)
    tiles = cover.tiles
    seconds = time.perf_counter() - start
    report = {
        "tiles": tiles,
        "blocks": len(cover.blocks),
        "seconds": round(seconds, 3),
        "tiles_per_second": round(tiles / seconds),
        "peak_rss_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "rss_before_mib": round(before / 1024, 1),
    }
    json.dump(report, sys.stdout)
    print()


if __name__ == "__main__":
    main()
