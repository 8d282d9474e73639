"""The parts of contact sheets: packing, letters, scales, styles, windows, captions, and what metadata tell."""

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eo_ingest import products
from eo_ingest.grid import Grid
from eo_ingest.period import Period
from eo_ingest.preview import colour, lettering, scale, series, style
from eo_ingest.preview.caption import Scenes, between
from eo_ingest.preview.gather import thinned
from eo_ingest.preview.measure import MOSAIC_CELLS, Measure
from eo_ingest.preview.pack import pack
from eo_ingest.preview.section import sections
from eo_ingest.preview.view import View, of_all
from eo_ingest.stores import metadata
from eo_ingest.stores.memory import MemoryStore
from preview_support import classes, counts, days, labels, measure, product

ZONE = Grid.load("utm").zone("utm32n")
SIZES = st.lists(st.tuples(st.integers(1, 900), st.integers(1, 900)), min_size=1, max_size=14)


@given(sizes=SIZES, gap=st.integers(0, 30))
def test_boxes_on_a_page_keep_their_distance(sizes, gap):
    page = pack(sizes, gap)
    boxes = [(x, y, x + w, y + h) for (x, y), (w, h) in zip(page.places, sizes, strict=True)]
    for i, (left, top, right, bottom) in enumerate(boxes):
        assert left >= 0
        assert top >= 0
        assert right <= page.width
        assert bottom <= page.height
        for other in boxes[:i]:
            apart = (
                other[0] >= right + gap or left >= other[2] + gap or other[1] >= bottom + gap or top >= other[3] + gap
            )
            assert apart


def test_many_boxes_are_packed_without_much_waste():
    sizes = [(200 + 37 * i % 500, 150 + 53 * i % 400) for i in range(120)]
    page = pack(sizes, 10)
    assert sum(w * h for w, h in sizes) > 0.6 * page.width * page.height
    assert 0.6 < page.height / page.width < 2.4


WORDS = st.text(st.sampled_from("abc éπ–²MW1 "), max_size=80)


@given(text=WORDS, limit=st.integers(20, 400), lines=st.integers(1, 4))
def test_texts_are_made_to_fit(text, limit, lines):
    made = lettering.wrapped(text, 13, limit, lines=lines)
    assert len(made) <= lines
    assert all(lettering.width(line, 13) <= limit for line in made)
    if not any("…" in line for line in made):
        assert " ".join(made) == text
    assert lettering.shortened(text, 13, 10_000) == text


def test_every_letter_that_sheets_use_is_in_the_font():
    """A letter that a font lacks is drawn as its box; no two of these look alike."""
    used = "–·²³⁻πσ×°−…≤α%ßéñÅŁ\u2009"
    drawn = {bytes(lettering.font(40).getmask(letter)) for letter in used}
    assert len(drawn) == len(used)
    assert bytes(lettering.font(40).getmask("漢")) not in drawn


@given(low=st.floats(-1e6, 1e6), span=st.floats(1e-3, 1e6))
def test_scales_hold_their_values_and_have_round_numbers(low, span):
    ends = scale.widened(low, low + span)
    assert ends[0] <= low + 1e-6 * span
    assert ends[1] >= low + span - 1e-6 * span
    if span > 1e-5 * abs(low):  # less is as good as one value
        assert ends[1] - ends[0] <= 1.4 * span
    found = scale.ticks(*ends, 6)
    assert 2 <= len(found) <= 6
    assert all(ends[0] - 1e-6 * span <= value <= ends[1] + 1e-6 * span for value in found)
    texts = [scale.number(value, found[1] - found[0]) for value in found]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(
    ("value", "step", "text"),
    [(0.0, 0.25, "0.00"), (-7.5, 2.5, "−7.5"), (12000, 4000, "12\u2009000"), (-0.0, 5, "0"), (0.125, 0.125, "0.125")],
)
def test_numbers_beside_scales(value, step, text):
    assert scale.number(value, step) == text


