"""`product`: what can be made, and whether a user's own can."""

from __future__ import annotations

import functools
import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eo_ingest.cli.printing import JSON, print_values

if TYPE_CHECKING:
    from eo_ingest.plan import Plan
    from eo_ingest.ports import Store
    from eo_ingest.product import Product
    from eo_ingest.runtime.checking import Report


@click.group()
def product() -> None:
    """List, show and check products."""


@product.command("list")
@JSON
def product_list(as_json: bool) -> None:
    """List the products: their sampling, cadence and source; and those that an option makes of them."""
    from eo_ingest.cli.text import table
    from eo_ingest.products import DEFAULT, REGISTRY

    variants = _variants()
    rows = [
        {
            "name": name,
            "title": made.title,
            "resolution": made.resolution,
            "cadence": made.cadence,
            "source": _source(made),
            "periods": list(made.periods),
            "default": name in DEFAULT,
            "option": variants.get(name),
        }
        for name, made in REGISTRY.items()
    ]
    if as_json:
        click.echo(json.dumps(rows))
        return
    keys = ("name", "pixel", "cadence", "source", "title")
    usual = [{**row, "pixel": f"{row['resolution']} m"} for row in rows if not row["option"]]
    click.echo(
        table(
            ("product", "pixel", "cadence", "source", "what"), [[str(row[k]) for k in keys] for row in usual], right={1}
        )
    )
    for option in dict.fromkeys(variants.values()):
        click.echo(f"with {option}: {', '.join(name for name, made_by in variants.items() if made_by == option)}")


@product.command("show")
@click.argument("name")
@click.option("--trust-code", is_flag=True, help="Run NAME if it is a program (.py).")
@JSON
def product_show(name: str, trust_code: bool, as_json: bool) -> None:
    """Show a product: its variables and bands, sampling, sources, licence and citation.

    NAME is a product's name, or a product file.
    """
    from eo_ingest import products
    from eo_ingest.products import custom

    made = custom.load(name, trust_code=trust_code).product if custom.is_file(name) else products.get(name)
    shown = made.definition()
    if as_json:
        click.echo(json.dumps(shown))
        return
    variables, gaps, archive = (shown.pop(key) for key in ("variables", "gaps", "archive"))
    _print_known({**shown, "source": _source(made)})
    for key, value in (archive or {}).get("parameters", ()):
        click.echo(f"  {key}: {value}")
    for gap in gaps:
        click.echo(f"not from {gap['start']} to {gap['end']}: {gap['reason']}")
    for variable in variables:
        click.echo()
        flags = variable.pop("flags")
        _print_known(variable)
        for flag in flags:
            click.echo(f"  {flag['value']:>3}  {flag['colour']}  {flag['meaning']}")


@product.command("check")
@click.argument("file")
@click.option(
    "--source",
    type=click.Choice(["earthengine", "emulator"]),
    default="earthengine",
    show_default=True,
    help="Whose catalogue: Earth Engine's, or that of a synthetic one on this machine.",
)
@click.option("--assets", help="With --source emulator: a folder of rasters to serve under Earth Engine ids.")
@click.option("--aoi", help="Where: a name, a file, or west,south,east,north; its first tile is made.  [default: demo]")
@click.option("--tile", "tile_id", help="Where: the id of a tile, instead of --aoi.")
@click.option("--grid", default="utm", show_default=True, help="The grid.")
@click.option("--period", help="The period.  [default: the product's first]")
@click.option("--trust-code", is_flag=True, help="Run FILE if it is a program (.py).")
@click.option("--archive", help="For a product of files: where they are.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Draw the tile as this PNG.")
@JSON
def product_check(
    file: str,
    tile_id: str | None,
    archive: str | None,
    period: str | None,
    out: Path | None,
    as_json: bool,
    **where: Any,
) -> None:
    """Hold a product file against the catalogue, and make one tile of it in memory.

    Assets, bands, types, dates and pixel sizes are looked up; then the values of one tile are held against dtype,
    nodata and valid range, and summed up per band. Nothing is stored.

    Exit code 0: the product can be made; 2: it cannot, and why.
    """
    from eo_ingest import runtime
    from eo_ingest.cli.progress import Counter
    from eo_ingest.config import RunConfig
    from eo_ingest.errors import ConfigError
    from eo_ingest.products import custom

    if not custom.is_file(file):
        raise ConfigError(f"{file!r} is not a product file: expected a path that ends in .toml or .py")
    if out and not out.parent.is_dir():
        raise ConfigError(f"cannot write the picture {out}: there is no folder {out.parent}")
    if tile_id and where["aoi"]:
        raise ConfigError("--tile and --aoi both say where: give one of them")
    name = custom.load(file, trust_code=where["trust_code"]).product.name
    aoi = runtime.box_of(tile_id, where["grid"]) if tile_id else where["aoi"] or "demo"
    config = RunConfig.of(
        **{**where, "aoi": aoi},
        store=runtime.NOWHERE,
        products=(file,),
        periods=(period,) if period else None,
        archives={name: archive} if archive else {},
    )
    with Counter(f"check {name}", "step", quiet=as_json) as counter:
        draw = functools.partial(_draw, out) if out else _leave_it
        report = runtime.check(config, tile_id, on_step=counter.advance, on_made=draw)
    if as_json:
        click.echo(json.dumps(report.as_json()))
    else:
        _tell(report)
    if report.problems:
        sys.exit(2)


