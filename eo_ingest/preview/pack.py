"""Boxes on a page: each as high up as it fits, then as far left, in order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Size = tuple[int, int]  # width, height

_TALL = 1.2  # height over width of a good page
_DISORDER = 1.1  # how much better a page must be for boxes to leave their order


@dataclass(frozen=True)
class Page:
    """Where each box goes (x, y), in their order, and how large all of them are together."""

    places: tuple[tuple[int, int], ...]
    width: int
    height: int

    @property
    def cost(self) -> float:
        """What is to be kept small: the area, more so where the shape is not that of a page."""
        return self.width * self.height * (1 + 0.6 * abs(math.log(self.height / self.width / _TALL)))


def pack(sizes: Sequence[Size], gap: int) -> Page:
    """The page with little waste and a good shape, filled in order, or tallest first where that is much better."""
    given = list(range(len(sizes)))
    tallest = sorted(given, key=lambda i: -sizes[i][1])
    widths = sorted(set(_widths(sizes, gap)))
    pages = [(_page(sizes, order, gap, width), order == given) for order in (given, tallest) for width in widths]
    return min(pages, key=lambda made: made[0].cost * (1 if made[1] else _DISORDER))[0]


def _widths(sizes: Sequence[Size], gap: int) -> Iterator[int]:
    """The widths of a page that can matter: those of some boxes in a row, and none too narrow for the widest."""
    widest = max(width for width, _ in sizes)
    for start in range(len(sizes)):
        total = -gap
        for width, _ in sizes[start:]:
            total += width + gap
            if total >= widest:
                yield total


def _page(sizes: Sequence[Size], order: Sequence[int], gap: int, limit: int) -> Page:
    places: dict[int, tuple[int, int]] = {}
    for i in order:
        taken = [(place, sizes[k]) for k, place in places.items()]
        edges = sorted({0, *(x + width + gap for (x, _), (width, _) in taken)})
        spots = [(_floor(taken, gap, x, x + sizes[i][0]), x) for x in edges if x + sizes[i][0] <= limit]
        y, x = min(spots)
        places[i] = (x, y)
    width = max(x + sizes[i][0] for i, (x, _) in places.items())
    height = max(y + sizes[i][1] for i, (_, y) in places.items())
    return Page(tuple(places[i] for i in range(len(sizes))), width, height)


def _floor(taken: Sequence[tuple[tuple[int, int], Size]], gap: int, left: int, right: int) -> int:
    """How high up a box from `left` to `right` may go, below all that was placed there before."""
    below = [y + high + gap for (x, y), (wide, high) in taken if x < right + gap and x + wide > left - gap]
    return max(below, default=0)
