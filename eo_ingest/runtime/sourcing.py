"""Starting sources: Earth Engine with the user's credentials, or the emulator, and archives of files.

The Earth Engine client has one state per process, so a process has one set of sources at a time, shared by all its
threads.
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
from eo_ingest.runtime import choosing
from eo_ingest.runtime.routing import Sources

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eo_ingest.config import RunConfig
    from eo_ingest.grid import Grid
    from eo_ingest.ports import Source
    from eo_ingest.product import Product


@dataclass(frozen=True, slots=True)
class _Held:
    """The process's sources, what they were made for, and how to let go of them."""

    key: tuple[object, ...]
    sources: Sources
    stack: ExitStack


_guard = Lock()
_held: list[_Held] = []


def shared(config: RunConfig) -> Sources:
    """The process's sources for a configuration; started by the first call, the same for all that follow.

    Raises:
        ConfigError: if there are no credentials, the assets cannot be served, or another source is in use.
        SourceError: if it does not start.
    """
    found = choosing.chosen(config)
    archives = choosing.archives(config, found)
    key = (config.source, config.assets, config.workers, config.grid, tuple(found.values()), tuple(archives.items()))
    with _guard:
        if _held and _held[0].key == key:
            return _held[0].sources
        if _held:
            raise ConfigError("this process uses another source already: release it first")
        with ExitStack() as stack:
            sources = _start(config, found, archives, stack)
            _held.append(_Held(key, sources, stack.pop_all()))
        return sources


def check_access(config: RunConfig) -> None:
    """See whether the source could be reached as somebody, without reaching for it.

    Raises:
        ConfigError: if there are no credentials.
    """
    if config.source == "earthengine" and choosing.from_earth_engine(config):
        from eo_ingest.sources.earthengine import client

        client.find_credentials()


def release() -> None:
    """Close the process's sources and stop its emulator, if there are any."""
    with _guard:
        while _held:
            _held.pop().stack.close()


atexit.register(release)


def _start(config: RunConfig, found: Mapping[str, Product], archives: Mapping[str, str], stack: ExitStack) -> Sources:
    from eo_ingest.config import Settings
    from eo_ingest.grid import Grid
    from eo_ingest.sources.chipwise import ChipwiseSource
    from eo_ingest.sources.earthengine import client
    from eo_ingest.sources.earthengine.source import EarthEngineSource

    settings = Settings()
    grid = Grid.load(config.grid)
    if grid.chips is not None:
        found = {name: product.on(grid.lattice.single()) for name, product in found.items()}
    synthetic = config.source == "emulator"
    url = _emulator(settings.emulator_url, config.assets, stack) if synthetic else settings.ee_url
    usual: Source | None = None
    if found.keys() - archives.keys():
        project = "emulator" if synthetic else settings.ee_project
        client.connect(project=project, url=url, anonymous=synthetic, connections=config.workers)
        usual = EarthEngineSource(grid, found, workers=config.workers, name=config.source, synthetic=synthetic)
        stack.callback(usual.close)
    routes: dict[str, Source] = {}
    for name, where in archives.items():
        kind = _kind(found[name])
        place = f"{url}/archive/{kind}" if where == choosing.EMULATED else where
        routes[name] = _open_archive(kind, grid, found, place, config)
        stack.callback(routes[name].close)
    if grid.chips is None:
        return Sources(usual, routes)
    chipwise = {name: ChipwiseSource(source) for name, source in routes.items()}
    return Sources(ChipwiseSource(usual) if usual else None, chipwise)


def _kind(product: Product) -> str:
    if product.archive is None:
        raise ConfigError(f"product {product.name!r} has no archive")
    return product.archive.kind


def _open_archive(kind: str, grid: Grid, found: Mapping[str, Product], url: str, config: RunConfig) -> Source:
    """The source that reads archives of a kind.

    Raises:
        ConfigError: if there is no such place, or what reads it is not installed.
    """
    synthetic = config.source == "emulator"
    if kind == "gssic":
        from eo_ingest.sources.cog import CogSource

        return CogSource(grid, found, url=url, workers=config.workers, synthetic=synthetic)
    from eo_ingest.sources.gunw import GunwSource

    return GunwSource(grid, found, url=url, workers=config.workers, synthetic=synthetic)


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
