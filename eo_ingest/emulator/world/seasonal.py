"""The seasonal coherence and backscatter data set in its digital numbers: the files of its archive, and Earth Engine's.

Coherence is uint8 (γ = DN / 100), amplitude (γ⁰ in dB = 20·log10(DN) − 83), ρ, τ in days and the fit's rmse
(DN / 1000) are uint16; 0 is no data. Pixels are of 3″, edges of tiles on whole degrees.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator.asset import Window
from eo_ingest.emulator.world.cells import Survey, blocks, gather, means
from eo_ingest.emulator.world.coherence import coherence, parameters
from eo_ingest.emulator.world.cover import Kind
from eo_ingest.emulator.world.land import kinds, northern, texture
from eo_ingest.emulator.world.seasonal_orbits import orbits, view
from eo_ingest.emulator.world.seasonal_tiles import SEASONS, SIDE, layers, tile_id, tile_lattice
from eo_ingest.emulator.world.signature import power

if TYPE_CHECKING:
    import numpy.typing as npt

    from eo_ingest.emulator.world.noise import F32, Sites

_SPLIT = 2
_POINTS = _SPLIT * _SPLIT


@dataclass(frozen=True)
class Cell:
    """What decides the digital numbers of pixels: kinds of ground (..., points), texture, stability, hemisphere."""

    kinds: npt.NDArray[np.uint8]
    texture: F32
    stability: F32
    north: F32
    _models: dict[int, tuple[F32, F32]] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def land(self) -> npt.NDArray[np.bool_]:
        """Where there is data: not out at sea."""
        out: npt.NDArray[np.bool_] = (self.kinds == Kind.DEEP_SEA).mean(axis=-1) < 0.5
        return out

    def model(self, time: int) -> tuple[F32, F32]:
        """Digital numbers of ρ and τ in the season whose middle is given; made once."""
        if time not in self._models:
            rho, tau = parameters(self.kinds, self.north, self.stability, time)
            self._models[time] = np.round(rho * 1000).astype(np.float32), np.round(tau * 1000).astype(np.float32)
        return self._models[time]


def _measure(sites: Sites) -> F32:
    kind = kinds(sites)
    fields = [means(v, _SPLIT) for v in (texture(sites, kind), sites.noise(350.0, 91), northern(sites))]
    return np.concatenate([np.moveaxis(blocks(kind, _SPLIT), -1, 0), fields]).astype(np.float32)


CELLS = Survey("seasonal", _SPLIT, _measure)


def cell(measured: F32) -> Cell:
    """The cells of what CELLS has measured, (bands, ...)."""
    kinds = np.moveaxis(measured[:_POINTS], 0, -1).astype(np.uint8)
    return Cell(kinds, *measured[_POINTS:])


def dtype(layer: str) -> str:
    """The numpy dtype of a layer's digital numbers."""
    return "uint8" if "_COH" in layer or layer.endswith(("_inc", "_lsmap")) else "uint16"


def numbers(layer: str, cells: Cell) -> npt.NDArray[Any]:
    """The digital numbers of a layer such as `winter_vv_COH12`."""
    season, polarisation, metric = layer.split("_")
    time = SEASONS[season]
    found = _amplitude(cells, time, polarisation) if metric == "AMP" else _decay(metric, *cells.model(time))
    out: npt.NDArray[Any] = np.where(cells.land, found, 0).astype(dtype(layer))
    return out


def _amplitude(cells: Cell, time: int, polarisation: str) -> npt.NDArray[Any]:
    """Digital numbers of γ⁰; HH is 0.4 dB above VV."""
    gamma0 = power(cells.kinds, cells.north, time, cross=polarisation[0] != polarisation[1])
    decibels = 10 * np.log10(gamma0) + 2 * cells.texture + (0.4 if polarisation[0] == "h" else 0.0)
    out: npt.NDArray[Any] = np.clip(np.round(10 ** ((decibels + 83) / 20)), 1, 65535)
    return out


def _decay(metric: str, rho: npt.NDArray[Any], tau: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Digital numbers of what follows from ρ and τ, given by theirs."""
    if metric == "rho":
        return rho
    if metric == "tau":
        return tau
    if metric == "rmse":
        return np.round(20 + 80 * (1 - coherence(rho / 1000, tau / 1000, 12)))
    return np.clip(np.round(100 * coherence(rho / 1000, tau / 1000, int(metric[3:]))), 1, 100)


def files(lon0: int, lat1: int) -> tuple[str, ...]:
    """All layers of a tile, each a file of the archive: `winter_vv_COH12` … and `015A_inc`, `015A_lsmap` by orbit."""
    return layers(lon0, lat1) + tuple(f"{orbit}_{name}" for orbit in orbits(lon0, lat1) for name in ("inc", "lsmap"))


def tile(layer: str, lon0: int, lat1: int) -> npt.NDArray[Any]:
    """The digital numbers of one file of the archive, (1200, 1200), north up; 0 is no data.

    Args:
        layer: one of `files(lon0, lat1)`.
        lon0: degrees east of the tile's left edge.
        lat1: degrees north of its upper edge.

    Raises:
        KeyError: the tile has no such layer.
    """
    if layer not in files(lon0, lat1):
        raise KeyError(f"{tile_id(lon0, lat1)}_{layer}")
    orbit, _, name = layer.partition("_")
    if name in {"inc", "lsmap"}:
        return view(lon0, lat1, orbit)[int(name == "lsmap")]
    return numbers(layer, _whole(lon0, lat1))


@lru_cache(maxsize=4)
def _whole(lon0: int, lat1: int) -> Cell:
    """All pixels of a tile; its files are asked for one after the other."""
    return cell(gather(tile_lattice(lon0, lat1), Window(0, 0, SIDE, SIDE), CELLS)[0])
