from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eo_ingest import request
from eo_ingest.errors import ConfigError
from eo_ingest.job import mask_of, tiles_of
from eo_ingest.products import DEFAULT, REGISTRY

masks = st.integers(1, 0xFFFF)
names = st.sampled_from(sorted(REGISTRY))


def painted(product, frames, requests):
    """How often each (unit, frame, y, x) of a block is asked for."""
    units = [(v.name, i) for v in product.variables for i in range(len(v.bands))]
    side = product.tile_px * 4 // 56  # count at a 56-px raster: tiles are whole multiples of it
    step = product.tile_px * 4 // side
    counts = np.zeros((len(units), frames, side, side), int)
    for r in requests:
        w = r.window
        rows = slice(w.row // step, (w.row + w.height) // step)
        cols = slice(w.col // step, (w.col + w.width) // step)
        for unit in r.units:
            for frame in r.frames:
                counts[units.index(unit), frame, rows, cols] += 1
    return counts, side // 4


@given(masks)
def test_masks_and_tiles_are_inverse(mask):
    assert mask_of(tiles_of(mask)) == mask


@given(names, masks, st.sampled_from([1, 4, 12]))
def test_every_wanted_pixel_is_asked_for_once_and_no_other(name, mask, frames):
    product = REGISTRY[name]
    counts, tile = painted(product, frames, request.pack(product, frames, mask))
    for i in range(16):
        row, col = divmod(i, 4)
        part = counts[:, :, row * tile : (row + 1) * tile, col * tile : (col + 1) * tile]
        assert (part == (mask >> i & 1)).all()


@given(names, masks, st.sampled_from([1, 4]), st.sampled_from([48 * 2**20, 10 * 2**20, 4 * 2**20]))
def test_no_request_passes_the_limit(name, mask, frames, limit):
    product = REGISTRY[name]
    for r in request.pack(product, frames, mask, limit):
        assert 0 < r.cost(product) <= limit
        assert len(r.frames) * len(r.units) <= request.MAX_BANDS


@given(names, masks, st.sampled_from([1, 4]))
def test_the_payload_does_not_depend_on_the_packing(name, mask, frames):
    product = REGISTRY[name]
    pixels = mask.bit_count() * product.tile_px**2
    expected = pixels * frames * sum(v.itemsize * len(v.bands) for v in product.variables)
    for limit in (request.MAX_BYTES, 3 * 2**20):
        assert sum(r.payload(product) for r in request.pack(product, frames, mask, limit)) == expected


def test_a_whole_block_takes_few_requests():
    """48 MiB: a season of S1 takes two (one per pass), of S2 one; S2 at 20 m two seasons at once."""
    chosen = [REGISTRY[name] for name in DEFAULT]
    count = {p.name: len(request.pack(p, 4 if p.cadence == "seasons" else 1, 0xFFFF)) for p in chosen}
    assert count == {"s1grd": 8, "s2": 4, "s2-20m": 2, "worldcover": 1}


def test_bands_that_share_inputs_stay_together():
    passes = {r.units for r in request.pack(REGISTRY["s1grd"], 4, 0xFFFF)}
    assert {frozenset(units) for units in passes} == {
        frozenset({("backscatter", 0), ("backscatter", 1), ("n_obs", 0)}),
        frozenset({("backscatter", 2), ("backscatter", 3), ("n_obs", 1)}),
    }


def test_splits_go_by_frames_then_bands_then_space():
    product = REGISTRY["s2"]
    (whole, *_) = request.pack(product, 4, 1)
    assert len(whole.frames) == 4
    first, second = request.split(whole)
    assert (first.frames, second.frames) == ((0, 1), (2, 3))
    one = replace(whole, frames=(0,))
    first, second = request.split(one)
    assert first.units + second.units == one.units
    assert first.window == second.window == one.window
    narrow = replace(one, units=one.units[:1])
    first, second = request.split(narrow)
    assert first.window.height + second.window.height == narrow.window.height


def test_splitting_ends():
    r = replace(request.pack(REGISTRY["worldcover"], 1, 1)[0])
    leaves, stack = [], [r]
    while stack:
        halves = request.split(stack.pop())
        if halves is None:
            leaves.append(1)
        else:
            stack += halves
    assert len(leaves) == (448 // 14) ** 2  # 448 → 224 → … → 14, below the smallest side of 16


def test_a_limit_below_one_band_of_the_smallest_window_is_an_error():
    with pytest.raises(ConfigError, match="passes 100 bytes"):
        request.pack(REGISTRY["worldcover"], 1, 1, limit=100)
