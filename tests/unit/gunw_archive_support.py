"""What tests of archives share: granules in a folder, and archives of them."""

from __future__ import annotations

from datetime import date

import shapely

from eo_ingest.sources.gunw import footprint
from eo_ingest.sources.gunw.archive import Archive, shelf_at
from eo_ingest.sources.gunw.cache import Cache
from eo_ingest.sources.gunw.select import Rule
from eo_ingest.sources.gunw.shelf import Area
from eo_ingest.sources.transfer import Traffic
from gunw_support import HOME, Spec, block_at, write

SMALL = Spec(width=60, height=60, west=-118.08, south=33.9)
LATER = SMALL.but(reference="20200712", secondary="20200630")
BOTH = sorted([SMALL.name, LATER.name])
RULE = Rule(8, 48, (2, 0, 4))


def make_granules(folder):
    folder.mkdir()
    write(folder, SMALL)
    write(folder, LATER)
    (folder / "README.nc").write_text("not a granule")
    return folder


def area(at=HOME):
    block, zone = block_at(*at)
    polygon, longitude = footprint.of_cell(zone, block)
    return Area(polygon, longitude, polygon.centroid.y, date(2019, 12, 1), date(2020, 12, 1))


def opened(url, tmp_path, limit=10**9):
    return Archive(shelf_at(str(url), 4), Cache(tmp_path / "cache", limit), tmp_path / "notes.json")


def find(archive, at=HOME):
    return archive.find(area(at), RULE, Traffic())


def names(candidates):
    return sorted(candidate.name.text for candidate in candidates)


def shelf_box():
    return shapely.box(*SMALL.bounds)
