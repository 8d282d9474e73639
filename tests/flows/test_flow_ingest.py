"""The flow `ingest` on Prefect's test server: it completes, retries, fails, and goes on."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from eo_ingest import runtime
from eo_ingest.errors import SourceError, StoreError, TransientError
from tests_support import objects

pytestmark = pytest.mark.prefect


@pytest.fixture
def ask(tmp_path):
    """Parameters of a small run: the demo's two blocks, one product, two periods, one block per batch."""
    return {
        "aoi": "demo",
        "store": str(tmp_path / "demo.zarr"),
        "source": "emulator",
        "products": ["worldcover"],
        "batch_size": 1,
    }


def records(store):
    return Counter(path.name.split(".")[1].split("-")[0] for path in Path(store, "manifest").rglob("*.json"))


def task_runs(state):
    """The task runs of a flow run, as the server has them: a little later than they are."""
    import time

    from prefect import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    run = state.state_details.flow_run_id
    with get_client(sync_client=True) as client:
        for _ in range(60):
            found = client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run])))
            if found and all(task_run.state.is_final() for task_run in found):
                break
            time.sleep(0.5)
    return found


def artifact(key):
    from prefect.artifacts import Artifact

    return Artifact.get(key)


def test_it_does_the_jobs_in_batches_and_completes(flow, ask, source):
    state = flow(**ask, return_state=True)
    assert state.is_completed(), state.message
    assert records(ask["store"]) == {"done": 4}
    assert Path(ask["store"], "manifest.parquet").exists()
    names = sorted(run.name for run in task_runs(state))
    assert [name[:11] for name in names] == ["batch-0001-", "batch-0002-"]
    page = artifact("ingest-demo").data
    assert "| jobs | 4 | 0 | 0 |" in page
    assert "All 4 jobs are done." in page


def test_it_stores_the_same_bytes_as_the_command_line(flow, ask, source, config, tmp_path):
    flow(**ask)
    runtime.tile(config(store=str(tmp_path / "other.zarr")))
    assert objects(ask["store"]) == objects(tmp_path / "other.zarr")


def test_a_second_run_has_no_batches_and_asks_for_nothing(flow, ask, source):
    flow(**ask)
    before = source.calls.total()
    state = flow(**ask, return_state=True)
    assert state.is_completed()
    assert source.calls.total() == before
    assert state.result()["jobs"] == {"done": 0, "failed": 0, "kept": 4}


def test_a_failing_batch_is_retried_and_only_what_is_not_done_is_tried_again(flow, ask, source):
    trouble = iter([TransientError("quota: Too many requests"), TransientError("connection: reset")])
    victim = []

    def before(job):
        victim.append(job.key)
        if job.key == victim[0] and (error := next(trouble, None)):
            raise error

    source.before = before
    state = flow(**ask, return_state=True)
    assert state.is_completed(), state.message
    assert source.calls[victim[0]] == 3
    assert set((source.calls - Counter([victim[0]] * 2)).values()) == {1}
    assert records(ask["store"]) == {"done": 4}
    assert state.result()["jobs"] == {"done": 4, "failed": 0, "kept": 0}
    assert state.result()["tiles"]["ok"] == 8
    assert sorted(run.run_count for run in task_runs(state)) == [1, 3]


def test_it_fails_if_a_job_failed_for_good_once_the_rest_is_done(flow, ask, source):
    plan = runtime.resolve(_config(ask))
    victim = next(iter(plan.jobs())).key
    source.broken = {victim: SourceError("not found: Asset 'x' | not found.")}
    state = flow(**ask, return_state=True)
    assert state.is_failed()
    assert "1 of 4 jobs failed; 3 are done and kept" in state.message
    assert "prefect flow-run retry" in state.message
    assert source.calls[victim] == 1
    assert records(ask["store"]) == {"done": 3, "failed": 1}
    assert "not found: Asset 'x' \\| not found." in artifact("ingest-demo").data
    source.broken = {}
    assert flow(**ask, return_state=True).is_completed()
    assert records(ask["store"]) == {"done": 4}


