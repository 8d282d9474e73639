"""Letters on pictures: fonts, the width of a text, and texts made to fit.

The fonts come with the package, and texts are laid out without Pillow's optional libraries, so that a picture does
not depend on what else is installed.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

Ink = tuple[int, int, int]

BLACK: Ink = (24, 24, 27)
GREY: Ink = (98, 98, 106)
PALE: Ink = (205, 205, 212)
WHITE: Ink = (255, 255, 255)


@cache
def font(size: int, *, bold: bool = False) -> FreeTypeFont:
    """The font of a size in pixels."""
    from PIL import ImageFont

    name = "Roboto-Medium.ttf" if bold else "Roboto-Regular.ttf"
    data = (resources.files("eo_ingest.preview") / "fonts" / name).read_bytes()
    return ImageFont.truetype(BytesIO(data), size, layout_engine=ImageFont.Layout.BASIC)


def width(text: str, size: int, *, bold: bool = False) -> int:
    """How many pixels a text is wide."""
    return round(font(size, bold=bold).getlength(text))


def shortened(text: str, size: int, limit: int, *, bold: bool = False) -> str:
    """The text, or as much of it as fits into `limit` pixels, and an ellipsis."""
    if width(text, size, bold=bold) <= limit:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if width(f"{text[:middle].rstrip()}…", size, bold=bold) <= limit:
            low = middle
        else:
            high = middle - 1
    return f"{text[:low].rstrip()}…"


def wrapped(text: str, size: int, limit: int, *, lines: int, bold: bool = False) -> list[str]:
    """The text in at most so many lines of at most `limit` pixels; what does not fit is left out, and an ellipsis."""
    made: list[str] = []
    words = text.split(" ")  # at plain blanks: narrow and hard ones hold numbers and units together
    while words:
        count = 1
        while count < len(words) and width(" ".join(words[: count + 1]), size, bold=bold) <= limit:
            count += 1
        if len(made) == lines - 1:
            return [*made, shortened(" ".join(words), size, limit, bold=bold)]
        made.append(shortened(" ".join(words[:count]), size, limit, bold=bold))
        words = words[count:]
    return made


def first_fitting(texts: tuple[str, ...], size: int, limit: int) -> str:
    """The first text that fits into `limit` pixels, or the last one, shortened."""
    for text in texts:
        if width(text, size) <= limit:
            return text
    return shortened(texts[-1], size, limit)


def write(
    pen: ImageDraw,
    at: tuple[float, float],
    text: str,
    size: int,
    *,
    ink: Ink = BLACK,
    bold: bool = False,
    anchor: str = "la",
) -> None:
    """Write a text; `anchor` as in Pillow: `la` is left and top, `mm` the middle, `rs` right and baseline."""
    pen.text(at, text, fill=ink, font=font(size, bold=bold), anchor=anchor)
