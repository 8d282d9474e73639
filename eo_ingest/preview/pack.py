"""Boxes on a page: each as high up as it fits, then as far left, in order."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Size = tuple[int, int]  # width, height

_TALL = 1.2  # height over width of a good page
_MANY = 60  # boxes, of which only the given order is tried
_DISORDER = 1.1  # how much better a page must be for boxes to leave their order


@dataclass(frozen=True)
class Page:
    """Where each box goes (x, y), in their order, and how large all of them are together."""

    places: tuple[tuple[int, int], ...]
    width: int
    height: int

    @property
    def cost(self) -> float:
        """What is to be kept small: the area, more so where the shape is not that of a page, and ragged columns."""
        shape = abs(math.log(self.height / self.width / _TALL))
        return self.width * self.height * (1 + 0.6 * shape + 0.4 * len({x for x, _ in self.places}) / len(self.places))


def pack(sizes: Sequence[Size], gap: int) -> Page:
    """The page with little waste and a good shape, filled in order, or tallest or widest first where that is better."""
    given = list(range(len(sizes)))
    orders = [given]
    if len(sizes) <= _MANY:
        orders += [sorted(given, key=lambda i: -sizes[i][1]), sorted(given, key=lambda i: -sizes[i][0])]
    widths = _some(sorted(set(_widths(sizes, gap))), max(3, min(40, 1200 // len(sizes))))
    pages = [(_page(sizes, order, gap, width), order == given) for order in orders for width in widths]
    return _aligned(min(pages, key=lambda made: made[0].cost * (1 if made[1] else _DISORDER))[0], sizes, gap)


def _widths(sizes: Sequence[Size], gap: int) -> Iterator[int]:
    """The widths of a page that can matter: those of some boxes in a row, and none too narrow for the widest."""
    widest = max(width for width, _ in sizes)
    for start in range(len(sizes)):
        total = -gap
        for width, _ in sizes[start:]:
            total += width + gap
            if total >= widest:
                yield total


def _some(widths: Sequence[int], count: int) -> list[int]:
    """At most so many of them, spread evenly, the first and the last among them."""
    if len(widths) <= count:
        return list(widths)
    return [widths[round(i * (len(widths) - 1) / (count - 1))] for i in range(count)]


def _page(sizes: Sequence[Size], order: Sequence[int], gap: int, limit: int) -> Page:
    places: dict[int, tuple[int, int]] = {}
    skyline = [(0, 0)]  # from x on, all above y is taken, up to the next x
    for i in order:
        width, height = sizes[i]
        starts = [x for x, _ in skyline if x + width <= limit]
        y, x = min((_floor(skyline, x, x + width + gap), x) for x in starts)
        places[i] = (x, y)
        skyline = _raised(skyline, x, x + width + gap, y + height + gap)
    width = max(x + sizes[i][0] for i, (x, _) in places.items())
    height = max(y + sizes[i][1] for i, (_, y) in places.items())
    return Page(tuple(places[i] for i in range(len(sizes))), width, height)


def _aligned(page: Page, sizes: Sequence[Size], gap: int) -> Page:
    """The page with boxes moved left to where others begin, as far as they can go."""
    places = list(page.places)
    for i in sorted(range(len(places)), key=lambda k: places[k]):
        x, y = places[i]
        edges = sorted({0, *(left for left, _ in places if left < x)})
        free = (left for left in edges if not _taken(places, sizes, gap, i, (left, y)))
        places[i] = next(free, x), y
    return replace(page, places=tuple(places))


def _taken(places: Sequence[tuple[int, int]], sizes: Sequence[Size], gap: int, own: int, at: tuple[int, int]) -> bool:
    """Whether a box would come too near to another there."""
    (x, y), (width, height) = at, sizes[own]
    return any(
        x < left + wide + gap and left < x + width + gap and y < top + tall + gap and top < y + height + gap
        for k, ((left, top), (wide, tall)) in enumerate(zip(places, sizes, strict=True))
        if k != own
    )


def _floor(skyline: Sequence[tuple[int, int]], left: int, right: int) -> int:
    """How high up a box from `left` to `right` may go."""
    ends = [*(x for x, _ in skyline[1:]), right]
    return max(y for (x, y), end in zip(skyline, ends, strict=True) if x < right and end > left)


def _raised(skyline: Sequence[tuple[int, int]], left: int, right: int, level: int) -> list[tuple[int, int]]:
    """The skyline with all from `left` to `right` taken down to `level`."""
    after = next(y for x, y in reversed(skyline) if x <= right)
    before = [(x, y) for x, y in skyline if x < left]
    return [*before, (left, level), (right, after), *((x, y) for x, y in skyline if x > right)]