def test_a_scale_without_values_or_with_one_is_still_one():
    plain = style.Style(how="scale")
    assert scale.limits([np.full((1, 4, 4), np.nan)], plain) == ((0.0, 1.0),)
    ((low, high),) = scale.limits([np.full((1, 4, 4), 7.0)], plain)
    assert low < 7 < high
    ((low, high),) = scale.limits([np.array([[[-3.0, 1.0]]])], replace(plain, centred=True))
    assert low == -high


def test_counts_have_whole_numbers_beside_them():
    for high in range(1, 40):
        assert all(value == int(value) for value in scale.ticks(0, high, 6, whole=True))


STYLES = [
    (classes({"a": "#010203"}), "classes", None),
    (labels(), "labels", None),
    (days("acquired", ["day"]), "date", None),
    (counts(), "scale", "blue"),
    (measure("backscatter", ["vv"], units="dB", scale=0.01, low=-5000, high=2000), "scale", "grey"),
    (measure("phase", ["vv"], units="rad", scale=0.01, low=-30000, high=30000), "cycle", "wheel"),
    (measure("angle", ["inc"], units="rad", scale=0.001, high=1570), "scale", "viridis"),
    (measure("aspect", ["a"], units="degree", scale=0.1, high=3600), "cycle", "wheel"),
    (measure("azimuth", ["a"], units="degrees", low=-180, high=180), "cycle", "wheel"),
    (measure("slope", ["s"], units="degree", scale=0.01, high=9000), "scale", "viridis"),
    (measure("elevation", ["dsm"], units="m", low=-500, high=9000), "relief", "terrain"),
    (measure("z", ["z"], units="m", high=9000, standard_name="surface_altitude"), "relief", "terrain"),
    (measure("perpendicular_baseline", ["b"], units="m", low=-500, high=500), "scale", "balance"),
    (measure("canopy", ["h"], units="m", high=60), "scale", "viridis"),
    (measure("coherence", ["vv"], scale=0.01, low=1, high=100), "scale", "grey"),
    (measure("rmse", ["vv"], scale=0.001, low=1, high=1000), "scale", "viridis"),
    (measure("ndvi", ["ndvi"], scale=0.001, low=-1000), "scale", "balance"),
    (measure("cover", ["tree"], units="%", high=100), "scale", "green"),
    (measure("occurrence", ["w"], units="%", high=100, long_name="share of water"), "scale", "blue"),
    (measure("biomass", ["agb"], units="Mg ha-1", high=600), "scale", "viridis"),
    (measure("temperature", ["lst"], units="K", scale=0.02, low=7500, high=20000), "scale", "viridis"),
]


@pytest.mark.parametrize(("variable", "how", "colours"), STYLES, ids=[made[0].name for made in STYLES])
def test_variables_are_painted_as_the_field_does(variable, how, colours):
    made = style.of(variable)
    assert made.how == how
    assert colours is None or made.colours == colours


def test_every_product_has_a_style_for_every_variable():
    for made in products.REGISTRY.values():
        for variable in made.variables:
            found = style.of(variable)
            assert (found.how == "classes") == bool(variable.flags), variable.name
            assert (found.how == "date") == (variable.kind == "date"), variable.name


def test_angles_that_stay_in_one_direction_are_no_cycle():
    around = style.of(measure("azimuth", ["a"], units="degree", high=360))
    assert style.settled(around, np.array([10.0, 350.0])) is around
    assert style.settled(around, np.array([100.0, 103.0])).how == "scale"
    phase = style.of(measure("phase", ["vv"], units="rad", scale=0.01, low=-3000, high=3000))
    assert style.settled(phase, np.array([1.0, 1.2])) is phase


@pytest.mark.parametrize(
    ("units", "text"),
    [
        ("1", ""),
        ("Mg ha-1", "Mg ha⁻¹"),
        ("m2", "m²"),
        ("m s-2", "m s⁻²"),
        ("degree", "°"),
        ("percent", "%"),
        ("dB", "dB"),
    ],
)
def test_units_as_people_write_them(units, text):
    assert style.shown(units) == text


