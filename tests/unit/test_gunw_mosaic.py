"""Joining granules of a pair: offsets, labels, and what no constant may change."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eo_ingest.sources.gunw.mosaic import Joined, Picture, join, merge
from eo_ingest.sources.gunw.overlap import Tie, ties
from eo_ingest.sources.gunw.phase import NODATA_COMPONENT

SHAPE = (24, 6)
ROWS = np.arange(SHAPE[0])[:, None] + np.zeros(SHAPE)
TRUTH = (0.3 * ROWS + 0.05 * np.arange(SHAPE[1]) ** 2).astype(np.float32)


def frame(rows, components, constants):
    """A picture with data in some rows only, its components of given rows, each off by a constant."""
    phase = np.full(SHAPE, np.nan, np.float32)
    labels = np.full(SHAPE, NODATA_COMPONENT, np.int32)
    for label, (first, last) in enumerate(components, start=1):
        top, bottom = max(first, rows[0]), min(last, rows[1])
        here = (top <= ROWS) & (bottom > ROWS)
        phase[here] = TRUTH[here] + np.float32(constants[label - 1])
        labels[here] = label
    return Picture(phase, labels, {"coherence": np.where(labels > 0, np.float32(0.5), np.float32(np.nan))})


def mosaic(frames, smallest=1):
    nodes = [(i, int(v)) for i, f in enumerate(frames) for v in np.unique(f.components) if v > 0]
    found = {
        (i, j): ties(frames[i].phase, frames[i].components, frames[j].phase, frames[j].components, smallest)
        for i in range(len(frames))
        for j in range(i + 1, len(frames))
    }
    joined = join(nodes, found)
    return *merge(frames, joined), joined


constants = st.lists(st.floats(-200, 200), min_size=6, max_size=6)


@given(constants)
def test_a_constant_per_granule_changes_nothing(values):
    """Three granules along a track: whatever constants they have, the picture is the truth plus the first's."""
    frames = [frame((8 * i, 8 * i + 10), [(0, 24)], values[i : i + 1]) for i in range(3)]
    picture, _, _ = mosaic(frames)
    known = np.isfinite(picture.phase)
    assert known.all()
    assert np.abs(picture.phase - TRUTH - np.float32(values[0])).max() < 1e-3
    assert (picture.components == 1).all()


@given(constants)
def test_a_component_that_bridges_two_makes_them_one(values):
    """The first granule has two components; the second's only one lies over both."""
    frames = [frame((0, 16), [(0, 8), (8, 16)], values[:2]), frame((4, 24), [(0, 24)], values[2:3])]
    picture, _, joined = mosaic(frames)
    known = np.isfinite(picture.phase)
    assert np.abs((picture.phase - TRUTH)[known] - np.float32(values[0])).max() < 1e-3
    assert {place.label for place in joined.values()} == {1}


@given(constants)
def test_components_that_nothing_ties_stay_apart(values):
    frames = [frame((0, 10), [(0, 4), (6, 10)], values[:2]), frame((12, 24), [(12, 18), (18, 24)], values[2:4])]
    picture, taken, joined = mosaic(frames)
    assert sorted(place.label for place in joined.values()) == [1, 2, 3, 4]
    assert all(place.offset is None and place.tie is None for place in joined.values())
    for i, source in enumerate(frames):
        assert np.array_equal(picture.phase[taken == i], source.phase[taken == i])
    assert (taken[10:12] == -1).all()
    assert (picture.components[10:12] == NODATA_COMPONENT).all()


@st.composite
def tracks(draw):
    """Granules along a track with random extents, each of one to three components with constants."""
    frames = []
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, 18))
        stop = draw(st.integers(start + 1, 24))
        cuts = sorted(draw(st.sets(st.integers(start + 1, max(stop - 1, start + 1)), max_size=2)))
        edges = [start, *cuts, stop]
        parts = list(itertools.pairwise(edges))
        frames.append(frame((start, stop), parts, [draw(st.floats(-100, 100)) for _ in parts]))
    return frames


@given(tracks())
def test_within_a_label_the_phase_is_one(frames):
    """Whatever is tied: inside one label the picture differs from the truth by one constant."""
    picture, taken, _ = mosaic(frames)
    assert np.array_equal(np.isfinite(picture.phase), picture.components > 0)
    assert np.array_equal(taken >= 0, picture.components > 0)
    for label in np.unique(picture.components[picture.components > 0]):
        off = (picture.phase - TRUTH)[picture.components == label]
        assert np.ptp(off) < 1e-3


