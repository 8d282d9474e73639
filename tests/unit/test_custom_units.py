"""Units: what is one, and what is told of what is none."""

import pytest

from custom_support import right, toml, variable
from eo_ingest.errors import ConfigError
from eo_ingest.products import REGISTRY, custom
from eo_ingest.products.custom.units import unknown

UNITS = sorted({v.units for product in REGISTRY.values() for v in product.variables})
MORE = [
    "mm d-1",
    "kg m-2 s-1",
    "W/m2/sr",
    "m.s-1",
    "m s^-1",
    "m**2",
    "µm",
    "hPa",
    "kilometres",
    "degC",
    "1e-3",
    "10^-6",
]


@pytest.mark.parametrize("units", [*UNITS, *MORE])
def test_units(units):
    assert unknown(units) is None


@pytest.mark.parametrize(
    ("units", "said"),
    [
        ("bogus unit zz", "'bogus' is no unit"),
        ("m zz", "'zz' is no unit"),
        ("metrs", "'metrs' is no unit (did you mean 'metre'?)"),
        ("kg/(m2 s)", "'(m2' is no unit"),
        ("ages since 2000-01-01", "'ages' is no unit of time"),
        ("m ", "'' is no unit"),
        ("kdB", "'kdB' is no unit"),
    ],
)
def test_no_units(units, said):
    assert unknown(units).startswith(said)
    with pytest.raises(ConfigError, match=r"user.toml: variables\[0\].units is .* is no unit.*expected SI units"):
        custom.declared(toml(right(variables=[variable(units=units)])), "user.toml")