def _variants() -> dict[str, str]:
    """The products that an option makes of others, and the option."""
    from typing import get_args

    from eo_ingest.errors import ConfigError
    from eo_ingest.products import REGISTRY, variant
    from eo_ingest.recipes import Clouds, Orbit

    found = {}
    options = [{"clouds": value} for value in get_args(Clouds)] + [{"orbit": value} for value in get_args(Orbit)]
    for option in options:
        for name in REGISTRY:
            with suppress(ConfigError):
                made = variant(name, **option)
                if made != name:
                    ((key, value),) = option.items()
                    found[made] = f"--{key} {value}"
    return found


def _source(made: Product) -> str:
    """Where a product comes from, in words."""
    ways = ["Earth Engine"] if made.images else []
    return " or ".join([*ways, f"files ({made.archive.kind})"] if made.archive else ways)


def _print_known(values: dict[str, Any]) -> None:
    print_values({k: v for k, v in values.items() if v not in (None, [], ())}, as_json=False)


def _draw(out: Path, store: Store, plan: Plan, report: Report) -> None:
    from eo_ingest import preview

    sheet = preview.draw(store, plan.grid, preview.Ask(tile=report.tile.id, products=(report.product.name,)))
    preview.write_png(sheet.picture, out, title=report.product.title)


def _leave_it(_store: Store, _plan: Plan, _report: Report) -> None:
    """Draw nothing."""


def _tell(report: Report) -> None:
    """A report as text: what is wrong goes to stderr."""
    from eo_ingest.cli.text import table

    used = {band for variable in report.product.variables for band in variable.bands}
    for asset in report.findings.assets.values() if report.findings else ():
        click.echo(f"{asset.id}: {asset.kind}")
        for band in (band for band in asset.bands if band.name in used):
            click.echo(f"  {band.name}  {band.type}, {band.scale:.4g} m, {band.crs}")
    if report.valid is not None:
        cells = [
            (f"{variable} {band} {frame}", found)
            for variable, bands in report.values.items()
            for band, frames in bands.items()
            for frame, found in frames.items()
        ]
        click.echo(f"\ntile {report.tile.id}, {report.period.name}: {report.status}, {report.valid:.1%} valid")
        rows = [(name, f"{found['valid']:.1%}", *_numbers(found)) for name, found in cells]
        click.echo(table(("", "valid", "min", "mean", "max"), rows))
        for name, shares in ((name, found["classes"]) for name, found in cells if "classes" in found):
            click.echo(f"{name}: {', '.join(f'{meaning} {share:.1%}' for meaning, share in shares.items())}")
    for note in report.notes:
        click.echo(f"note: {note}", err=True)
    for problem in report.problems:
        click.echo(f"error: {problem}", err=True)


def _numbers(found: dict[str, Any]) -> tuple[str, str, str]:
    low, mean, high = (f"{found[key]:.4g}" if key in found else "" for key in ("min", "mean", "max"))
    return low, mean, high