@given(tracks())
def test_labels_are_shared_exactly_where_components_hang_together(frames):
    picture, _, joined = mosaic(frames)
    nodes = list(joined)
    meet = {
        (a, b)
        for a in nodes
        for b in nodes
        if a[0] != b[0] and ((frames[a[0]].components == a[1]) & (frames[b[0]].components == b[1])).any()
    }
    reach = {node: {node} for node in nodes}
    for _ in nodes:
        for a, b in meet:
            reach[a] |= reach[b]
    for a in nodes:
        for b in nodes:
            assert (joined[a].label == joined[b].label) == (b in reach[a])
    labels = {place.label for place in joined.values()}
    assert labels == set(range(1, len(labels) + 1))
    assert set(np.unique(picture.components)) - {NODATA_COMPONENT} <= labels


def test_the_first_granule_with_a_phase_is_taken_then_the_first_with_anything():
    one, other = frame((0, 12), [(0, 12)], [0.0]), frame((6, 24), [(6, 24)], [3.0])
    one.phase[6:9] = np.nan  # no phase there, but coherence
    one.components[6:9] = 0
    other.fields["coherence"][...] = np.where(other.components > 0, np.float32(0.9), np.float32(np.nan))
    picture, taken, _ = mosaic([one, other])
    assert (taken[:6] == 0).all()
    assert (taken[6:9] == 1).all()
    assert (taken[9:12] == 0).all()
    assert np.array_equal(
        picture.fields["coherence"][:, 0], np.repeat([0.5, 0.9, 0.5, 0.9], [6, 3, 3, 12]).astype("f4")
    )


def test_no_component_stays_none():
    one = frame((0, 12), [(0, 12)], [0.0])
    one.phase[6:9], one.components[6:9] = np.nan, 0
    picture, taken, _ = mosaic([one])
    assert (picture.components[6:9] == 0).all()
    assert (taken[6:9] == 0).all()


def test_the_median_takes_no_notice_of_outliers():
    labels = np.ones((10, 100), np.int32)
    first = np.full((10, 100), 5.0, np.float32)
    second = np.full((10, 100), 2.0, np.float32)
    second[:4] = 2.0 + 2 * np.pi  # an unwrapping error in two fifths of the overlap
    (tie,) = ties(first, labels, second, labels, 1)
    assert tie == Tie(1, 1, pytest.approx(3.0), 1000, pytest.approx(0.0))


def test_small_overlaps_do_not_tie():
    labels = np.ones((3, 3), np.int32)
    phase = np.zeros((3, 3), np.float32)
    assert ties(phase, labels, phase, labels, 10) == ()
    assert len(ties(phase, labels, phase, labels, 9)) == 1


def test_labels_of_any_size_are_kept_apart():
    labels = np.array([[1, 2**30, 2**30 + 1]], np.int32)
    phase = np.array([[1.0, 2.0, 3.0]], np.float32)
    found = ties(phase, labels, np.zeros_like(phase), labels[:, ::-1].copy(), 1)
    assert {(t.first, t.second, t.offset) for t in found} == {
        (1, 2**30 + 1, 1.0),
        (2**30, 2**30, 2.0),
        (2**30 + 1, 1, 3.0),
    }


def test_the_widest_overlap_decides_where_ways_differ():
    """A loop of three granules whose offsets do not close: the two widest overlaps count."""
    loop = {
        (0, 1): (Tie(1, 1, 1.0, 500, 0.0),),
        (1, 2): (Tie(1, 1, 1.0, 400, 0.0),),
        (0, 2): (Tie(1, 1, 9.0, 300, 0.0),),
    }
    joined = join([(0, 1), (1, 1), (2, 1)], loop)
    assert [joined[i, 1].offset for i in range(3)] == [0.0, 1.0, 2.0]
    assert joined[2, 1].tie.pixels == 400


def test_sets_beside_the_picture_get_no_label():
    """A component in the overlap that the block does not show still ties others."""
    bridge = {(0, 1): (Tie(1, 7, 2.0, 100, 0.0), Tie(2, 7, 5.0, 90, 0.0), Tie(3, 8, 1.0, 80, 0.0))}
    joined = join([(0, 1), (0, 2)], bridge)
    assert joined[0, 1] == Joined(1, 0.0)
    assert (joined[0, 2].label, joined[0, 2].offset) == (1, -3.0)
    assert (1, 8) not in joined


@given(st.permutations([((0, 1), 5.0, 300), ((1, 2), 6.0, 300), ((0, 2), 7.0, 300)]))
def test_the_order_of_ties_does_not_matter(order):
    found = {pair: (Tie(1, 1, offset, pixels, 0.0),) for pair, offset, pixels in order}
    joined = join([(2, 1), (0, 1), (1, 1)], found)
    assert [joined[i, 1].offset for i in range(3)] == [0.0, 5.0, 7.0]
