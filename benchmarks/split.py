"""Parting a box of North America, a million tiles: prints seconds per method and peak memory as JSON.

python benchmarks/split.py [west,south,east,north | AOI]
"""

import json
import resource
import sys
import time

from eo_ingest import aoi
from eo_ingest.grid import Grid
from eo_ingest.split import Rule, Shares, Tiles, freeze, part

BOX = "-125,20,-66,55"
SHARES = Shares.of({"train": 0.6, "val": 0.2, "test": 0.2})
RULES = {
    "bands": Rule.of("bands", SHARES, angle=0.9),
    "bands, guard 5 km": Rule.of("bands", SHARES, angle=0.9, guard_km=5),
    "bands, guard 50 km": Rule.of("bands", SHARES, angle=0.9, guard_km=50),
    "blocks": Rule.of("blocks", SHARES),
    "blocks, guard 5 km": Rule.of("blocks", SHARES, guard_km=5),
    "countries": Rule.of("countries", SHARES),
}


def main() -> None:
    area = aoi.load(sys.argv[1] if len(sys.argv) > 1 else BOX).geometry
    cover = Grid.load("utm").cover(area)
    report = {"tiles": cover.tiles, "seconds": {}, "guard": {}}
    for name, rule in RULES.items():
        start = time.perf_counter()
        parting = part(Tiles.of_cover(cover), rule)
        freeze(parting, rule, {"name": "box", "sha256": "0"})
        report["seconds"][name] = round(time.perf_counter() - start, 2)
        report["guard"][name] = parting.counts()["guard"]
    report["peak_rss_mib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    json.dump(report, sys.stdout)
    print()


if __name__ == "__main__":
    main()
