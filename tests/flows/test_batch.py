"""Batches as plain values, and what of Prefect the rest of the package sees: nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eo_ingest.grid import Block
from eo_ingest.job import Job
from eo_ingest.sources.earthengine.failure import curable


def jobs_of(blocks, periods):
    return [
        Job("worldcover", str(2000 + year), Block("utm32n", row, 0), 1)
        for row in range(blocks)
        for year in range(periods)
    ]


@pytest.mark.prefect
@given(st.integers(0, 60), st.integers(1, 3), st.integers(1, 20), st.integers(1, 8))
def test_batches_hold_every_job_once_in_order_and_never_split_a_block(prefect_home, blocks, periods, size, most):
    from flows.batch import split

    jobs = jobs_of(blocks, periods)
    batches = split(jobs, size, most=most)
    assert [spec for one in batches for spec in one.jobs] == [job.spec for job in jobs]
    assert len(batches) <= most
    assert len({one.name for one in batches}) == len(batches)
    homes = [{Job.parse(spec).block for spec in one.jobs} for one in batches]
    assert sum(map(len, homes)) == blocks
    if blocks <= size * most:
        assert all(len(home) == size for home in homes[:-1])


@pytest.mark.prefect
def test_a_store_is_chosen_by_parameter_then_environment_then_source(prefect_home, monkeypatch):
    from eo_ingest.errors import ConfigError
    from flows.ingest import store_of

    assert store_of(None, source="emulator", grid="utm") == "~/eo-ingest/emulator-utm.zarr"
    monkeypatch.setenv("EO_INGEST_STORE", "/data/europe.zarr")
    assert store_of(None, source="earthengine", grid="utm") == "/data/europe.zarr"
    assert store_of("/other.zarr", source="earthengine", grid="utm") == "/other.zarr"
    with pytest.raises(ConfigError, match="absolute"):
        store_of("other.zarr", source="earthengine", grid="utm")


@pytest.mark.parametrize(
    ("reason", "again"),
    [
        ("quota: Too many requests", True),
        ("transient: backend error", True),
        ("connection: [Errno 104] Connection reset by peer", True),
        ("timeout: Computation timed out.", True),
        ("not found: Asset 'x' not found.", False),
        ("auth: caller does not have permission", False),
        ("bad expression: no band 'quota: x'", False),
        ("Earth Engine sent (1, 1) pixels, expected (2, 2)", False),
        ("", False),
    ],
)
def test_only_what_time_may_cure_is_tried_again(reason, again):
    assert curable(reason) is again


CORE = """
import sys
import eo_ingest.cli, eo_ingest.runtime, flows.serve
import eo_ingest.cli.run, eo_ingest.cli.store, eo_ingest.cli.product, eo_ingest.cli.recipe
from click.testing import CliRunner
assert CliRunner().invoke(flows.serve.serve, ["--help"]).exit_code == 0
print(sorted(name for name in sys.modules if name.partition(".")[0] in {"prefect", "fastapi", "sqlalchemy"}))
"""


def test_the_command_line_and_the_core_never_import_prefect():
    done = subprocess.run([sys.executable, "-c", CORE], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
