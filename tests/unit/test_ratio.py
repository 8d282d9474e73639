import numpy as np
import pytest

from eo_ingest import products, reader
from eo_ingest.errors import ConfigError

NODATA = -32768


def tile(name, **bands):
    """A raster of one pixel per column, given by band in stored units."""
    variable = products.get(name).variable("backscatter")
    values = np.full((1, len(variable.bands), 1, 4), NODATA, np.int16)
    for band, row in bands.items():
        values[0, variable.bands.index(band), 0] = row
    return {"backscatter": values}


def test_the_ratio_is_the_difference_in_decibels_and_nothing_where_either_is_missing():
    raster = tile(
        "s1grd",
        vv_asc=[-1000, -1250, NODATA, -900],
        vh_asc=[-1700, -2000, -1800, NODATA],
        vv_desc=[-500, -500, -500, -500],
        vh_desc=[0, -500, -1000, NODATA],
    )
    values, names = reader.ratio(raster, products.get("s1grd"))
    assert names == ("vv_vh_asc", "vv_vh_desc")
    assert values.shape == (1, 2, 1, 4)
    assert values.dtype == np.float32
    np.testing.assert_allclose(values[0, 0, 0], [7.0, 7.5, np.nan, np.nan], atol=1e-4)
    np.testing.assert_allclose(values[0, 1, 0], [-5.0, 0.0, 5.0, np.nan], atol=1e-4)


@pytest.mark.parametrize(("name", "names"), [("s1event", ("vv_vh",)), ("palsar", ("hh_hv",))])
def test_other_radars_have_one_too(name, names):
    bands = {b: [-800, -800, -800, NODATA] for b in products.get(name).variable("backscatter").bands}
    values, found = reader.ratio(tile(name, **bands), products.get(name))
    assert found == names
    np.testing.assert_array_equal(values[0, 0, 0], [0, 0, 0, np.nan])


@pytest.mark.parametrize(("name", "variable"), [("s2", "reflectance"), ("s1grd", "n_obs"), ("s1grd", "nothing")])
def test_what_has_no_ratio_is_refused(name, variable):
    with pytest.raises(ConfigError, match=f"product '{name}' has no variable '{variable}' in dB"):
        reader.ratio({}, products.get(name), variable)
