"""Words and numbers for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


def count(number: int, noun: str) -> str:
    """A number and its noun: `1 tile`, `1,200 tiles`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def size(number: float) -> str:
    """Bytes in decimal units: `12.3 MB`."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} PB"


def seconds(number: float) -> str:
    """A duration: `9.5 s`, `3 min 20 s`, `2 h 5 min`."""
    if number < 60:
        return f"{number:.1f} s"
    minutes, rest = divmod(round(number), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[int] | None = None) -> str:
    """Columns: those of `right`, or all but the first, flush right."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    flush = set(range(1, len(header)) if right is None else right)

    def line(row: Sequence[str]) -> str:
        cells = zip(row, widths, range(len(row)), strict=True)
        return "  ".join(cell.rjust(width) if i in flush else cell.ljust(width) for cell, width, i in cells).rstrip()

    return "\n".join(line(row) for row in (header, *rows))
