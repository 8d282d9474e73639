"""Which pixels of a Sentinel-2 scene are clear: three masks, each a variant of every Sentinel-2 product.

- Cloud Score+ (the products without a suffix): `cs_cdf` of at least 0.60, the value in the data set's own example.
- `-scl`, the Scene Classification: all but saturated or defective (1), cloud shadow (3), cloud of medium (8) and high
  probability (9) and cirrus (10). Dark areas, low probability or unclassified (7) and snow are kept.
- `-qa60`, the cloud mask QA60: neither opaque (bit 10) nor cirrus (bit 11). It is empty from 2022-01-25 to 2024-02-28,
  so that nothing would be masked or all would be: frames that meet those days are refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from eo_ingest.product import Gap

if TYPE_CHECKING:
    from collections.abc import Callable

    import ee

CLOUD_SCORE = "GOOGLE/CLOUD_SCORE_PLUS/V1/S2_HARMONIZED"
SCORE = "cs_cdf"
CLEAR = 0.60
SCL_CLOUDY = (1, 3, 8, 9, 10)
QA60_CLOUDY = 1 << 10 | 1 << 11
QA60_GAP = Gap(date(2022, 1, 25), date(2024, 2, 29), "QA60, its cloud mask, is empty from 2022-01-25 to 2024-02-28")


@dataclass(frozen=True, slots=True)
class Clouds:
    """A cloud mask: `clear` gives the image that is not 0 where a scene, with the `links` added, is clear.

    `links` are collections and the band of each that is added to the scene of the same index.
    """

    suffix: str
    name: str
    clear: Callable[[ee.Image], ee.Image]
    links: tuple[tuple[str, str], ...] = ()
    gaps: tuple[Gap, ...] = ()
    licence: str = ""
    citation: str = ""


def _by_score(image: ee.Image) -> ee.Image:
    return image.select(SCORE).resample("bilinear").gte(CLEAR)


def _by_scene_classification(image: ee.Image) -> ee.Image:
    return image.select("SCL").remap(list(SCL_CLOUDY), [0] * len(SCL_CLOUDY), 1)


def _by_qa60(image: ee.Image) -> ee.Image:
    return image.select("QA60").bitwiseAnd(QA60_CLOUDY).eq(0)


CLOUD_SCORE_PLUS = Clouds(
    suffix="",
    name="Cloud Score+",
    clear=_by_score,
    links=((CLOUD_SCORE, SCORE),),
    licence="Cloud Score+: CC-BY-4.0",
    citation="clouds by Pasquarella et al. 2023, doi:10.1109/CVPRW59228.2023.00206",
)
SCL = Clouds(suffix="-scl", name="Scene Classification", clear=_by_scene_classification)
QA60 = Clouds(suffix="-qa60", name="QA60", clear=_by_qa60, gaps=(QA60_GAP,))
