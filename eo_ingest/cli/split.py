"""`split`: which tiles to train on, and which to test on."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eo_ingest.cli.printing import JSON

if TYPE_CHECKING:
    from eo_ingest.split import Frozen

_FILE = click.Path(path_type=Path, dir_okay=False)


def _fractions(_ctx: click.Context, _param: click.Parameter, value: str | None) -> dict[str, float] | None:
    """`train=0.6,val=0.2,test=0.2`."""
    if value is None:
        return None
    found: dict[str, float] = {}
    for part in value.split(","):
        name, _, number = (text.strip() for text in part.partition("="))
        try:
            found[name] = float(number)
        except ValueError as err:
            raise click.BadParameter(f"{part!r}: expected NAME=PART, such as train=0.6,val=0.2,test=0.2") from err
    return found


@click.group(invoke_without_command=True, short_help="Part tiles for training and testing.")
@click.option("--aoi", help="As of `tile`; with --store, the name of an area that the store was asked for.")
@click.option("--grid", help="A name of `grid list`, or a TOML file that defines a grid.  [default: utm]")
@click.option("--store", help="Part the tiles of this store's index.")
@click.option("--recipe", help="Part as a recipe says; other options go before.")
@click.option(
    "--by",
    "method",
    type=click.Choice(["bands", "blocks", "countries", "polygons", "random"]),
    help="How tiles are parted.  [default: bands; with --layer, polygons]",
)
@click.option(
    "--fractions", callback=_fractions, help="The splits and their parts.  [default: train=0.6,val=0.2,test=0.2]"
)
@click.option("--folds", type=int, help="So many folds of equal size instead: fold-0, fold-1 …")
@click.option("--bands", type=int, help="How many bands, with --by bands.  [default: 60]")
@click.option("--angle", type=float, help="Their angle in radians, -pi/2 to pi/2, as geetiles has it.  [default: 0]")
@click.option("--block", type=int, help="Tiles along a block's side, with --by blocks.  [default: 16]")
@click.option("--layer", help="A file of polygons, none of which is parted.")
@click.option("--guard-km", type=float, help="Kilometres that splits keep from each other.  [default: 0]")
@click.option("--seed", type=int, help="Another number makes another split of the same kind.  [default: 0]")
@click.option("--out", type=_FILE, help="The split file.  [default: <area>-<grid>-<method>.split.csv]")
@JSON
@click.pass_context
def split(ctx: click.Context, /, **options: Any) -> None:
    """Part the tiles of an area, or of a store, and freeze that in a file; the same options make the same bytes.

    Tiles of two splits never share area, and keep --guard-km from each other: those that would not are in none
    (`guard`).
    """
    if ctx.invoked_subcommand is not None:
        if any(value not in (None, False) for value in options.values()):
            raise click.UsageError(f"options of `split` do not go with `split {ctx.invoked_subcommand}`")
        return
    _make(options)


def _make(options: dict[str, Any]) -> None:
    from eo_ingest.cli.text import count
    from eo_ingest.errors import ConfigError
    from eo_ingest.runtime import splitting
    from eo_ingest.split import freeze, part

    out, as_json = options.pop("out"), options.pop("as_json")
    recipe = splitting.loaded(options.pop("recipe"))
    aoi, grid, store = (options.pop(key) for key in ("aoi", "grid", "store"))
    if recipe is not None and store is None:
        aoi, grid = aoi or recipe.aoi, grid or recipe.grid
    place = splitting.place(aoi, grid, store)
    rule = splitting.rule(options, recipe, place.aoi["name"])
    parting = part(place.tiles, rule)
    data = freeze(parting, rule, place.aoi)
    name = "".join(c if c.isalnum() or c in "-_." else "-" for c in place.aoi["name"])
    out = out or Path(f"{name}-{place.tiles.grid.name}-{rule.method}.split.csv")
    try:
        out.write_bytes(data)
    except OSError as err:
        raise ConfigError(f"cannot write {out}: {err.strerror or err}") from err
    counts = parting.counts()
    if as_json:
        click.echo(json.dumps({"out": str(out), "tiles": counts, "rule": rule.as_json()}))
        return
    told = ", ".join(f"{split} {number:,} ({number / len(place.tiles):.1%})" for split, number in counts.items())
    click.echo(f"{out}: {count(len(place.tiles), 'tile')}: {told}")


@split.command("attach")
@click.argument("path", metavar="FILE", type=_FILE)
@click.option("--store", required=True, help="The store's folder.")
@click.option("--column", default="split", show_default=True, help="The column of the index.")
@JSON
def split_attach(path: Path, store: str, column: str, as_json: bool) -> None:
    """Enter a split file in a store's tile index; tiles that are not in the file have none."""
    from eo_ingest.cli.text import count
    from eo_ingest.runtime import splitting

    met = splitting.attach(path, store, column)
    if as_json:
        click.echo(json.dumps({"column": column, **met}))
    else:
        without = f"; {count(met['without'], 'tile')} of the index not in it" if met["without"] else ""
        click.echo(f"column {column}: {count(met['tiles'], 'tile')} of {path.name}{without}")


