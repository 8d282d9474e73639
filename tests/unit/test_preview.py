"""Contact sheets: everything a store has is on them, in the right colours, and what is not data never looks like it."""

import io
import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from PIL import Image

from eo_ingest import preview, products
from eo_ingest.cli import cli
from eo_ingest.errors import ConfigError
from eo_ingest.grid import Tile
from eo_ingest.period import Period
from eo_ingest.preview import colour, fabric, view
from eo_ingest.preview.gather import State
from eo_ingest.preview.holding import tiles_by_zone
from eo_ingest.stores.local import LocalStore
from preview_support import DEMO, classes, counts, days, fill, labels, measure, plain, product

COLOURS = {"wood": "#006400", "field": "#f096ff", "town": "#fa0000", "lake": "#0064c8"}
CORNER = "6.13,49.61,6.135,49.615"
TILE = DEMO[2]  # the one of that corner

LAND = product("land", classes(COLOURS), cadence="calendar-year", periods=("2020", "2021"))
RADAR = product(
    "radar",
    measure("backscatter", ["vv", "vh"], units="dB", scale=0.01, low=-3000, high=0),
    counts(("asc", "desc"), "pass"),
    resolution=20,
)
LIGHT = product(
    "light",
    measure("reflectance", ["B2", "B3", "B4", "B8"], scale=0.0001, high=65534, dtype="uint16"),
    resolution=40,
)
PAIRS = product(
    "pairs",
    measure("phase", ["vv"], units="rad", scale=0.01, low=-10000, high=10000),
    measure("coherence", ["vv"], scale=0.001, band_dim="pol"),
    labels(),
    days("acquired", ["reference", "secondary"]),
    cadence="pairs",
    slots=3,
    periods=("2020-Q3",),
    resolution=80,
)
GROUND = product(
    "ground",
    measure("elevation", ["dsm"], units="m", high=3000),
    measure("aspect", ["aspect"], units="degree", high=360, band_dim="a"),
    measure("cover", ["tree", "bare"], units="%", high=100, band_dim="c"),
    measure("biomass", ["agb"], units="Mg ha-1", high=600, band_dim="b"),
    cadence="calendar-year",
    resolution=160,
)
EVENT = product(
    "event",
    measure("backscatter", ["vv"], units="dB", scale=0.01, low=-3000, high=0),
    days("acquired", ["day"]),
    cadence="event",
    slots=2,
    periods=("2020-07-15",),
    resolution=40,
)
MONTHS = product("months", measure("index", ["ndvi"], scale=0.001, low=-1000), cadence="months", resolution=160)
YEARS = [str(year) for year in range(2010, 2021)]
EVERY = [LAND, RADAR, LIGHT, PAIRS, GROUND, EVENT, MONTHS]


@pytest.fixture(scope="module")
def every(tmp_path_factory):
    """One tile of every kind of product."""
    return fill(tmp_path_factory.mktemp("every") / "every.zarr", EVERY, area=CORNER)


@pytest.fixture(scope="module")
def sheet(every):
    return preview.draw(*every, preview.Ask(tile=TILE))


def picture_of(sheet):
    return np.asarray(sheet.picture)


def strips(sheet, name, variable):
    (section,) = [part for part in sheet.told["sections"] if part["product"] == name]
    return [strip for strip in section["strips"] if strip["variable"] == variable]


def panels(sheet, name, variable, strip=0):
    """The panels of a strip as pixels, one per frame."""
    made = picture_of(sheet)
    boxes = strips(sheet, name, variable)[strip]["panels"]
    return [made[y : y + height, x : x + width] for x, y, width, height in boxes]


def test_everything_that_the_store_has_is_there(sheet):
    """Each product, each frame, each band but those that are told in words, each with a panel per frame."""
    assert [part["product"] for part in sheet.told["sections"]] == sorted(made.name for made in EVERY)
    for part in sheet.told["sections"]:
        (made,) = [one for one in EVERY if one.name == part["product"]]
        frames = [(p, f.label) for p in made.periods for f in made.frames(Period.parse(p))]
        assert [(told["period"], told["frame"]) for told in part["frames"]] == frames
        drawn = {(strip["variable"], band) for strip in part["strips"] for band in strip["bands"]}
        assert drawn == {(v.name, band) for v in made.variables if v.kind != "date" for band in v.bands}
        for strip in part["strips"]:
            small = made.variable(strip["variable"]).kind in {"count", "id"}
            assert len(strip["panels"]) == len(frames) * (len(strip["bands"]) if small else 1)
    assert sheet.told["left_out"] == []
    assert sheet.told["whole"]
    assert sheet.told["synthetic"]


