"""How tiles are to be parted: everything that, with the tiles, decides the split of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from eo_ingest.errors import ConfigError

if TYPE_CHECKING:
    from eo_ingest.split.polygon import Layer
    from eo_ingest.split.share import Shares

Method = Literal["bands", "blocks", "countries", "polygons", "random"]

BANDS, BLOCK = 60, 16
_MOST_GUARD_KM = 500
_MOST_BANDS = 10_000
_MOST_BLOCK = 1_000


@dataclass(frozen=True)
class Rule:
    """A method and its parameters.

    Attributes:
        method: `bands`, `blocks`, `countries`, `polygons` (of a layer) or `random`.
        shares: the splits and how large they are to be.
        seed: another one makes another split of the same kind.
        bands: how many there are, with `bands`.
        angle: theirs in radians, likewise; see `eo_ingest.split.band`.
        block: tiles along a side, with `blocks`.
        guard_m: metres that splits keep from each other.
        layer: the polygons, with `polygons`.
    """

    method: Method
    shares: Shares
    seed: int = 0
    bands: int | None = None
    angle: float | None = None
    block: int | None = None
    guard_m: int = 0
    layer: Layer | None = None

    @classmethod
    def of(
        cls,
        method: str,
        shares: Shares,
        *,
        seed: int = 0,
        bands: int | None = None,
        angle: float | None = None,
        block: int | None = None,
        guard_km: float = 0.0,
        layer: Layer | None = None,
    ) -> Rule:
        """A rule, with defaults filled in: 60 bands at angle 0, blocks of 16 tiles a side.

        Raises:
            ConfigError: if a value does not fit, or goes with another method.
        """
        if method not in get_args(Method):
            raise ConfigError(
                f"there is no way {method!r} to part tiles: expected one of {', '.join(get_args(Method))}"
            )
        owners = {
            "bands": (bands, "bands"),
            "angle": (angle, "bands"),
            "block": (block, "blocks"),
            "layer": (layer, "polygons"),
        }
        for name, (value, owner) in owners.items():
            if value is not None and method != owner:
                raise ConfigError(f"{name} goes with the method {owner!r}, not {method!r}")
        if method == "polygons" and layer is None:
            raise ConfigError("the method 'polygons' needs a layer: a file of polygons")
        if not 0 <= guard_km <= _MOST_GUARD_KM:
            raise ConfigError(f"the guard is {guard_km:g} km: expected 0 to {_MOST_GUARD_KM}")
        made = cls(method, shares, seed, guard_m=round(guard_km * 1000), layer=layer)  # type: ignore[arg-type]
        if method == "bands":
            return _with_bands(made, BANDS if bands is None else bands, 0.0 if angle is None else angle)
        if method == "blocks":
            side = BLOCK if block is None else block
            if not 1 <= side <= _MOST_BLOCK:
                raise ConfigError(f"blocks have {side} tiles a side: expected 1 to {_MOST_BLOCK}")
            return cls(made.method, shares, seed, block=side, guard_m=made.guard_m)
        return made

    def as_json(self) -> dict[str, Any]:
        """The rule as plain values, as a split file keeps it."""
        told = {
            "method": self.method,
            "splits": list(self.shares.names),
            "weights": list(self.shares.weights),
            "folds": self.shares.folds,
            "seed": self.seed,
            "bands": self.bands,
            "angle": self.angle,
            "block": self.block,
            "guard_m": self.guard_m,
            "layer": {"name": self.layer.name, "sha256": self.layer.digest} if self.layer else None,
        }
        return {key: value for key, value in told.items() if value is not None}


def _with_bands(rule: Rule, bands: int, angle: float) -> Rule:
    if not 2 <= bands <= _MOST_BANDS:
        raise ConfigError(f"there are {bands} bands: expected 2 to {_MOST_BANDS}")
    if rule.shares.total > bands:
        raise ConfigError(
            f"{bands} bands are too few: these fractions need {rule.shares.total}, or rounder fractions "
            "such as 0.6, 0.2 and 0.2"
        )
    return Rule(rule.method, rule.shares, rule.seed, bands, angle, guard_m=rule.guard_m)
