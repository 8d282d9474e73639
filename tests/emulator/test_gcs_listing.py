"""Listings: what a page holds, and that pages join to the whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eo_ingest.emulator.gcs.errors import GcsError
from eo_ingest.emulator.gcs.listing import Query, of_token, page, to_token
from eo_ingest.emulator.gcs.span import span

NAMES = st.sets(st.text("ab/\U0010ffff", min_size=1, max_size=6), max_size=25)
TEXT = st.text("ab/", max_size=3)


def expected(names, prefix, delimiter, start, end):
    """The whole listing, by definition: in order, names and the prefixes of the others."""
    found = []
    for name in sorted(names):
        if not name.startswith(prefix) or name < start or (end and name >= end):
            continue
        head, mark, _ = name[len(prefix) :].partition(delimiter) if delimiter else (name, "", "")
        entry = ("prefix", prefix + head + mark) if mark else ("name", name)
        if entry not in found:
            found.append(entry)
    return found


@given(NAMES, TEXT, st.sampled_from(["", "/", "b/"]), TEXT, TEXT, st.integers(1, 5))
def test_pages_join_to_the_whole(names, prefix, delimiter, start, end, limit):
    after, found = "", []
    for _ in range(100):
        one = page(sorted(names), Query(prefix, delimiter, start, end, of_token(to_token(after)), limit))
        entries = [("name", name) for name in one.names] + [("prefix", name) for name in one.prefixes]
        assert len(entries) <= limit
        assert entries or not one.last
        found += entries
        after = one.last
        if not after:
            break
    assert sorted(found, key=lambda entry: entry[1]) == expected(names, prefix, delimiter, start, end)


@given(NAMES)
def test_trailing_delimiters_are_objects_too(names):
    one = page(sorted(names), Query(delimiter="/", trailing=True))
    assert {name for name in names if name.endswith("/") and name.count("/") == 1} <= set(one.names)


def test_foreign_tokens_are_refused():
    for token in ("!", "AA", "_w=="):
        with pytest.raises(GcsError, match="page token"):
            of_token(token)


@given(st.integers(0, 30), st.integers(0, 40), st.integers(0, 40))
def test_a_span_is_what_slices_say(size, first, last):
    data = bytes(range(size))
    for text, wanted in ((f"{first}-{last}", data[first : last + 1]), (f"-{last}", data[max(0, size - last) :])):
        try:
            found = span(f"bytes={text}", size)
        except GcsError:
            assert not wanted
            continue
        assert (found is None) == (text[0] != "-" and last < first)
        assert found is None or (found[0] < found[1] and data[slice(*found)] == wanted)
