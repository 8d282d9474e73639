"""One tile that shows what the reference chain got wrong, made once for all tests of it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
import reference_scene as scene
import zarr

from eo_ingest import products, runtime
from eo_ingest.config import RunConfig

PERIODS = {
    "s1grd": ("2020",),
    "s1grd-monthly": ("2020-05",),
    "s2-rgb-monthly": ("2020-05", "2020-06", "2023-07"),
    "dem": ("2020",),
    "vcf": ("2020",),
}


@dataclass
class Made:
    """A store of one tile, and what was done for it: requests for pixels, connections, and commands."""

    store: str
    requests: list = field(default_factory=list)
    connections: list = field(default_factory=list)
    commands: list = field(default_factory=list)

    def stored(self, product, period, variable):
        """The tile's stored values (frame, band, y, x), as any reader of Zarr has them."""
        array = zarr.open_array(self.store, path=f"{product}/{period}/{scene.ZONE.name}/{variable}", mode="r")
        side = products.get(product).tile_px
        rows, cols = (slice(n * side, (n + 1) * side) for n in (scene.TILE.row, scene.TILE.col))
        return array[:, :, rows, cols]

    def scenes(self, product, period):
        (path,) = (Path(self.store) / "manifest" / product / period).rglob("*.json")
        return {
            frame: [r["system:index"] for r in rows] for frame, rows in json.loads(path.read_text())["scenes"].items()
        }


@cache
def make(session):
    """The tile of `reference_scene`, by five products in one run; once for all tests of a session, in its folder."""
    import ee

    folder = session / "reference-scene"
    scene.write(folder / "assets")
    found = Made(str(folder / "s.zarr"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        patch.setenv("CLOUDSDK_CONFIG", str(folder / "gcloud"))
        for module, name, seen in (
            (ee.data, "computePixels", found.requests),
            (ee, "Initialize", found.connections),
            (subprocess, "Popen", found.commands),
        ):
            patch.setattr(module, name, watched(getattr(module, name), seen))
        config = RunConfig.of(
            aoi=runtime.box_of(scene.TILE.id, "utm"), store=found.store,
            products=tuple(PERIODS), product_periods=PERIODS, source="emulator",
            assets=str(folder / "assets"),
        )  # fmt: skip
        totals = runtime.tile(config).totals
    assert totals.failures == []
    return found


def watched(function, seen):
    """A function that notes what it is called with."""

    def call(*args, **kwargs):
        seen.append((args, kwargs))
        return function(*args, **kwargs)

    return call
