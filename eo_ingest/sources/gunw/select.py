"""Which pairs a block gets: by a rule of the block, the period and the granules there are, in whatever order.

1. Granules are candidates whose two dates both lie in the period, at most `longest_days` apart, and whose processing is
   not older than `oldest_version`.
2. Granules of one track, direction and pass at both dates make a pair. A pass may cross midnight: granules taken within
   half an hour belong together.
3. Of a pair, only granules of the newest main version are kept, and of those none that lies for nine tenths of its area
   in one that is newer or, of the same version, larger (then by name).
4. Each track gives the pairs that it would deliver: the period is cut into as many spans as there are slots; a pair
   belongs to the span of the day in its middle. From each span the best pair is taken, then from each the second best,
   until all slots are full. Better is: covers more of the block (in thousandths), shorter, earlier.
5. The track whose pairs cover most, added up, is the block's; then ascending before descending, lower number first.
6. Pairs are in order of reference, then secondary.

The whole block counts, whichever of its tiles are asked for: a tile gets the same pixels at any time.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import zip_longest
from typing import TYPE_CHECKING

import shapely

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shapely.geometry.base import BaseGeometry

    from eo_ingest.sources.gunw.entry import Entry
    from eo_ingest.sources.gunw.name import Direction, GranuleName

_PASS_SECONDS = 1800
_DAY_SECONDS = 86_400
_DUPLICATE = 0.9


@dataclass(frozen=True, slots=True)
class Rule:
    """The choices of a product.

    Attributes:
        slots: pairs at most.
        longest_days: between the two dates of a pair.
        oldest_version: of the processing.
    """

    slots: int
    longest_days: int
    oldest_version: tuple[int, ...]

    def accepts(self, name: GranuleName, start: date, end: date) -> bool:
        """Whether a granule is a candidate for the days [start, end)."""
        within = start <= name.secondary and name.reference < end
        return within and name.days <= self.longest_days and name.version >= self.oldest_version


@dataclass(frozen=True, slots=True)
class Candidate:
    """A granule that may be used: where it is, and its footprint in degrees near the block."""

    entry: Entry
    footprint: BaseGeometry

    @property
    def name(self) -> GranuleName:
        """What its name says."""
        return self.entry.name


@dataclass(frozen=True, slots=True)
class Pair:
    """Granules of one pass at each of two dates, in order along the track from the south.

    `cover` is how much of the block they cover, in thousandths.
    """

    direction: Direction
    track: int
    reference: date
    secondary: date
    cover: int
    granules: tuple[Entry, ...]

    @property
    def days(self) -> int:
        """Days between the two dates."""
        return (self.reference - self.secondary).days

    @property
    def middle(self) -> date:
        """The day half way between the two dates."""
        return self.secondary + timedelta(days=self.days // 2)


def choose(candidates: Iterable[Candidate], block: BaseGeometry, span: tuple[date, date], rule: Rule) -> list[Pair]:
    """The pairs of a block for the days [start, end), by the rule above.

    Args:
        candidates: granules that the rule accepts, in any order; those that do not meet the block are left out.
        block: its polygon in degrees.
        span: start and end.
        rule: the product's choices.
    """
    tracks: dict[tuple[str, int], list[Candidate]] = defaultdict(list)
    for candidate in sorted(candidates, key=lambda c: c.name):
        if candidate.footprint.intersects(block) and not candidate.footprint.touches(block):
            tracks[candidate.name.direction, candidate.name.track].append(candidate)
    best: list[Pair] = []
    for _, granules in sorted(tracks.items()):
        pairs = [_pair(group, block) for group in _passes(granules)]
        taken = _spread([pair for pair in pairs if pair.cover], span, rule.slots)
        if sum(pair.cover for pair in taken) > sum(pair.cover for pair in best):
            best = taken
    return sorted(best, key=lambda pair: (pair.reference, pair.secondary))


def _passes(granules: Sequence[Candidate]) -> list[list[Candidate]]:
    """Granules of one track, grouped by the passes they are made of."""
    groups: list[list[Candidate]] = []
    for candidate in sorted(granules, key=lambda c: (c.name.reference, c.name.seconds, c.name)):
        home = next((group for group in groups if any(_together(candidate.name, c.name) for c in group)), None)
        if home is None:
            groups.append([candidate])
        else:
            home.append(candidate)
    return groups


def _together(one: GranuleName, other: GranuleName) -> bool:
    """Whether two granules of one track are of the same pass at both dates."""
    apart = (one.reference - other.reference).days * _DAY_SECONDS + one.seconds - other.seconds
    if abs(apart) > _PASS_SECONDS:
        return False
    to_midnight = min(one.seconds, _DAY_SECONDS - one.seconds)
    slack = 1 if to_midnight <= _PASS_SECONDS else 0
    return abs((one.secondary - other.secondary).days) <= slack


def _pair(group: Sequence[Candidate], block: BaseGeometry) -> Pair:
    newest = max(candidate.name.version[0] for candidate in group)
    kept = _distinct([candidate for candidate in group if candidate.name.version[0] == newest])
    covered = shapely.union_all([candidate.footprint for candidate in kept]).intersection(block).area / block.area
    kept.sort(key=lambda c: (round(c.footprint.centroid.y, 6), c.name.text))
    return Pair(
        direction=kept[0].name.direction,
        track=kept[0].name.track,
        reference=min(candidate.name.reference for candidate in kept),
        secondary=min(candidate.name.secondary for candidate in kept),
        cover=round(1000 * covered),
        granules=tuple(candidate.entry for candidate in kept),
    )


def _distinct(granules: Sequence[Candidate]) -> list[Candidate]:
    """Granules none of which lies almost wholly in another."""
    kept: list[Candidate] = []
    by_rank = sorted(granules, key=lambda c: (round(-c.footprint.area, 6), c.name.text))
    for candidate in sorted(by_rank, key=lambda c: c.name.version, reverse=True):
        inside = (candidate.footprint.intersection(other.footprint).area for other in kept)
        if all(area < _DUPLICATE * candidate.footprint.area for area in inside):
            kept.append(candidate)
    return kept


def _spread(pairs: Iterable[Pair], span: tuple[date, date], slots: int) -> list[Pair]:
    """At most `slots` pairs, spread over the days [start, end)."""
    start, end = span
    spans: list[list[Pair]] = [[] for _ in range(slots)]
    for pair in sorted(pairs, key=lambda p: (-p.cover, p.days, p.reference, p.secondary)):
        spans[(pair.middle - start).days * slots // (end - start).days].append(pair)
    turns = zip_longest(*spans)
    return [pair for turn in turns for pair in turn if pair is not None][:slots]
