"""Starting a source: Earth Engine with the user's credentials, or the emulator.

The Earth Engine client has one state per process, so a process has one source at a time, shared by all its threads.
"""

from __future__ import annotations

import atexit
import os
import signal
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from eo_ingest.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from eo_ingest.config import RunConfig
    from eo_ingest.ports import Source


@dataclass(frozen=True, slots=True)
class _Held:
    """The process's source, what it was made for, and how to let go of it."""

    key: tuple[object, ...]
    source: Source
    stack: ExitStack


_guard = Lock()
_held: list[_Held] = []


def shared(config: RunConfig) -> Source:
    """The process's source for a configuration; started by the first call, the same for all that follow.

    Raises:
        ConfigError: if there are no credentials, the assets cannot be served, or another source is in use.
        SourceError: if it does not start.
    """
    key = (config.source, config.assets, config.workers, config.grid)
    with _guard:
        if _held and _held[0].key == key:
            return _held[0].source
        if _held:
            raise ConfigError("this process uses another source already: release it first")
        with ExitStack() as stack:
            source = _start(config, stack)
            _held.append(_Held(key, source, stack.pop_all()))
        return source


def check_access(config: RunConfig) -> None:
    """See whether the source could be reached as somebody, without reaching for it.

    Raises:
        ConfigError: if there are no credentials.
    """
    if config.source == "earthengine":
        from eo_ingest.sources.earthengine import client

        client.find_credentials()


def release() -> None:
    """Close the process's source and stop its emulator, if there are any."""
    with _guard:
        while _held:
            _held.pop().stack.close()


atexit.register(release)


def _start(config: RunConfig, stack: ExitStack) -> Source:
    from eo_ingest import products
    from eo_ingest.config import Settings
    from eo_ingest.grid import Grid
    from eo_ingest.sources.earthengine import client
    from eo_ingest.sources.earthengine.source import EarthEngineSource

    settings = Settings()
    synthetic = config.source == "emulator"
    if synthetic:
        url = _emulator(settings.emulator_url, config.assets, stack)
        client.connect(project="emulator", url=url, anonymous=True, connections=config.workers)
    else:
        client.connect(project=settings.ee_project, url=settings.ee_url, anonymous=False, connections=config.workers)
    grid = Grid.load(config.grid)
    name = config.source
    source = EarthEngineSource(grid, products.REGISTRY, workers=config.workers, name=name, synthetic=synthetic)
    stack.callback(source.close)
    return source


def _emulator(url: str | None, assets: str | None, stack: ExitStack) -> str:
    """A running emulator's URL: the given one, or one of our own until the stack closes."""
    if url is not None:
        if assets:
            raise ConfigError("--assets needs an emulator of the run's own: unset EO_INGEST_EMULATOR_URL")
        return url
    from eo_ingest.emulator.errors import EmulatorError
    from eo_ingest.emulator.process import EmulatorProcess

    try:
        process: EmulatorProcess = stack.enter_context(EmulatorProcess(assets=Path(assets) if assets else None))
    except EmulatorError as err:
        if assets:
            raise ConfigError(f"--assets {assets}: {err}") from err
        raise SourceError(f"the emulator did not start: {err}") from err
    stack.callback(_end, process.pid)
    return process.url


def _end(pid: int | None) -> None:
    """End an emulator at once: it holds nothing, and what it still computes nobody waits for."""
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
