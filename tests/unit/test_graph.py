"""What is sent to Earth Engine: every pixel has a value, whatever the scenes cover."""

import pytest

from eo_ingest import products
from eo_ingest.sources.earthengine import client, graph


@pytest.fixture
def unmasked():
    """The arguments of the `unmask` that a variable's image ends with."""
    client.prepare_offline()
    import ee

    def arguments(variable):
        node = graph._quantised(ee.Image.constant(1), variable)
        while node.func.getSignature()["name"] != "Image.unmask":
            node = node.args["input" if "input" in node.args else "value"]
        return node.args

    return arguments


@pytest.mark.parametrize(
    ("product", "variable", "value"),
    [("s1grd", "backscatter", -32768), ("s1grd", "n_obs", 0), ("s2", "n_obs", 0), ("worldcover", "class", 0)],
)
def test_where_there_is_nothing_stands_nodata_and_in_counts_zero(unmasked, product, variable, value):
    found = unmasked(products.get(product).variable(variable))
    assert found["value"].args["value"] == value


def test_pixels_beyond_all_scenes_are_filled_too(unmasked):
    found = unmasked(products.get("s1grd").variable("backscatter"))
    assert found["sameFootprint"] is False
