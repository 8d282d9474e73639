"""Images as colours of eight bits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator import colour
from eo_ingest.emulator.algorithms.bands import matching
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.image import Band, Computed, Image
from eo_ingest.emulator.pixeltype import NAMED
from eo_ingest.emulator.plane import Plane, both
from eo_ingest.emulator.registry import algorithm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eo_ingest.emulator.colour import Rgb
    from eo_ingest.emulator.pixeltype import PixelType

_BYTE = NAMED["uint8"]
_RGB = ("vis-red", "vis-green", "vis-blue")


@dataclass(frozen=True)
class Style:
    """How values become colours; each of the tuples holds nothing, one number for all bands, or one for each band.

    `low` becomes 0 or the palette's first colour, `high` 255 or its last; by default they are the ends of an integer
    type's range, 0 and 1 for floating point.
    """

    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    gamma: tuple[float, ...] = ()
    palette: tuple[Rgb, ...] = ()
    rgb: bool = False

    def checked(self, bands: int) -> Style:
        """The style, if it suits a number of bands."""
        for name, values in (("min", self.low), ("max", self.high), ("gamma", self.gamma)):
            if len(values) not in {0, 1, bands}:
                raise EarthEngineError(
                    f"The number of values of {name} ({len(values)}) must be 1 or the number of bands ({bands})."
                )
        if self.palette and bands != 1:
            raise EarthEngineError(f"A palette needs a single band, the image has {bands}.")
        if any(g <= 0 for g in self.gamma):
            raise EarthEngineError("Gamma must be positive.")
        return self

    def unit(self, values: Any, number: int, kind: PixelType) -> Any:
        """Values of a band as doubles from 0 to 1."""
        ends = kind.range if kind.is_integer else (0.0, 1.0)
        low, high = _of(self.low, number, ends[0]), _of(self.high, number, ends[1])
        wide = values.astype(np.float64)
        stretched = (wide - low) / (high - low) if high != low else (wide >= high).astype(np.float64)
        clipped = np.nan_to_num(np.clip(stretched, 0.0, 1.0))
        return clipped ** (1.0 / _of(self.gamma, number, 1.0))


def _of(values: tuple[float, ...], number: int, default: float) -> float:
    return default if not values else values[number] if len(values) > 1 else values[0]


def paint(image: Image, style: Style) -> Image:
    """The image's first three bands as red, green and blue, or its only one as grey or by a palette.

    A pixel is valid where all of the bands are.
    """
    bands = image.bands[:3]
    if not bands:
        raise EarthEngineError("The image has no bands to visualize.")
    style = style.checked(len(bands))
    if len(bands) == 1 and not style.palette:
        grey = _made("vis-gray", bands, lambda p: _byte(style.unit(p[0].values, 0, bands[0].type)))
        return _image(image, [replace(grey, name=name) for name in _RGB] if style.rgb else [grey])
    if style.palette:
        return _image(image, [_by_palette(bands[0], style, i) for i in range(3)])
    return _image(image, [_channel(bands, style, i) for i in range(3)])


def _image(image: Image, bands: list[Band]) -> Image:
    return Image(tuple(bands), footprint=image.footprint)


def _channel(bands: tuple[Band, ...], style: Style, number: int) -> Band:
    if number >= len(bands):  # two bands are red and green
        return _made(_RGB[number], bands, lambda _planes: np.zeros((), np.uint8))
    kind = bands[number].type
    return _made(_RGB[number], bands, lambda planes: _byte(style.unit(planes[number].values, number, kind)))


def _by_palette(band: Band, style: Style, channel: int) -> Band:
    steps = np.array([rgb[channel] for rgb in style.palette], float)
    places = np.linspace(0.0, 1.0, len(steps)) if len(steps) > 1 else np.zeros(1)

    def compute(planes: tuple[Plane, ...]) -> Any:
        return _byte(np.interp(style.unit(planes[0].values, 0, band.type), places, steps) / 255.0)

    return _made(_RGB[channel], (band,), compute)


def _byte(unit: Any) -> Any:
    return np.floor(unit * 255.0 + 0.5).astype(np.uint8)


def _made(name: str, bands: tuple[Band, ...], compute: Any) -> Band:
    def plane(*planes: Plane) -> Plane:
        valid = planes[0].valid
        for other in planes[1:]:
            valid = both(valid, other.valid)
        return Plane(compute(planes), valid)

    return replace(bands[0], name=name, type=_BYTE, source=Computed(plane, *bands, dtype=_BYTE.dtype, strict=True))


@algorithm("Image.visualize")
def visualize(  # noqa: PLR0913, PLR0917
    image: Image,
    names: Any,
    gain: Any,
    bias: Any,
    low: Any,
    high: Any,
    gamma: Any,
    opacity: Any,
    palette: Any,
    rgb: bool,  # noqa: FBT001
) -> Image:
    """The image as colours: bands vis-red, vis-green and vis-blue, or vis-gray."""
    if opacity is not None and opacity != 1:
        raise EarthEngineError(f"An opacity of {opacity} is not in the emulator, whose masks are not weights.")
    chosen = [n for n in names.split(",") if n] if isinstance(names, str) else list(names or [])
    if chosen:
        image = image.with_bands(tuple(band for name in chosen for band in matching(image, name)))
    colours = tuple(colour.parse(str(text)) for text in _texts(palette))
    lows, highs = _numbers(low, "min"), _numbers(high, "max")
    gains, biases = _numbers(gain, "gain"), _numbers(bias, "bias")
    if gains or biases:
        if lows or highs:
            raise EarthEngineError("Cannot specify both gain or bias and min or max.")
        lows, highs = _ends(gains, biases, len(colours) - 1 if colours else 255)
    return paint(image, Style(lows, highs, _numbers(gamma, "gamma"), colours, rgb))


def _ends(gains: tuple[float, ...], biases: tuple[float, ...], span: float) -> tuple[tuple[float, ...], ...]:
    """The values that gain · x + bias takes to 0 and to the span."""
    count = max(len(gains), len(biases))
    pairs = [(_of(gains, i, 1.0), _of(biases, i, 0.0)) for i in range(count)]
    if any(g == 0 for g, _ in pairs):
        raise EarthEngineError("Gain must not be 0.")
    return tuple(-b / g for g, b in pairs), tuple((span - b) / g for g, b in pairs)


def _texts(value: Any) -> list[Any]:
    if value is None:
        return []
    return [part for part in value.split(",") if part] if isinstance(value, str) else list(value)


def _numbers(value: Any, name: str) -> tuple[float, ...]:
    """Numbers of a number, a list or a list written with commas."""
    parts = [value] if isinstance(value, (int, float)) else _texts(value)
    try:
        return tuple(float(part) for part in parts)
    except (TypeError, ValueError) as err:
        raise EarthEngineError(f"The {name} must be a number or a list of numbers, got {value!r}.") from err


def requested(options: Mapping[str, Any]) -> Style:
    """The style of a request's `visualizationOptions`."""
    opacity = options.get("opacity")
    if opacity is not None and opacity != 1:
        raise EarthEngineError(f"An opacity of {opacity} is not in the emulator, whose masks are not weights.")
    ranges = options.get("ranges") or []
    gamma = (options.get("gamma") or {}).get("value")
    return Style(
        tuple(float(r.get("min", 0.0)) for r in ranges),
        tuple(float(r.get("max", 1.0)) for r in ranges),
        () if gamma is None else (float(gamma),),
        tuple(colour.parse(str(text)) for text in options.get("paletteColors") or []),
    )
