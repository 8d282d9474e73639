"""The Dockerfile, without Docker: what it copies is there and suffices, and what it runs by pip works."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.prefect


def instructions():
    """The Dockerfile's instructions: pairs of a keyword and its text, continued lines joined."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


def copied():
    """Each path that is copied, and where to, relative to the working folder."""
    for keyword, text in instructions():
        if keyword == "COPY":
            *sources, target = shlex.split(text)
            for source in sources:
                yield source, Path(target) / source if target in {".", "./"} else Path(target)


def kept_by_dockerignore():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return {line.removeprefix("!") for line in lines if line.startswith("!")}


@pytest.fixture(scope="session")
def image(tmp_path_factory):
    """A virtual environment made by the Dockerfile's RUN steps from nothing but what it copies."""
    folder = tmp_path_factory.mktemp("image")
    context = folder / "context"
    context.mkdir()
    leave = shutil.ignore_patterns("__pycache__")
    for source, target in copied():
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, context / target, ignore=leave)
        else:
            shutil.copy(ROOT / source, context / target)
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    path = f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "VIRTUAL_ENV": str(venv), "PIP_NO_COMPILE": "1"}
    steps = [shlex.split(text) for keyword, text in instructions() if keyword == "RUN"]
    installs = [step for step in steps if step[0] == "pip"]
    assert installs
    probe = [str(venv / "bin" / "pip"), "download", "--quiet", "--no-deps", "--dest", str(folder), "hatchling"]
    if subprocess.run(probe, check=False, capture_output=True).returncode:
        pytest.skip("needs a package index to install from")
    for step in installs:
        done = subprocess.run(step, cwd=context, env=environment, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]
    return venv / "bin"


def test_all_that_is_copied_is_there_and_not_ignored():
    sources = [source for source, _ in copied()]
    assert sources
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert set(sources) == kept_by_dockerignore()


def test_nobody_is_root_no_telemetry_no_server_of_its_own():
    found = instructions()
    environment = dict(pair.split("=", 1) for key, text in found if key == "ENV" for pair in shlex.split(text))
    users = [text for key, text in found if key == "USER"]
    assert users
    assert users[-1] not in {"root", "0"}
    assert environment["DO_NOT_TRACK"] == "1"
    assert environment["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert environment["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] == "false"
    assert not any(key == "ENTRYPOINT" for key, _ in found)


def test_the_worker_of_the_image_polls_the_pool_of_the_deployments(prefect_home):
    from flows import deployment

    (command,) = [json.loads(text) for key, text in instructions() if key == "CMD"]
    pools = {one["work_pool"]["name"] for one in deployment.read(ROOT / "prefect.yaml")}
    assert command[:3] == ["prefect", "worker", "start"]
    assert {command[command.index("--pool") + 1]} == pools


def run(image, *command, **environment):
    """Run in the image's environment, in a folder that is not the repository."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "PYTHON"))}
    return subprocess.run(
        [str(image / command[0]), *command[1:]],
        cwd=image,
        env={**kept, "DO_NOT_TRACK": "1", **environment},
        check=False,
        capture_output=True,
        text=True,
    )


def test_command_line_flow_and_worker_are_installed(image, tmp_path):
    done = run(image, "eo-ingest", "plan", "--aoi", "demo", "--json")
    assert json.loads(done.stdout)["tiles"] == 4, done.stderr
    assert "Needs a Prefect server" in run(image, "eo-ingest", "serve", "--help").stdout
    home = str(tmp_path)
    flow = run(image, "python", "-c", "import flows.ingest as f; print(f.ingest.name)", PREFECT_HOME=home)
    assert flow.stdout.strip() == "ingest", flow.stderr
    (command,) = [json.loads(text) for key, text in instructions() if key == "CMD"]
    helped = run(image, *command, "--help", PREFECT_HOME=home)
    assert helped.returncode == 0, helped.stderr


def test_serve_in_the_image_without_a_server_is_refused_in_a_sentence(image, tmp_path):
    done = run(
        image,
        "eo-ingest",
        "serve",
        "--file",
        str(ROOT / "prefect.yaml"),
        PREFECT_HOME=str(tmp_path),
        PREFECT_SERVER_ALLOW_EPHEMERAL_MODE="false",
    )
    assert done.returncode == 2
    assert "PREFECT_API_URL" in done.stderr
    assert "Traceback" not in done.stderr
