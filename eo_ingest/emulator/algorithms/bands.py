"""Choosing, naming, joining and describing bands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from eo_ingest.emulator import element as elements
from eo_ingest.emulator import pixeltype
from eo_ingest.emulator.algorithms.arithmetic import cast_image
from eo_ingest.emulator.element import Date
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.image import Band, Constant, Image, _no_band, constant_band, masked_band
from eo_ingest.emulator.pixeltype import DOUBLE, PixelType
from eo_ingest.emulator.registry import algorithm

if TYPE_CHECKING:
    from eo_ingest.emulator.collection import Collection


def matching(image: Image, selector: Any) -> list[Band]:
    """Bands of a name, a regular expression that matches whole names, or an index."""
    if isinstance(selector, (int, float)) and not isinstance(selector, bool):
        position = int(selector)
        if not -len(image.bands) <= position < len(image.bands):
            raise EarthEngineError(
                f"Band number {position} is out of range. The image has {len(image.bands)} bands: "
                f"[{', '.join(image.names)}]."
            )
        return [image.bands[position]]
    exact = [band for band in image.bands if band.name == selector]
    if exact:
        return exact
    try:
        pattern = re.compile(str(selector))
    except re.error:
        pattern = re.compile(re.escape(str(selector)))
    found = [band for band in image.bands if pattern.fullmatch(band.name)]
    if not found:
        raise EarthEngineError(_no_band(str(selector), image.names))
    return found


def check_names(names: list[str]) -> None:
    """Refuses names that occur twice."""
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise EarthEngineError(f"Duplicate band name: '{double[0]}'.")


@algorithm("Image.select")
def select(image: Image, selectors: list[Any], names: list[str] | None) -> Image:
    """Some bands, in the order asked for, with new names if those are given."""
    chosen = [band for selector in selectors for band in matching(image, selector)]
    if names is not None:
        return rename(image.with_bands(tuple(chosen)), names)
    found: list[Band] = []
    for band in chosen:
        if band.name not in {b.name for b in found}:
            found.append(band)
        elif sum(s == band.name for s in selectors) > 1:
            found.append(replace(band, name=free_name(band.name, [b.name for b in found])))
    return image.with_bands(tuple(found))


@algorithm("Image.rename")
def rename(image: Image, names: list[str]) -> Image:
    """New names for all bands."""
    if len(names) != len(image.bands):
        raise EarthEngineError(
            f"The number of names ({len(names)}) must match the number of bands ({len(image.bands)})."
        )
    check_names(names)
    return image.with_bands(tuple(replace(b, name=n) for b, n in zip(image.bands, names, strict=True)))


@algorithm("Image.regexpRename")
def regexp_rename(image: Image, regex: str, replacement: str, every: bool) -> Image:  # noqa: FBT001
    """Names with a pattern replaced; groups are written $1."""
    python = re.sub(r"\$(\d)", r"\\\1", replacement)
    return rename(image, [re.sub(regex, python, name, count=0 if every else 1) for name in image.names])


@algorithm("Image.slice")
def slice_bands(image: Image, start: int, end: int | None) -> Image:
    """Bands [start, end) by position."""
    return image.with_bands(image.bands[start:end])


def free_name(name: str, taken: list[str]) -> str:
    """The name, with the first suffix _1, _2 … that makes it unique."""
    if name not in taken:
        return name
    number = 1
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


@algorithm("Image.addBands")
def add_bands(image: Image, other: Image, names: list[str] | None, overwrite: bool) -> Image:  # noqa: FBT001
    """The image with bands of another one; equal names are overwritten or get a numbered suffix."""
    chosen = other.bands if names is None else tuple(b for n in names for b in matching(other, n))
    bands = list(image.bands)
    for band in chosen:
        taken = [b.name for b in bands]
        if overwrite and band.name in taken:
            bands[taken.index(band.name)] = band
        else:
            bands.append(replace(band, name=free_name(band.name, taken)))
    return image.with_bands(tuple(bands))


@algorithm("Image.cat")
def cat(images: list[Any]) -> Image:
    """All bands of all images, with the first one's metadata."""
    members = [image if isinstance(image, Image) else constant(image) for image in images]
    if not members:
        return Image(())
    bands: list[Band] = []
    for member in members:
        bands += [replace(b, name=free_name(b.name, [x.name for x in bands])) for b in member.bands]
    return members[0].with_bands(tuple(bands))


