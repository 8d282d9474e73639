import pytest

from eo_ingest import products
from eo_ingest.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "options", "found"),
    [
        ("s2", {}, "s2"),
        ("s2", {"clouds": "scl"}, "s2-scl"),
        ("s2-20m", {"clouds": "qa60"}, "s2-20m-qa60"),
        ("s2-rgb-monthly", {"clouds": "scl", "orbit": "most"}, "s2-rgb-monthly-scl"),
        ("s2-scl", {"clouds": "scl"}, "s2-scl"),
        ("s1grd", {"orbit": "most"}, "s1grd-orbit"),
        ("s1grd-monthly", {"orbit": "most", "clouds": "qa60"}, "s1grd-monthly-orbit"),
        ("s1grd-orbit", {"orbit": "most"}, "s1grd-orbit"),
        ("s1event", {"orbit": "most"}, "s1event"),
        ("worldcover", {"orbit": "most", "clouds": "scl"}, "worldcover"),
        ("one-of-a-users-own", {"orbit": "most"}, "one-of-a-users-own"),
    ],
)
def test_options_lead_to_the_product_they_mean(name, options, found):
    assert products.variant(name, **options) == found


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        (
            "hls",
            {"clouds": "scl"},
            "product 'hls' has no variant with clouds 'scl': it is masked by its own",
        ),
        ("s2-scl", {"clouds": "qa60"}, "product 's2-scl' is one of clouds 'scl', not 'qa60'"),
        ("s2", {"clouds": "fmask"}, "clouds 'fmask' is not one: expected scl or qa60"),
        ("s1grd", {"orbit": "15"}, "orbit '15' is not one: expected most"),
    ],
)
def test_options_that_lead_nowhere_are_refused(name, options, message):
    with pytest.raises(ConfigError, match=f"^{message}"):
        products.variant(name, **options)


def test_every_variant_is_a_product_of_the_same_pixels_elsewhere():
    """Bands, sampling and cadence are those of the product that it is a variant of."""
    for name, product in products.REGISTRY.items():
        for options in ({"clouds": "scl"}, {"clouds": "qa60"}, {"orbit": "most"}):
            try:
                other = products.get(products.variant(name, **options))
            except ConfigError:
                continue
            assert (other.resolution, other.cadence) == (product.resolution, product.cadence)
            assert other.variables[: len(product.variables)] == product.variables
