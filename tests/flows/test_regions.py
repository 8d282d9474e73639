"""The deployments of whole regions: with a limit, each completes without an account."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest

FILE = Path(__file__).resolve().parents[2] / "prefect.yaml"

pytestmark = pytest.mark.prefect


def test_a_region_with_a_limit_completes(flow, source, tmp_path):
    """`prefect deployment run ingest/conus -p source=emulator -p limit=1`, its jobs with a source of this process."""
    from flows import deployment

    (conus,) = [one["parameters"] for one in deployment.read(FILE) if one["name"] == "conus"]
    asked = {**conus, "source": "emulator", "limit": 1, "products": ["worldcover"], "store": str(tmp_path / "c.zarr")}
    state = flow(**asked, return_state=True)
    assert state.is_completed(), state.message
    (first, second) = source.fetched
    assert first.block == second.block
    indexes = sorted((tmp_path / "c.zarr" / "tiles").iterdir())
    assert [path.stem for path in indexes] == [f"utm{number}n" for number in range(10, 20)]
    tiles = gpd.read_parquet(indexes[0])
    assert set(tiles["block"]) > {first.block.id}
    assert tiles["aois"].map(list).tolist()[0] == ["conus"]