@algorithm("Image.constant")
def constant(value: Any) -> Image:
    """A number, or a list of numbers as bands constant, constant_1 and so on."""
    if isinstance(value, Image):
        return value
    if isinstance(value, Mapping):
        return Image(tuple(constant_band(v, k) for k, v in sorted(value.items())))
    numbers = value if isinstance(value, list) else [value]
    if not all(isinstance(n, (int, float)) for n in numbers):
        raise EarthEngineError("The value must be a number or a list of numbers.")
    names = ["constant"] + [f"constant_{i}" for i in range(1, len(numbers))]
    return Image(tuple(constant_band(n, name) for n, name in zip(numbers, names, strict=False)))


@algorithm("Dictionary.toImage")
def to_image(values: dict[str, Any], names: list[str] | None) -> Image:
    """A constant image with a band for each key."""
    return Image(tuple(constant_band(values[k], k) for k in (names or sorted(values))))


@algorithm("Image.metadata")
def metadata(image: Image, name: str, band: str | None) -> Image:
    """A property as a constant band of type double."""
    value = elements.get(image, name)
    if isinstance(value, Date):
        value = value.millis
    if not isinstance(value, (int, float)):
        raise EarthEngineError(f"Property '{name}' is not a number.")
    source = Constant(float(value), DOUBLE.dtype)
    return Image((replace(constant_band(value, band or name), type=DOUBLE, source=source),))


@algorithm("Image.bandNames")
def band_names(image: Image) -> list[str]:
    """Names in order."""
    return image.names


@algorithm("Image.bandTypes")
def band_types(image: Image) -> dict[str, PixelType]:
    """Pixel types by band name."""
    return {band.name: band.type for band in image.bands}


@algorithm("Image.cast")
def cast(image: Image, types: dict[str, Any], order: list[str] | None) -> Image:
    """Bands in other types; those that are not there are added, masked."""
    kinds = {n: t if isinstance(t, PixelType) else pixeltype.named(str(t)) for n, t in types.items()}
    bands = {band.name: band for band in image.bands}
    for name, kind in sorted(kinds.items()):
        if name in bands:
            bands[name] = cast_image(Image((bands[name],)), kind).bands[0]
        else:
            bands[name] = masked_band(name, replace(kind, declared=True))
    names = order or list(bands)
    if sorted(names) != sorted(bands):
        raise EarthEngineError(f"bandOrder {names} must match the bands of the result {list(bands)}.")
    return image.with_bands(tuple(bands[name] for name in names))


@algorithm("Image.date")
def date(image: Image) -> Date:
    """`system:time_start` as a date."""
    start = elements.get(image, "system:time_start")
    if start is None:
        raise EarthEngineError("The image has no property 'system:time_start'.")
    return Date(elements.millis(start))


@algorithm("Image.linkCollection")
def link_collection(image: Image, others: Collection, names: Any, properties: Any, key: str) -> Image:
    """Bands and properties of the image in a collection that has the same value of a property.

    Without a match the bands are masked and the properties are null; their types are those of the first image.
    """
    wanted = elements.get(image, key)
    found = _linked(others, key, wanted)
    chosen = _strings(names)
    changes = {name: None if found is None else elements.get(found, name) for name in _strings(properties)}
    result = elements.update(image, changes)
    if not isinstance(result, Image):
        raise EarthEngineError("Only images can be linked.")
    if not chosen:
        return result
    if found is not None:
        other = select(found, list(chosen), None)
    else:
        like = others.first()
        bands = [b for name in chosen for b in matching(like, name)] if isinstance(like, Image) else []
        known = {b.name: b.type for b in bands}
        other = Image(tuple(masked_band(n, t) for n, t in (known or dict.fromkeys(chosen, DOUBLE)).items()))
    return add_bands(result, other, None, overwrite=True)


def _linked(others: Collection, key: str, wanted: Any) -> Image | None:
    if wanted is None:
        return None
    if key == "system:index":
        match = others.find(str(wanted))
    else:
        match = next((e for e in others.all() if elements.get(e, key) == wanted), None)
    return match if isinstance(match, Image) else None


def _strings(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else [str(v) for v in value]
