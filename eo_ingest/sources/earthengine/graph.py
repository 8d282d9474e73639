"""From a product's expression to what is sent: one image per request, quantised and unmasked on the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eo_ingest.errors import ConfigError
from eo_ingest.product import Place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import ee

    from eo_ingest.grid import Block, Zone
    from eo_ingest.period import Frame, Period
    from eo_ingest.product import Product, Variable
    from eo_ingest.request import PixelRequest, Unit, Window

MAX_SCENES = 5000
# Where a graph that stands for all blocks is anchored; it only ever goes into a fingerprint.
_REFERENCE = Place("EPSG:4326", 0.0, 1.0, 0.25)

_CASTS = {"uint8": "toUint8", "int16": "toInt16", "uint16": "toUint16", "int32": "toInt32"}


def band_name(frame: int, unit: Unit) -> str:
    """The name of a band in a reply: frame index, variable, band index."""
    return f"f{frame}_{unit[0]}_{unit[1]}"


def place(zone: Zone, block: Block) -> Place:
    """Where a block lies."""
    left, _, _, top = zone.bounds(block)
    return Place(zone.crs, left, top, zone.tile_size, block.side)


def region(where: Place) -> ee.Geometry:
    """The block's footprint, exact in its own CRS."""
    import ee

    return ee.Geometry.Rectangle(list(where.bounds), where.crs, False)  # noqa: FBT003 - positional in ee


def image(product: Product, frames: Sequence[Frame], where: Place, request: PixelRequest) -> ee.Image:
    """The image whose bands are the request's units, frame by frame, each in its stored type with nodata unmasked."""
    import ee

    bands = []
    for index in request.frames:
        frame = frames[index]
        made = images(product, frame, where)
        for name in dict.fromkeys(name for name, _ in request.units):
            variable = product.variable(name)
            wanted = [band for unit, band in request.units if unit == name]
            stored = _quantised(made[name].select(wanted), variable)
            bands.append(stored.rename([band_name(index, (name, band)) for band in wanted]))
    return ee.Image.cat(*bands)


def scene_rows(product: Product, frames: Sequence[Frame], where: Place) -> ee.ComputedObject:
    """A dictionary: frame label → rows of scene properties, in the order of `scene_columns`."""
    import ee

    columns = scene_columns(product)

    def row(scene: Any) -> ee.List:
        return ee.List([ee.Image(scene).get(name) for name in columns])

    return ee.Dictionary({frame.label: scenes(product, frame, where).toList(MAX_SCENES).map(row) for frame in frames})


def pixel_grid(zone: Zone, block: Block, product: Product, window: Window) -> dict[str, Any]:
    """The `grid` of a request for a window of a block."""
    step, _, left, _, minus, top = zone.affine(block, factor=product.factor)
    return {
        "dimensions": {"width": window.width, "height": window.height},
        "affineTransform": {
            "scaleX": step,
            "shearX": 0,
            "translateX": left + window.col * step,
            "shearY": 0,
            "scaleY": minus,
            "translateY": top + window.row * minus,
        },
        "crsCode": zone.crs,
    }


def scene_columns(product: Product) -> tuple[str, ...]:
    """The properties that are recorded of every scene."""
    return ("system:index", "system:time_start", *product.scene_properties)


def recipe(product: Product, period: Period) -> str:
    """The serialized graph of all frames and bands of a product, for a reference place: the same in every process."""
    from eo_ingest.request import PixelRequest, Window
    from eo_ingest.sources.earthengine import client

    client.prepare_offline()
    frames = product.frames(period)
    units = tuple((v.name, i) for v in product.variables for i in range(len(v.bands)))
    request = PixelRequest(tuple(range(len(frames))), units, Window(0, 0, 1, 1))
    graph: str = image(product, frames, _REFERENCE, request).serialize(for_cloud_api=True)
    return graph


def scenes(product: Product, frame: Frame, where: Place) -> ee.ImageCollection:
    """The inputs of a product's frame at a place.

    Raises:
        ConfigError: if the product is not in Earth Engine.
    """
    if product.scenes is None:
        raise ConfigError(f"product {product.name!r} is not in Earth Engine: it comes from an archive")
    return product.scenes(frame, region(where))


def images(product: Product, frame: Frame, where: Place) -> Mapping[str, ee.Image]:
    """The images that a product makes of them, by variable: in stored units, neither rounded nor unmasked.

    Raises:
        ConfigError: if the product is not in Earth Engine.
    """
    if product.images is None:
        raise ConfigError(f"product {product.name!r} is not in Earth Engine: it comes from an archive")
    inputs = scenes(product, frame, where)
    return product.images(inputs, frame, where) if product.placed else product.images(inputs, frame)


def _quantised(image: ee.Image, variable: Variable) -> ee.Image:
    low, high = variable.valid_range
    whole = image if variable.kind in {"class", "id"} else image.round().clamp(low, high)
    # Nothing to count is a count of 0. Without `sameFootprint` off, what lies beyond all scenes would stay masked, and
    # a masked pixel comes back as 0, which may be a value.
    filled = whole.unmask(0 if variable.kind == "count" else variable.nodata, sameFootprint=False)
    return getattr(filled, _CASTS[variable.dtype])()
