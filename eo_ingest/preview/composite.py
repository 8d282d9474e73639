"""Which bands are painted together as red, green and blue."""

from __future__ import annotations

from dataclasses import dataclass

_TRUE = "true colour"


@dataclass(frozen=True)
class Composite:
    """Three bands as red, green and blue, and what people call it."""

    name: str
    bands: tuple[str, str, str]

    @property
    def true(self) -> bool:
        """Whether it is as the eye sees it, so that all three bands need the same scale."""
        return self.name == _TRUE


_KNOWN = (
    Composite(_TRUE, ("B4", "B3", "B2")),
    Composite(_TRUE, ("B04", "B03", "B02")),
    Composite(_TRUE, ("red", "green", "blue")),
    Composite(_TRUE, ("R", "G", "B")),
    Composite(_TRUE, ("SR_B4", "SR_B3", "SR_B2")),
    Composite(_TRUE, ("sur_refl_b01", "sur_refl_b04", "sur_refl_b03")),
    Composite("colour infrared", ("B8", "B4", "B3")),
    Composite("colour infrared", ("B08", "B04", "B03")),
    Composite("colour infrared", ("nir", "red", "green")),
    Composite("colour infrared", ("SR_B5", "SR_B4", "SR_B3")),
    Composite("short-wave infrared", ("B12", "B8A", "B5")),
)


def composites(bands: tuple[str, ...]) -> tuple[Composite, ...]:
    """The composites that these bands allow."""
    return tuple(known for known in _KNOWN if set(known.bands) <= set(bands))