def test_panels_are_inside_and_apart(sheet):
    width, height = sheet.picture.size
    boxes = [tuple(b) for part in sheet.told["sections"] for strip in part["strips"] for b in strip["panels"]]
    taken = np.zeros((height, width), dtype=int)
    for x, y, wide, tall in boxes:
        assert x >= 1
        assert y >= 1
        assert x + wide < width
        assert y + tall < height
        taken[y : y + tall, x : x + wide] += 1
    assert taken.max() == 1


def test_classes_have_their_official_colours_pixel_by_pixel(sheet):
    px = strips(sheet, "land", "class")[0]["panels"][0][2]
    step = 448 // px
    values = plain(LAND.variables[0], 0, 0, Tile.parse(TILE), 448)[step // 2 :: step, step // 2 :: step]
    palette = np.array([(0, 0, 0), *(colour.rgb(c) for c in COLOURS.values())], dtype=np.uint8)
    for panel in panels(sheet, "land", "class"):
        assert np.array_equal(panel, palette[values])
    assert strips(sheet, "land", "class")[0]["classes"] == list(COLOURS)


def test_the_legend_names_only_classes_that_occur(tmp_path):
    def only_two(variable, frame, band, tile, side):
        return np.where(np.indices((side, side))[1] < side // 2, 1, 4)

    made = fill(tmp_path / "two.zarr", [LAND], values=only_two, area=CORNER)
    drawn = preview.draw(*made, preview.Ask(tile=TILE))
    assert strips(drawn, "land", "class")[0]["classes"] == ["wood", "lake"]


def test_coarse_and_fine_products_show_the_same_ground(tmp_path):
    """An edge at 3/8 of the tile is at 3/8 of every panel, whatever the resolution."""

    def edge(variable, frame, band, tile, side):
        east = (np.indices((side, side))[1] + 0.5) / side > 3 / 8
        return np.where(east, *((4, 1) if variable.kind == "class" else variable.valid_range[::-1]))

    fine = product("fine", measure("height", ["z"], high=1000))
    coarse = product("coarse", measure("height", ["z"], high=1000), resolution=80)
    odd = product("odd", measure("height", ["z"], high=1000), resolution=70)
    made = fill(tmp_path / "edge.zarr", [fine, coarse, odd, LAND], values=edge, area=CORNER)
    drawn = preview.draw(*made, preview.Ask(tile=TILE))
    for name, variable in (("fine", "height"), ("coarse", "height"), ("odd", "height"), ("land", "class")):
        for panel in panels(drawn, name, variable):
            side = panel.shape[1]
            changes = np.flatnonzero((np.diff(panel.astype(int), axis=1) != 0).any(axis=2).all(axis=0))
            assert changes.tolist() == [side * 3 // 8 - 1]


def test_what_is_measured_lies_on_its_scale(sheet):
    """The ends of the scale are the ends of the map, and a ramp goes from one to the other."""
    (low, high), *_ = strips(sheet, "radar", "backscatter")[0]["limits"]
    assert (low, high) == (-30, 0)
    for panel in panels(sheet, "radar", "backscatter"):
        assert (np.ptp(panel.astype(int), axis=2) == 0).all()
        assert panel.min() < 8
        assert panel.max() > 247


def test_true_colour_is_red_green_blue_on_one_scale(tmp_path):
    """Bands that differ: red is the brightest, blue is nothing."""

    def red(variable, frame, band, tile, side):
        ramp = np.linspace(0, 4000, side).astype(int)[None].repeat(side, axis=0)
        return ramp // {0: 10**6, 1: 2, 2: 1, 3: 1}[band]

    made = fill(tmp_path / "red.zarr", [LIGHT], values=red, area=CORNER)
    drawn = preview.draw(*made, preview.Ask(tile=TILE))
    true, infrared = strips(drawn, "light", "reflectance")
    assert (true["bands"], infrared["bands"]) == (["B4", "B3", "B2"], ["B8", "B4", "B3"])
    assert len(true["limits"]) == 1
    assert len(infrared["limits"]) == 3
    panel = panels(drawn, "light", "reflectance")[0][0].astype(int)
    assert (panel[:, 2] == 0).all()
    assert np.abs(panel[:, 0] - 2 * panel[:, 1])[panel[:, 0] < 250].max() <= 3
    assert panel[-1, 0] == 255


def test_phase_goes_around(tmp_path):
    """Values that differ by whole turns have one colour; the two ends of the scale are neighbours."""

    def turns(variable, frame, band, tile, side):
        if variable.name != "phase":
            return plain(variable, frame, band, tile, side)
        angle = np.linspace(-np.pi, np.pi, side, endpoint=False)[None].repeat(side, axis=0)
        return np.round(100 * (angle + 2 * np.pi * (3 * frame - 2))).astype(int)

    made = fill(tmp_path / "turns.zarr", [PAIRS], values=turns, area=CORNER)
    drawn = preview.draw(*made, preview.Ask(tile=TILE))
    first, *others = (panel.astype(int) for panel in panels(drawn, "pairs", "phase"))
    for other in others:
        assert np.abs(first - other).max() <= 12  # hundredths of a radian are rounded
    assert np.abs(first[:, 0] - first[:, -1]).max() <= 24
    assert np.ptp(first[0], axis=0).min() > 50


def test_relief_is_lit_from_the_north_west_and_level_ground_is_flat(tmp_path):
    def pyramid(variable, frame, band, tile, side):
        if variable.name != "elevation":
            return plain(variable, frame, band, tile, side)
        y, x = np.indices((side, side)) / side - 0.5
        return np.round(1000 - 1500 * np.maximum(np.abs(x), np.abs(y))).astype(int)

    made = fill(tmp_path / "pyramid.zarr", [GROUND], values=pyramid, area=CORNER)
    (panel,) = panels(preview.draw(*made, preview.Ask(tile=TILE)), "ground", "elevation")
    side = panel.shape[0]
    near, far, middle = side // 4, 3 * side // 4, side // 2
    light = panel.astype(int).sum(axis=2)
    assert light[near, middle] > light[far, middle] + 100  # north face, south face: of one height
    assert light[middle, near] > light[middle, far] + 100  # west face, east face


def test_the_four_states_and_masked_pixels_look_like_nothing_else(tmp_path):
    """ok, empty, failed and missing tiles, and gaps in an ok one, are told apart by their colours alone."""

    def holes(variable, frame, band, tile, side):
        values = plain(variable, frame, band, tile, side)
        if tile.id == DEMO[0]:
            return np.full((side, side), variable.nodata)
        return np.where(np.indices((side, side))[0] < side // 2, variable.nodata, values)

    made = fill(
        tmp_path / "states.zarr",
        [LAND, RADAR],
        values=holes,
        broken=("radar",),
        left_out={1},
        periods={"land": ["2020"]},
    )
    drawn = preview.draw(*made, preview.Ask())
    states = {part["product"]: part["states"]["2020"] for part in drawn.told["sections"]}
    assert states == {
        "land": {"ok": 1, "empty": 1, "failed": 0, "missing": 2},
        "radar": {"ok": 0, "empty": 0, "failed": 2, "missing": 2},
    }
    (land,), radar = panels(drawn, "land", "class"), panels(drawn, "radar", "backscatter")[0]
    half = land.shape[0] // 2
    assert seen(land[:half, :half]) >= set(fabric.EMPTY)
    assert seen(land[: half // 2, half:]) == set(fabric.NODATA)
    assert seen(land[half // 2 : half, half:]) == {colour.rgb(c) for c in COLOURS.values()}
    assert seen(land[half:, :half]) >= set(fabric.MISSING)
    assert seen(radar[:half]) >= set(fabric.FAILED)
    assert seen(radar[half:]) >= set(fabric.MISSING)
    data = {colour.rgb(c) for c in COLOURS.values()}
    assert not seen(radar) & data
    assert not seen(land[half:]) & data


def seen(pixels):
    return {tuple(int(v) for v in pixel) for pixel in np.unique(pixels.reshape(-1, 3), axis=0)}


def test_patterns_have_colours_of_their_own():
    """No colour map, no greyscale and no class of any product has a colour of a pattern."""
    grounds = set(fabric.grounds())
    for name in ("grey", "viridis", "green", "blue", "terrain", "wheel", "balance"):
        assert not grounds & seen(colour.table(name)), name
    flags = {colour.rgb(f.colour) for p in products.REGISTRY.values() for v in p.variables for f in v.flags}
    assert not grounds & flags
    patterns = [fabric.masked(32, 32), *(fabric.of(s, 32, 32) for s in (State.EMPTY, State.FAILED, State.MISSING))]
    assert len({pattern.tobytes() for pattern in patterns}) == 4


def test_the_same_store_gives_the_same_bytes(every, tmp_path):
    written = []
    for name in ("a.png", "b.png"):
        preview.write_png(preview.draw(*every, preview.Ask(products=("pairs",))).picture, tmp_path / name, title="t")
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    with Image.open(io.BytesIO(written[0])) as read:
        assert (read.format, read.mode, read.info["Title"]) == ("PNG", "RGB", "t")


@pytest.mark.parametrize("max_px", [1600, 2600, 5000])
def test_a_sheet_keeps_within_its_bounds(every, max_px):
    made = preview.draw(*every, preview.Ask(tile=TILE, products=("land", "pairs", "ground"), max_px=max_px))
    assert max(made.picture.size) <= max_px
    assert [part["product"] for part in made.told["sections"]] == ["ground", "land", "pairs"]


def test_what_does_not_fit_is_left_out_and_named_or_refused(tmp_path):
    made = fill(tmp_path / "long.zarr", [MONTHS], area=CORNER, periods={"months": YEARS})
    drawn = preview.draw(*made, preview.Ask(max_px=1600))
    left_out = len(drawn.told["left_out"])
    assert left_out > 0
    assert drawn.told["left_out"] == [f"months {year}" for year in YEARS[:left_out]]
    assert [part["periods"] for part in drawn.told["sections"]] == [[year] for year in YEARS[left_out:]]
    assert max(drawn.picture.size) <= 1600
    with pytest.raises(ConfigError, match=r"12 panels do not fit into 600 × 600 pixels: choose"):
        preview.draw(*made, preview.Ask(max_px=600))


def test_scenes_and_dates_are_told(sheet):
    by_name = {part["product"]: part["frames"] for part in sheet.told["sections"]}
    assert by_name["radar"][0] == {
        "period": "2020",
        "frame": "DJF",
        "start": "2019-12-01",
        "end": "2020-03-01",
        "scenes": 3,
        "first": "2019-12-01",
        "last": "2019-12-01",
    }
    assert [told["frame"] for told in by_name["event"]] == ["before-2", "before-1", "after-1", "after-2"]


def test_products_periods_and_a_frame_can_be_chosen(every):
    one = preview.draw(*every, preview.Ask(products=("land",), periods=("2021",)))
    assert [(part["product"], part["periods"]) for part in one.told["sections"]] == [("land", ["2021"])]
    summer = preview.draw(*every, preview.Ask(frame="JJA"))
    assert {part["product"]: [f["frame"] for f in part["frames"]] for part in summer.told["sections"]} == {
        "light": ["JJA"],
        "radar": ["JJA"],
    }


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        ({"tile": "utm32n_1_1"}, r"'utm32n_1_1' was not asked of this store: the nearest of its 1 in utm32n is"),
        ({"tile": "utm32n_9999_1"}, "lies outside its zone"),
        ({"tile": "demo"}, "is not a tile id"),
        ({"tile": "utm31n_1007_65"}, "nothing in zone 'utm31n': there are utm32n"),
        ({"tile": TILE, "zone": "utm31n"}, "is in zone 'utm32n', not 'utm31n'"),
        ({"zone": "utm99x"}, "has no zone 'utm99x'"),
        ({"products": ("lnd",)}, r"nothing of 'lnd' \(did you mean 'land'\?\)"),
        ({"periods": ("1999",)}, "the store has the periods .*, not '1999'"),
        ({"products": ("land",), "periods": ("1999",)}, "product 'land' has the periods 2020, 2021, not '1999'"),
        ({"products": ("radar",), "frame": "X"}, "product 'radar' has the frames DJF, MAM, JJA, SON, not 'X'"),
    ],
)
def test_what_the_store_does_not_have(every, ask, said):
    with pytest.raises(ConfigError, match=said):
        preview.draw(*every, preview.Ask(**ask))


def test_a_store_of_which_nothing_was_asked(every, tmp_path):
    _, grid = every
    with pytest.raises(ConfigError, match=r"nothing was asked of .* yet"):
        preview.draw(LocalStore(tmp_path / "new.zarr"), grid, preview.Ask())


def test_damaged_bytes_make_a_failed_tile_that_is_told_of(tmp_path):
    store, grid = fill(tmp_path / "hurt.zarr", [LAND, GROUND], area=CORNER, periods={"land": ["2020"]})
    (key,) = [key for key, _ in store.listing("land/2020/") if "/class/c/" in key]
    data = bytearray(store.get(key))
    data[10] ^= 1
    store.put(key, bytes(data))
    drawn = preview.draw(store, grid, preview.Ask(tile=TILE))
    assert [f"{TILE} of land 2020" in problem for problem in drawn.unreadable] == [True]
    states = {part["product"]: part["states"]["2020"] for part in drawn.told["sections"]}
    assert (states["land"]["failed"], states["land"]["ok"], states["ground"]["ok"]) == (1, 0, 1)
    store.delete(key)
    drawn = preview.draw(store, grid, preview.Ask(tile=TILE))
    assert "is gone" in drawn.unreadable[0]
    (key,) = [key for key, _ in store.listing("manifest/land/2020/")]
    store.put(key, b"{}")
    assert "not a record" in " ".join(preview.draw(store, grid, preview.Ask(tile=TILE)).unreadable)


def test_too_much_to_read_is_drawn_in_part_with_a_map(tmp_path, monkeypatch):
    """The window has as many tiles as may be read; the sheet says so, and shows where it is."""
    made = fill(tmp_path / "large.zarr", [LAND], periods={"land": ["2020"]})
    whole = preview.draw(*made, preview.Ask())
    assert whole.told["whole"]
    assert whole.told["tiles"] == [2, 2]
    monkeypatch.setattr(view, "READ_BYTES", 448 * 448)
    part = preview.draw(*made, preview.Ask())
    assert not part.told["whole"]
    assert part.told["tiles"] == [1, 1]
    (_, y, _, tall), _ = (strips(part, "land", "class")[0]["panels"] * 2)[:2]
    below = picture_of(part)[y + tall + 4 :]
    assert (below == (44, 114, 142)).all(axis=2).any()  # the map of what was made


def test_other_zones_are_named_and_can_be_drawn(tmp_path):
    """Tiles either side of 12° E, where two UTM zones meet."""
    made = fill(tmp_path / "two.zarr", [LAND], area="11.99,49.61,12.01,49.615", periods={"land": ["2020"]})
    first = preview.draw(*made, preview.Ask())
    other = {"utm32n": "utm33n", "utm33n": "utm32n"}[first.told["zone"]]
    second = preview.draw(*made, preview.Ask(zone=other))
    assert second.told["zone"] == other
    assert second.told["crs"] != first.told["crs"]


def test_the_zone_that_is_drawn_is_the_one_where_most_was_made(tmp_path):
    """A run that began in one zone, of an area with far more tiles in the other: what there is, is drawn."""
    area = "11.99,49.61,12.2,49.7"
    store, grid = fill(tmp_path / "begun.zarr", [LAND], area=area, periods={"land": ["2020"]}, left_out=range(1, 99))
    assert tiles_by_zone(store)["utm32n"] < tiles_by_zone(store)["utm33n"]
    drawn = preview.draw(store, grid, preview.Ask())
    states = drawn.told["sections"][0]["states"]["2020"]
    assert (drawn.told["zone"], states["ok"] > 0) == ("utm32n", True)
    assert preview.draw(store, grid, preview.Ask(zone="utm33n")).told["zone"] == "utm33n"


def test_without_tiles_that_were_made_failures_say_which_zone_then_what_was_asked_for(tmp_path):
    area = "11.99,49.61,12.2,49.7"
    begun = fill(tmp_path / "f.zarr", [RADAR], area=area, broken=("radar",), left_out=range(1, 99))
    assert preview.draw(*begun, preview.Ask()).told["zone"] == "utm32n"
    untried = fill(tmp_path / "n.zarr", [RADAR], area=area, left_out=range(99))
    assert preview.draw(*untried, preview.Ask()).told["zone"] == "utm33n"


def test_a_grid_of_one_s_own_with_smaller_tiles_and_blocks(tmp_path):
    """Tiles of 256 px, blocks of two by two: a mosaic of all, and one tile at its own size."""
    (tmp_path / "small.toml").write_text(
        'name = "small"\nkind = "utm"\nresolution = 10\ntile_px = 256\nblock_tiles = 2\n'
    )
    store, grid = fill(tmp_path / "small.zarr", [LAND], periods={"land": ["2020"]}, grid=str(tmp_path / "small.toml"))
    mosaic = preview.draw(store, grid, preview.Ask())
    rows, cols = mosaic.told["tiles"]
    assert min(rows, cols) >= 3
    states = mosaic.told["sections"][0]["states"]["2020"]
    assert states == {"ok": len(store_tiles(store)), "empty": 0, "failed": 0, "missing": 0}
    outside = {fabric.OUTSIDE} if states["ok"] < rows * cols else set()
    assert seen(panels(mosaic, "land", "class")[0]) == {colour.rgb(c) for c in COLOURS.values()} | outside
    ids = sorted(record for record, _ in store.listing("manifest/land/2020/"))
    block = grid.block(ids[0].rsplit("/", 1)[1].split(".")[0])
    one = preview.draw(store, grid, preview.Ask(tile=block.tile(block.count - 1).id))
    assert strips(one, "land", "class")[0]["panels"][0][2:] == [256, 256]


def store_tiles(store):
    """The tiles that a store's table of records tells of."""
    return pq.read_table(io.BytesIO(store.get("manifest.parquet")))["tile"].to_pylist()


def test_of_chips_that_lie_anywhere_one_is_drawn(tmp_path):
    """Chips are no neighbours: without a tile, the first that was made; a note says that there are more."""
    (tmp_path / "spots.csv").write_text("lon,lat\n6.1,49.6\n6.2,49.65\n6.15,49.7\n")
    text = 'name = "spots"\nkind = "chips"\nresolution = 10\ntile_px = 64\nblock_tiles = 2\n'
    text += '[chips]\nfile = "spots.csv"\nlon = "lon"\nlat = "lat"\n'
    (tmp_path / "spots.toml").write_text(text)
    store, grid = fill(
        tmp_path / "spots.zarr", [LAND], area="6,49,7,50", periods={"land": ["2020"]}, grid=str(tmp_path / "spots.toml")
    )
    first = preview.draw(store, grid, preview.Ask())
    assert (first.told["tile"], first.told["tiles"]) == ("utm32n_0_0", [1, 1])
    last = preview.draw(store, grid, preview.Ask(tile="utm32n_2_0"))
    assert last.told["bounds"] == list(grid.zone("utm32n").bounds(grid.tile("utm32n_2_0")))
    assert last.told["bounds"] != first.told["bounds"]
    assert seen(panels(last, "land", "class")[0]) == {colour.rgb(c) for c in COLOURS.values()}
    with pytest.raises(ConfigError, match="lies outside its zone"):
        preview.draw(store, grid, preview.Ask(tile="utm32n_3_0"))


def run(*args):
    return CliRunner().invoke(cli, [str(arg) for arg in args], catch_exceptions=False)


def test_the_command_writes_a_file_and_says_what_is_on_it(every, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = every[0].url
    result = run("preview", store, "--tile", TILE, "--products", "land,ground")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "ground, land" in result.stdout
    default = tmp_path / f"every-{TILE}.png"
    with Image.open(default) as read:
        assert f"{read.width} × {read.height} pixels" in result.stdout
    told = json.loads(run("preview", "--store", store, "--product", "land", "--json", "--out", "x.png").stdout)
    assert told["out"] == "x.png"
    with Image.open(tmp_path / "x.png") as read:
        assert read.size == (told["width"], told["height"])
    assert told["tile"] is None
    assert told["bounds"][2] - told["bounds"][0] == 4480


@pytest.mark.parametrize("command", ["status", "verify", "preview"])
def test_the_store_is_an_argument_or_an_option(every, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    store = every[0].url
    more = ["--products", "land"] if command == "preview" else []
    assert run(command, store, *more).output == run(command, "--store", store, *more).output
    assert run(command, store, "--store", store, *more).output == run(command, store, *more).output
    assert "two stores are named" in run(command, store, "--store", "other", *more).output
    missing = run(command, *more)
    assert missing.exit_code == 2
    assert "Missing argument 'STORE'" in missing.output


def test_what_cannot_be_read_makes_the_command_fail_after_drawing(tmp_path):
    store, _ = fill(tmp_path / "hurt.zarr", [LAND], area=CORNER, periods={"land": ["2020"]})
    (key,) = [key for key, _ in store.listing("land/2020/") if "/class/c/" in key]
    store.put(key, b"junk")
    result = run("preview", store.url, "--out", tmp_path / "hurt.png")
    assert result.exit_code == 1
    assert "not readable" in result.stderr
    assert (tmp_path / "hurt.png").exists()


def test_a_picture_that_cannot_be_written(every, tmp_path):
    with pytest.raises(ConfigError, match="cannot write the picture"):
        preview.write_png(Image.new("RGB", (2, 2)), tmp_path)