def test_the_wheel_has_no_seam_and_even_steps():
    wheel = colour.table("wheel").astype(int)
    steps = np.abs(wheel - np.roll(wheel, 1, axis=0)).sum(axis=1)
    assert steps.max() <= 10
    assert steps.min() >= 1


def test_scales_get_ever_lighter_or_darker():
    weights = np.array([0.2126, 0.7152, 0.0722])
    for name, sign in (("grey", 1), ("viridis", 1), ("green", -1), ("blue", -1)):
        light = colour.table(name) @ weights
        assert (sign * np.diff(light) > -1.2).all(), name
        assert sign * (light[-1] - light[0]) > 100


def test_thinning_keeps_means_of_what_is_measured_and_labels_as_they_are():
    rng = np.random.default_rng(1)
    values = rng.integers(0, 1000, (2, 1, 448, 448)).astype("int16")
    values[:, :, :4, :4] = -32768
    values[:, :, 4:6, 4] = -32768
    made = thinned(values, measure("x", ["x"], scale=0.5), 112)
    cell = values[1, 0, 8:12, 4:8] * 0.5
    assert made.shape == (2, 1, 112, 112)
    assert made[1, 0, 2, 1] == pytest.approx(cell.mean())
    assert np.isnan(made[:, :, 0, 0]).all()
    held = values[0, 0, 4:8, 4:8]
    assert made[0, 0, 1, 1] == pytest.approx(held[held != -32768].mean() * 0.5)
    uneven = thinned(values, measure("x", ["x"]), 100)
    assert uneven.shape == (2, 1, 100, 100)
    assert uneven[0, 0, 50, 99] == pytest.approx(values[0, 0, 224:228, 443:448].mean())
    coded = (values % 5 + 1).astype("uint8")
    kept = thinned(coded, classes(dict.fromkeys("abcde", "#000001")), 112)
    assert np.array_equal(kept, coded[..., 2::4, 2::4])
    assert np.array_equal(
        thinned(kept, classes(dict.fromkeys("abcde", "#000001")), 224), kept.repeat(2, -1).repeat(2, -2)
    )


@pytest.mark.parametrize("name", list(products.REGISTRY))
def test_metadata_tell_all_that_pictures_need(name):
    """What a store's metadata say of a product is what the product says of itself, but for order and resampling."""
    made = products.REGISTRY[name]
    period = Period.parse(made.periods[0])
    period = made.expand(period)[0]
    store = MemoryStore()
    for key, data in metadata.objects(made, period, ZONE).items():
        store.put(key, data)
    read = series.read(store, name, period.name, ZONE)
    expected = {v.name: replace(v, resampling=None) for v in made.variables}
    assert {v.name: v for v in read.variables} == expected
    assert read.frames == made.frames(period)
    assert (read.resolution, read.tile_px) == (made.resolution, made.tile_px)
    assert (read.title, read.citation, read.licence) == (made.title, made.citation, made.licence)


def made_of(*frames_per_period):
    base = series.Series(
        product="p", period="", zone="z", title="", citation="", licence="", resolution=10, tile_px=448,
        frames=(), variables=(measure("x", ["x"]),),
    )  # fmt: skip
    return [
        replace(base, period=f"{2018 + i}", frames=Period.parse(f"{2018 + i}").frames("seasons")[:count])
        for i, count in enumerate(frames_per_period)
    ]


def test_periods_of_one_frame_share_a_row_and_others_have_their_own():
    joined = sections(made_of(1, 1, 1))
    assert [[column.series for column in part.columns] for part in joined] == [[0, 1, 2]]
    assert [part.heading for part in joined] == ["p"]
    apart = sections(made_of(4, 4))
    assert [part.heading for part in apart] == ["p 2018", "p 2019"]
    assert [len(part.columns) for part in sections(made_of(4, 4), "MAM")] == [1, 1]


