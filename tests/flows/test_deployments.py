"""prefect.yaml: its flows import, its parameters fit, nothing depends on who deploys, and its schedules make runs."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eo_ingest import aoi

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "prefect.yaml"

pytestmark = pytest.mark.prefect


@pytest.fixture
def deployments(prefect_home):
    from flows import deployment

    return deployment.read(FILE)


REGIONS = ["conus", "europe", "china", "middleeast", "pakin", "southamerica", "world-land"]


def test_every_area_is_deployed_without_a_pull_step(deployments):
    import yaml

    content = yaml.safe_load(FILE.read_text())
    assert [one["name"] for one in deployments] == ["demo", "luxembourg", *REGIONS]
    assert {one["parameters"]["aoi"] for one in deployments} == set(aoi.registry())
    assert content["pull"] == []
    assert {one["work_pool"]["name"] for one in deployments} == {"eo-ingest"}


def test_nothing_is_taken_from_the_deployers_environment(deployments):
    settings = re.sub("(?m)#.*", "", FILE.read_text())
    assert "{{" not in settings
    assert "$" not in settings


def test_entrypoints_are_flows_and_parameters_fit_their_schema(deployments):
    from prefect.flows import Flow
    from prefect.utilities.schema_tools import validate

    from flows import deployment

    for one in deployments:
        flow = deployment.flow_of(one["entrypoint"])
        assert isinstance(flow, Flow)
        assert flow.name == "ingest"
        validate(one["parameters"], flow.parameters.model_dump(), raise_on_error=True)
        flow.validate_parameters(one["parameters"])


def test_the_schema_refuses_what_the_configuration_would(deployments):
    from prefect.utilities.schema_tools import ValidationError, validate

    from flows import deployment

    schema = deployment.flow_of(deployments[0]["entrypoint"]).parameters.model_dump()
    validate({"aoi": "demo", "limit": 1, "products": ["s2"]}, schema, raise_on_error=True)
    for wrong in (
        {"limit": 0},
        {"limit": "one"},
        {"source": "nasa"},
        {"products": "s2"},
        {"workers": 0},
        {"aoi": 1},
        {"clouds": "s2"},
    ):
        with pytest.raises(ValidationError):
            validate({"aoi": "demo", **wrong}, schema, raise_on_error=True)
    validate({"recipe": "m3leo", "clouds": "scl"}, schema, raise_on_error=True, ignore_required=False)


def test_the_flow_takes_every_field_of_a_run(prefect_home):
    from eo_ingest.config import RunConfig
    from flows.ingest import ingest

    told_by_the_run_itself = {"definitions"}
    assert set(inspect.signature(ingest.fn).parameters) - {"batch_size"} == (
        set(RunConfig.model_fields) - told_by_the_run_itself
    )


def test_areas_are_scheduled_but_not_before_somebody_says_so(deployments):
    schedules = {one["name"]: one["schedules"] for one in deployments if "schedules" in one}
    assert list(schedules) == ["luxembourg", *REGIONS]
    assert all(len(own) == 1 and own[0]["active"] is False for own in schedules.values())
    assert len({own[0]["cron"] for own in schedules.values()}) == len(schedules)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot read"),
        ("deployments: [", "not YAML"),
        ("name: x", "has no deployments"),
        ("[]", "has no deployments"),
    ],
)
def test_a_file_that_is_none_is_refused_in_a_sentence(prefect_home, tmp_path, text, words):
    from eo_ingest.errors import ConfigError
    from flows import deployment

    file = tmp_path / "prefect.yaml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigError, match=words):
        deployment.read(file)


@pytest.mark.parametrize(
    "values",
    [
        {"name": "x", "entrypoint": "flows.nothing:ingest"},
        {"name": "x", "entrypoint": "flows.ingest:nothing"},
        {"name": "x", "entrypoint": ""},
        {"name": "x"},
        {"name": "x", "entrypoint": "flows.ingest:ingest", "schedules": [{"cron": "often"}]},
    ],
)
def test_a_deployment_that_is_none_is_refused_in_a_sentence(prefect_home, values):
    from eo_ingest.errors import ConfigError
    from flows import deployment

    with pytest.raises(ConfigError):
        deployment.served(values)


DEPLOY = """
from pathlib import Path
from flows import deployment
for values in deployment.read(Path("prefect.yaml")):
    for schedule in values.get("schedules", ()):
        schedule["active"] = True
    print(values["name"], deployment.served(values).apply())
"""


def test_a_cron_deployment_gets_scheduled_runs(server):
    """SQLAlchemy 2.1 breaks exactly this, and nothing else: the scheduler fails in the server's log only."""
    import httpx

    url, log = server
    environment = {**os.environ, "PREFECT_API_URL": url}
    made = subprocess.run(
        [sys.executable, "-c", DEPLOY], env=environment, cwd=ROOT, check=True, capture_output=True, text=True
    )
    ids = dict(line.split() for line in made.stdout.splitlines())
    assert set(ids) == {"demo", "luxembourg", *REGIONS}
    wanted = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
    found = {}
    for _ in range(60):
        runs = httpx.post(f"{url}/flow_runs/filter", json=wanted, timeout=10).json()
        found = {run["deployment_id"]: run["parameters"] for run in runs}
        if len(found) >= len(ids) - 1:
            break
        time.sleep(1)
    assert found, f"no run was scheduled:\n{log.read_text()[-3000:]}"
    scheduled = {name: {"aoi": name, "source": "earthengine"} for name in ids if name != "demo"}
    assert found == {ids[name]: parameters for name, parameters in scheduled.items()}
