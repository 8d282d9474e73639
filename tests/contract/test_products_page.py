"""docs/products.md and the README say what the REGISTRY says; the reasons in the page's last column are by hand.

`pytest --golden` writes all but those.
"""

import re

from eo_ingest import products
from eo_ingest.errors import ConfigError
from eo_ingest.products import REGISTRY
from tests_support import ROOT

PAGE = ROOT / "docs" / "products.md"
MARKS = "<!-- products -->", "<!-- end of products -->"
HEAD = ("product", "variables", "pixel", "frames", "years", "source", "resampling", "why")
FRAMES = {
    "seasons": "four seasons",
    "months": "months",
    "calendar-year": "one",
    "event": "{slots} before, {slots} after a day",
    "pairs": "up to {slots} pairs",
}


def variants(name):
    """The product and those that options make of it."""
    found = [name]
    for options in ({"clouds": "scl"}, {"clouds": "qa60"}, {"orbit": "most"}):
        try:
            found.append(products.variant(name, **options))
        except ConfigError:
            continue
    return list(dict.fromkeys(found))


def variables(product):
    units = {"1": "", "percent": " %", "degree": "°"}
    words = []
    for variable in product.variables:
        unit = " days" if variable.kind == "date" else units.get(variable.units, f" {variable.units}")
        bands = f" ({', '.join(variable.bands)})" if len(variable.bands) > 1 else ""
        words.append(f"`{variable.name}`{bands}{unit}")
    return "; ".join(words)


def years(product):
    if product.only_periods:
        return ", ".join(product.periods)
    reasons = sorted({gap.reason.split(" has ")[-1].replace("the source begins with", "from") for gap in product.gaps})
    return "; ".join(reasons) or "any"


def resampling(product):
    kinds = {v.name: v.resampling or product.resampling for v in product.variables if v.kind != "count"}
    if len(set(kinds.values())) == 1:
        return next(iter(kinds.values()))
    return "; ".join(
        f"{kind}: {', '.join(n for n, k in kinds.items() if k == kind)}" for kind in ("bilinear", "nearest")
    )


def row(product):
    """All cells but the last."""
    return (
        ", ".join(f"`{name}`" for name in variants(product.name)),
        variables(product),
        f"{product.resolution} m",
        FRAMES[product.cadence].format(slots=product.slots),
        years(product),
        ", ".join(product.assets),
        resampling(product),
    )


def usual_names():
    """The products that are not variants of others."""
    return [name for name in REGISTRY if not any(name in variants(other)[1:] for other in REGISTRY)]


def rows():
    return [row(REGISTRY[name]) for name in usual_names()]


def page_rows(text):
    """The table's cells, row by row, without its head."""
    table = text.split(MARKS[0])[1].split(MARKS[1])[0].strip().splitlines()
    return [tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]) for line in table[2:]]


def test_the_page_lists_what_there_is(request):
    text = PAGE.read_text()
    why = {cells[0]: cells[-1] for cells in page_rows(text)}
    if request.config.getoption("--golden"):
        lines = [HEAD, ("---",) * len(HEAD), *((*cells, why.get(cells[0], "")) for cells in rows())]
        table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
        before, after = text.split(MARKS[0])[0], text.split(MARKS[1])[1]
        PAGE.write_text(f"{before}{MARKS[0]}\n\n{table}\n\n{MARKS[1]}{after}")
        text = PAGE.read_text()
    assert [cells[:-1] for cells in page_rows(text)] == rows()


def test_the_readme_lists_every_product_with_its_pixel():
    table = (ROOT / "README.md").read_text().split("| product | what | pixel |")[1].split("\n\n")[0]
    listed = [
        (name, pixel)
        for names, pixel in re.findall(r"^\| (.+?) \|.*\| (\d+ m) \|$", table, re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", names)
    ]
    usual = {name: f"{REGISTRY[name].resolution} m" for name in usual_names()}
    assert sorted(listed) == sorted(usual.items())


def test_the_readme_names_the_default():
    said = (ROOT / "README.md").read_text().split("Without `--products` it is ")[1].split(".")[0]
    assert re.findall(r"`([^`]+)`", said) == list(products.DEFAULT)


def test_every_product_has_a_reason():
    assert all(len(cells[-1]) > 20 for cells in page_rows(PAGE.read_text()))
