"""Making one picture of the granules of a pair, which follow each other along a track and overlap.

Each granule was unwrapped by itself, so its phase has a constant of its own, in fact one per connected component. Where
two components of two granules overlap, the constant between them is known. Starting from the widest overlap, components
are joined into sets; a set has one label, and the phase of its first component, in the order of granules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.sources.gunw.phase import NODATA_COMPONENT

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from eo_ingest.sources.gunw.overlap import Tie
    from eo_ingest.sources.gunw.phase import Labels, Single

NO_GRANULE = -1

Node = tuple[int, int]  # index of a granule, label of a component in it
Ties = dict[tuple[int, int], tuple["Tie", ...]]  # indices of two granules -> what their overlap tells


@dataclass(frozen=True, slots=True)
class Joined:
    """Where a component went.

    Attributes:
        label: of its set in the picture.
        offset: radians that are added to its phase; None where it is tied to no other component.
        tie: the overlap that told so; None for the first component of a set.
    """

    label: int
    offset: float | None
    tie: Tie | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """Layers on common places: float32 with NaN for nodata; components int32, -1 for nodata.

    `fields` holds whatever else is known of the places, such as angles.
    """

    phase: Single
    components: Labels
    fields: Mapping[str, Single]

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Where any of the layers is valid."""
        known = ~np.isnan(self.phase)
        for layer in self.fields.values():
            known = known | ~np.isnan(layer)
        return known


def join(nodes: Collection[Node], ties: Ties) -> dict[Node, Joined]:
    """Join components that overlap into sets.

    Args:
        nodes: the components in the picture; sets without any of them get no label.
        ties: what overlaps tell.
    """
    edges = _widest(ties)
    joined: dict[Node, Joined] = {}
    seen: set[Node] = set()
    label = 0
    for start in sorted({*nodes, *edges}):
        if start in seen:
            continue
        members = _walk(start, edges)
        seen |= members.keys()
        if members.keys() & set(nodes):
            label += 1
            joined.update({node: Joined(label, offset, tie) for node, (offset, tie) in members.items()})
    return joined


def merge(pictures: Sequence[Picture], joined: Mapping[Node, Joined]) -> tuple[Picture, NDArray[np.int16]]:
    """One picture: at each place the first granule with a phase there, else the first with anything.

    All layers of a place come from one granule; its index is given beside them, -1 where there is none.
    """
    shape = pictures[0].phase.shape
    taken = np.full(shape, NO_GRANULE, dtype=np.int16)
    with_phase = [~np.isnan(picture.phase) for picture in pictures]
    for known in (with_phase, [picture.seen for picture in pictures]):
        for index, here in enumerate(known):
            taken[(taken == NO_GRANULE) & here] = index
    phase = np.full(shape, np.nan, dtype=np.float32)
    components = np.full(shape, NODATA_COMPONENT, dtype=np.int32)
    fields = {name: np.full(shape, np.nan, dtype=np.float32) for name in pictures[0].fields}
    for index, picture in enumerate(pictures):
        here = taken == index
        offsets, labels = _moved(picture.components[here], index, joined)
        phase[here] = picture.phase[here] + offsets
        components[here] = labels
        for name, layer in picture.fields.items():
            fields[name][here] = layer[here]
    return Picture(phase, components, fields), taken


def _moved(components: Labels, index: int, joined: Mapping[Node, Joined]) -> tuple[Single, Labels]:
    """What to add to the phase, and the labels in the picture; labels 0 and -1 stay."""
    found, place = np.unique(components, return_inverse=True)
    places = [joined[index, label] if label > 0 else Joined(label, None) for label in found.tolist()]
    offsets = np.array([p.offset or 0.0 for p in places], dtype=np.float32)
    return offsets[place], np.array([p.label for p in places], dtype=np.int32)[place]


def _widest(ties: Ties) -> dict[Node, list[tuple[Node, float, Tie]]]:
    """The ties that hold sets together, widest first, as neighbours: (other, offset to add to it, tie)."""
    edges = [((i, tie.first), (j, tie.second), tie) for (i, j), found in ties.items() for tie in found]
    edges.sort(key=lambda edge: (-edge[2].pixels, edge[0], edge[1]))
    owner: dict[Node, Node] = {}

    def root(node: Node) -> Node:
        while owner.setdefault(node, node) != node:
            node = owner[node]
        return node

    neighbours: dict[Node, list[tuple[Node, float, Tie]]] = {}
    for first, second, tie in edges:
        one, other = root(first), root(second)
        if one != other:
            owner[max(one, other)] = min(one, other)
            neighbours.setdefault(first, []).append((second, tie.offset, tie))
            neighbours.setdefault(second, []).append((first, -tie.offset, tie))
    return neighbours


def _walk(
    start: Node, edges: Mapping[Node, list[tuple[Node, float, Tie]]]
) -> dict[Node, tuple[float | None, Tie | None]]:
    """The set of a component: offsets relative to it, and by which tie each was reached."""
    members: dict[Node, tuple[float | None, Tie | None]] = {start: (0.0 if start in edges else None, None)}
    stack = [start]
    while stack:
        node = stack.pop()
        base = members[node][0] or 0.0
        for other, offset, tie in edges.get(node, ()):
            if other not in members:
                members[other] = (base + offset, tie)
                stack.append(other)
    return members
