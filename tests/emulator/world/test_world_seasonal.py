"""The seasonal coherence data set: its tiles, its layers and its numbers."""

import numpy as np
import pytest

from eo_ingest.emulator.world import seasonal, truth
from eo_ingest.emulator.world import seasonal_tiles as tiles

TILE = (6, 50)


@pytest.fixture(scope="module")
def layer():
    """The digital numbers of a layer of one tile, made once."""
    held = {}

    def read(name):
        if name not in held:
            held[name] = seasonal.tile(name, *TILE)
        return held[name]

    return read


@pytest.mark.parametrize(("corner", "name"), [
    ((-90, 45), "N45W090"), ((5, 0), "N00E005"), ((12, -1), "S01E012"), ((-180, 82), "N82W180"), ((0, 1), "N01E000"),
])  # fmt: skip
def test_tiles_are_named_by_their_upper_left_corner(corner, name):
    assert tiles.tile_id(*corner) == name
    assert tiles.corner(name) == corner


@pytest.mark.parametrize("name", ["", "N83E000", "S79E000", "S00E005", "N45E180", "n45w090", "N45W90", "N45X090"])
def test_other_names_are_refused(name):
    with pytest.raises(ValueError, match="N45W090"):
        tiles.corner(name)


def test_six_day_pairs_are_in_about_a_quarter_of_the_tiles():
    found = [(lon, lat) for lat in range(82, -79, -3) for lon in range(-180, 180, 3) if tiles.exists(lon, lat)]
    six = np.mean([6 in tiles.baselines(*corner, "winter") for corner in found])
    late = np.mean([48 in tiles.baselines(*corner, "winter") for corner in found])
    assert 0.36 < 9 * len(found) / 64_800 < 0.41  # 25 334 tiles of the real data set are 0.39 of all degrees
    assert 0.2 < six < 0.33
    assert 0.96 < late < 0.998
    assert all((6 in b) == (18 in b) for b in (tiles.baselines(*corner, "fall") for corner in found))
    assert "fall_hh_COH12" in tiles.layers(-45, 65)
    assert "fall_vv_COH12" not in tiles.layers(-45, 65)
    assert tiles.layers(-30, 35) == ()


def test_a_file_has_the_shape_and_types_of_the_archive(layer):
    assert {name: layer(f"winter_vv_{name}").dtype.name for name in ("COH12", "AMP", "rho", "tau", "rmse")} == {
        "COH12": "uint8", "AMP": "uint16", "rho": "uint16", "tau": "uint16", "rmse": "uint16",
    }  # fmt: skip
    assert layer("winter_vv_COH12").shape == (1200, 1200)
    assert 1 <= layer("winter_vv_COH12").min() < layer("winter_vv_COH12").max() <= 100
    with pytest.raises(KeyError, match="N50E006_winter_hh_AMP"):
        seasonal.tile("winter_hh_AMP", *TILE)
    with pytest.raises(KeyError):
        seasonal.tile("winter_vv_AMP", -30, 35)


@pytest.mark.parametrize("days", tiles.DAYS)
def test_coherence_follows_from_the_decay_parameters(layer, days):
    rho, tau = layer("spring_vv_rho") / 1000, layer("spring_vv_tau") / 1000
    expected = 100 * ((1 - rho) * np.exp(-days / tau) + rho)
    assert np.abs(layer(f"spring_vv_COH{days:02d}") - expected).max() <= 0.5 + 1e-3


def test_coherence_is_high_in_towns_and_low_in_woods_and_water(layer):
    at = (np.arange(1200) + 0.5) / 1200
    lon, lat = np.meshgrid(TILE[0] + at[::5], TILE[1] - at[::5])
    cover = truth.land_cover(lon, lat)
    winter, summer = (layer(f"{s}_vv_COH12")[::5, ::5] for s in ("winter", "summer"))
    means = {c: (winter[cover == c].mean(), summer[cover == c].mean()) for c in (10, 40, 50, 80)}
    assert means[50][0] > means[40][0] > means[10][0] > means[80][0]
    assert means[40][0] > means[40][1] + 10
    assert means[80][0] < 30
    amplitude = 20 * np.log10(layer("winter_vv_AMP")[::5, ::5].astype(float)) - 83
    assert amplitude[cover == 50].mean() > -7
    assert amplitude[cover == 80].mean() < amplitude[cover == 10].mean() - 4
    assert (layer("winter_vh_AMP") < layer("winter_vv_AMP")).all()
