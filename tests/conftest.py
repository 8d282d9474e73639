"""What all tests share: no user's credentials, no user's environment, and a source that needs no server."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from tests_support import ROOT, FakeSource

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")

SHARED = ROOT.parent / "shared" / "data"


@pytest.fixture(autouse=True)
def _nobody(monkeypatch, tmp_path_factory):
    """A home without credentials, and none of our environment variables."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(home / "gcloud"))
    for name in list(os.environ):
        if name.startswith("EO_INGEST_") or name in {"GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT"}:
            monkeypatch.delenv(name)


@pytest.fixture
def shared():
    """The folder of real imagery, where it is."""
    if not SHARED.is_dir():
        pytest.skip("needs the real imagery in ../shared/data, which is not part of the repository")
    return SHARED


@pytest.fixture
def source(monkeypatch):
    """A fake source that every run in this process gets."""
    fake = FakeSource()
    monkeypatch.setattr("eo_ingest.runtime.shared", lambda _config: fake)
    return fake


@pytest.fixture
def config(tmp_path):
    """The demo's configuration, small: one product, in a new store."""
    from eo_ingest.config import RunConfig

    def make(**changes):
        values = {
            "aoi": "demo",
            "store": str(tmp_path / "demo.zarr"),
            "source": "emulator",
            "products": ("worldcover",),
        }
        return RunConfig.of(**{**values, **changes})

    return make


def pytest_addoption(parser):
    parser.addoption("--golden", action="store_true", help="write the products' graphs to tests/golden")