def test_it_fails_if_the_trouble_does_not_pass(flow, ask, source):
    plan = runtime.resolve(_config(ask))
    victim = next(iter(plan.jobs())).key
    source.broken = {victim: TransientError("transient: backend error")}
    state = flow(**ask, return_state=True)
    assert state.is_failed()
    assert source.calls[victim] == 4
    assert records(ask["store"]) == {"done": 3, "failed": 1}


def test_a_store_that_cannot_be_written_ends_the_run(flow, ask, source):
    source.before = _raising(StoreError("cannot write: no space left"))
    state = flow(**ask, return_state=True)
    assert state.is_failed()
    assert "no space left" in state.message
    assert source.calls.total() <= 4


def test_a_run_that_is_terminated_keeps_what_is_done_and_lets_go_of_the_source(flow, ask, source, monkeypatch):
    from flows import batch, ingest

    released = []

    def interrupted(future_list):
        next(iter(future_list)).wait()
        raise KeyboardInterrupt

    monkeypatch.setattr(ingest, "as_completed", interrupted)
    monkeypatch.setattr("eo_ingest.runtime.release", lambda: released.append(1))
    with pytest.raises(KeyboardInterrupt):
        flow(**ask)
    assert released
    assert batch.stopping.is_set()
    assert records(ask["store"])["done"] >= 2
    monkeypatch.undo()
    monkeypatch.setattr("eo_ingest.runtime.shared", lambda _config: source)
    assert flow(**ask, return_state=True).is_completed()


def test_the_store_is_an_absolute_path(flow, ask, source):
    state = flow(**{**ask, "store": "demo.zarr"}, return_state=True)
    assert state.is_failed()
    assert "absolute path" in state.message


def test_it_runs_with_the_emulator(flow, ask, tmp_path):
    state = flow(**ask, return_state=True)
    assert state.is_completed(), state.message
    assert records(ask["store"]) == {"done": 4}
    assert json.loads(Path(ask["store"], "zarr.json").read_text())["attributes"]["eo_ingest"]["synthetic"] is True


def _config(ask):
    from eo_ingest.config import RunConfig

    return RunConfig.of(**{name: value for name, value in ask.items() if name != "batch_size"})


def _raising(error):
    def before(_job):
        raise error

    return before


def test_a_product_file_a_recipe_and_its_options(flow, ask, source, tmp_path):
    """What the flow is given is plain values; batches do what the run began with, though the file changes."""
    from custom_support import right, toml, written
    from eo_ingest.products import custom

    path = written(tmp_path, right())
    source.products["user-red"] = custom.load(path, trust_code=False).product
    recipe = written(
        tmp_path,
        {
            "title": "Two",
            "description": "Two products.",
            "aoi": "demo",
            "products": [{"name": "worldcover", "periods": ["2021"]}, {"file": "user.toml"}],
        },
        "two.toml",
    )
    source.before = lambda _job: (tmp_path / "user.toml").write_text(toml(right(reducer="mean")))
    asked = {"recipe": recipe, "store": ask["store"], "source": "emulator", "batch_size": 1}
    state = flow(**asked, return_state=True)
    assert state.is_completed(), state.message
    assert records(ask["store"]) == {"done": 4}
    (run,) = (json.loads(path.read_text()) for path in Path(ask["store"], "runs").iterdir())
    assert run["series"] == [["worldcover", "2021"], ["user-red", "2020"]]
    assert run["config"]["recipe"]["name"] == "two"
    fingerprints = {path.name.rpartition("-")[2] for path in Path(ask["store"], "manifest/user-red").rglob("*.json")}
    assert len(fingerprints) == 1


@pytest.mark.parametrize("asked", [{"products": ["user.toml"]}, {"recipe": "./mine.toml"}, {"grid": "my.toml"}])
def test_files_of_workers_have_absolute_paths(flow, ask, asked):
    state = flow(**{**ask, **asked}, return_state=True)
    assert state.is_failed()
    assert "is a relative path, and workers run in temporary folders" in state.message