@split.command("audit")
@click.argument("path", metavar="FILE", type=_FILE)
@click.option("--grid", help="The TOML file of the grid, where it is none of `grid list`.")
@click.option("--store", help="A store on the grid, for the balance of classes.")
@click.option("--product", default="worldcover", show_default=True, help="With --store: a product of classes.")
@click.option("--period", help="Its period.  [default: the only one that the store has]")
@click.option("--km", "within_km", type=float, default=5.0, show_default=True, help="What counts as near.")
@click.option("--map", "picture", type=_FILE, help="Draw a map (PNG) to this file.")
@JSON
def split_audit(path: Path, picture: Path | None, as_json: bool, **options: Any) -> None:
    """Tell how large splits are, how near each other, and with a store how much of each class they have.

    Exit code 1: tiles of a split share area with tiles that are trained on.
    """
    from eo_ingest.runtime import labelling, splitting

    store = options["store"]
    found = splitting.frozen(path, grid=options["grid"], store=store)
    label = None
    if store is not None:
        opened, grid = labelling.existing(store)
        label = (opened, labelling.label(opened, grid, options["product"], options["period"], None))
    told = splitting.audit(found, options["within_km"], label)
    if picture is not None:
        _draw(found, told, picture)
    if as_json:
        click.echo(json.dumps({**told, "map": str(picture) if picture else None}))
    else:
        _tell(told)
    if any(one["overlapping"] for one in told["distances"]):
        sys.exit(1)


def _draw(found: Frozen, told: dict[str, Any], picture: Path) -> None:
    from eo_ingest.atlas import parted
    from eo_ingest.errors import ConfigError

    rule = told["rule"]
    how = {"bands": "{bands} bands at {angle:g} rad", "blocks": "blocks of {block} × {block} tiles"}
    method = how.get(rule["method"], rule["method"]).format(**rule)
    facts = [f"{method} on grid {told['grid']}, guard {rule['guard_m'] / 1000:g} km, seed {rule['seed']}"]
    try:
        picture.write_bytes(parted.draw(found.parting, title=f"Split of {told['aoi']}", facts=facts))
    except OSError as err:
        raise ConfigError(f"cannot write {picture}: {err.strerror or err}") from err


def _tell(told: dict[str, Any]) -> None:
    from eo_ingest.cli.text import table

    wanted, achieved = told["fractions"]["wanted"], told["fractions"]["achieved"]
    rows = [(name, f"{told['tiles'][name]:,}", f"{wanted[name]:.1%}", f"{achieved[name]:.1%}") for name in wanted]
    click.echo(
        table(("split", "tiles", "wanted", "achieved"), [*rows, ("guard", f"{told['tiles']['guard']:,}", "", "")])
    )
    for one in told["distances"]:
        click.echo(
            f"{one['split']}: nearest tile of {one['against']} {one['nearest_km']:g} km away; "
            f"{one['share_within']:.1%} of its tiles within {one['within_km']:g} km; {one['overlapping']:,} overlap one"
        )
    if told["classes"]:
        splits = told["classes"]["splits"]
        known = [name for name in splits if splits[name]["classes"]]
        classes: dict[str, float] = next(iter(splits[name]["classes"] for name in known), {})
        shown = [name for name in classes if any(splits[split]["classes"][name] > 0 for split in known)]
        rows_ = [(name, *(f"{splits[split]['classes'][name]:.1%}" for split in known)) for name in shown]
        click.echo(table((f"{told['classes']['product']} {told['classes']['period']}", *known), rows_))
