"""`eo-ingest serve`: one process for all deployments."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.prefect


@pytest.fixture
def served(monkeypatch):
    """What would be served."""
    calls = []
    monkeypatch.setattr("prefect.serve", lambda *deployments, **options: calls.append((deployments, options)))
    return calls


def invoke(*args):
    from flows.serve import serve

    return CliRunner().invoke(serve, args)


def test_it_serves_the_deployments_of_the_file_and_leaves_schedules_alone(harness, served):
    result = invoke("--file", str(ROOT / "prefect.yaml"))
    assert result.exit_code == 0, result.output
    ((deployments, options),) = served
    assert [one.name for one in deployments][:3] == ["demo", "luxembourg", "conus"]
    assert deployments[0].parameters == {"aoi": "demo", "source": "emulator", "batch_size": 1}
    assert {one.entrypoint for one in deployments} == {"flows.ingest.ingest"}
    assert {one.concurrency_limit for one in deployments} == {1}
    assert [schedule.active for schedule in deployments[1].schedules] == [False]
    assert options == {"limit": 1, "pause_on_shutdown": False}


def test_without_a_server_it_says_how_to_start_one(prefect_home, served):
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        result = invoke("--file", str(ROOT / "prefect.yaml"))
    assert result.exit_code == 2
    assert "prefect server start" in result.output
    assert not served


def test_a_server_that_does_not_answer_is_named(prefect_home, served):
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        result = invoke("--file", str(ROOT / "prefect.yaml"))
    assert result.exit_code == 2
    assert "http://127.0.0.1:9/api does not answer" in result.output
    assert not served


def test_a_missing_file_is_named(harness, served, tmp_path):
    from eo_ingest.errors import ConfigError

    result = invoke("--file", str(tmp_path / "prefect.yaml"))
    assert isinstance(result.exception, ConfigError)
    assert not served