def test_days_and_scenes_in_words():
    assert between(date(2020, 1, 3), date(2020, 2, 27)) == "2020-01-03 – 02-27"
    assert between(date(2019, 12, 3), date(2020, 1, 1)) == "2019-12-03 – 2020-01-01"
    assert between(date(2020, 1, 3), date(2020, 1, 3)) == "2020-01-03"
    winter = Period.parse("2020").frames("seasons")[0]
    assert Scenes(1).texts(winter) == ("1 scene",)
    assert Scenes(0).texts(winter) == ("",)
    ever_shorter = ("2 scenes, 2020-01-03 – 01-09", "2 scenes, 01-03 – 01-09", "2 scenes")
    assert Scenes(2, date(2020, 1, 3), date(2020, 1, 9)).texts(winter) == ever_shorter
    assert Scenes(1, date(2010, 1, 3), date(2010, 1, 3)).texts(winter) == ("1 scene, 2010-01-03", "1 scene")


class Held:
    """A holding of tiles (row, col) of one zone."""

    def __init__(self, done, asked=()):
        self.done, self.failed = masks(done), {}
        self.known = masks({*done, *asked})


def masks(tiles):
    found = {}
    for row, col in tiles:
        block = Grid.load("utm").block(f"utm32n_b{row // 4}_{col // 4}")
        found[block] = found.get(block, 0) | 1 << (row % 4 * 4 + col % 4)
    return found


@given(tiles=st.sets(st.tuples(st.integers(900, 940), st.integers(60, 99)), min_size=1, max_size=30))
def test_a_view_of_all_holds_every_tile_and_a_window_as_many_as_may_be(tiles):
    whole = of_all(ZONE, [Held(tiles)], 1)
    assert whole.count(masks(tiles)) == len(tiles)
    from eo_ingest.preview import view

    some = of_all(ZONE, [Held(tiles)], view.READ_BYTES // 9)
    if len(tiles) > 9:
        assert max(some.rows, some.cols) <= 3
        best = max(sum(0 <= r - top < 3 and 0 <= c - left < 3 for r, c in tiles) for top, left in tiles)
        assert best <= some.count(masks(tiles)) <= 9


def test_what_was_asked_for_is_in_view_where_that_is_not_much_more():
    few = of_all(ZONE, [Held({(900, 60)}, {(903, 60)})], 1)
    assert (few.row, few.rows) == (900, 4)
    far = of_all(ZONE, [Held({(900, 60)}, {(1000, 60)})], 1)
    assert (far.row, far.rows) == (900, 1)
    none = of_all(ZONE, [Held(set(), {(900, 60), (1000, 60)})], 1)
    assert none.rows == 101


@given(rows=st.integers(1, 112), cols=st.integers(1, 112), cell=st.sampled_from(MOSAIC_CELLS))
def test_panels_are_as_large_as_fit_and_tiles_are_alike(rows, cols, cell):
    made = Measure.of(View(ZONE, 0, 0, rows, cols), cell)
    assert max(made.panel) <= cell
    assert made.px >= 1
    larger = [px for px in range(made.px + 1, 449) if px * max(rows, cols) <= cell]
    assert all(448 % px for px in larger)
    assert 448 % made.px == 0 or (made.px < 64 and not larger) or made.px == cell // 448 * 448


def test_a_wheel_of_phases_is_the_same_after_a_turn():
    from eo_ingest.preview.paint import Grain, paint

    variable = measure("phase", ["vv"], units="rad", scale=0.01, low=-30000, high=30000)
    angles = np.linspace(-3, 3, 50)[None, None]
    painted = [
        paint(angles + 2 * math.pi * n, variable, style.of(variable), ((-math.pi, math.pi),), Grain(10))[0]
        for n in (0, 5)
    ]
    assert np.abs(painted[0].astype(int) - painted[1]).max() <= 8


def test_a_section_knows_its_dates():
    made = product("pairs", measure("phase", ["vv"], units="rad"), days("acquired", ["reference", "secondary"]))
    store = MemoryStore()
    for key, data in metadata.objects(made, Period.parse("2020"), ZONE).items():
        store.put(key, data)
    (section,) = sections([series.read(store, "pairs", "2020", ZONE)])
    assert [variable.name for variable in section.dates] == ["acquired"]
    assert [strip.variable.name for strip in section.strips] == ["phase"]
