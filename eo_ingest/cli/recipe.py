"""`recipe`: published datasets as one option."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from eo_ingest.cli.printing import JSON, print_rows, print_values

if TYPE_CHECKING:
    from eo_ingest.recipes import Split


@click.group()
def recipe() -> None:
    """List and show recipes: the shape of a published dataset as one option, `tile --recipe NAME`."""


@recipe.command("list")
@JSON
def recipe_list(as_json: bool) -> None:
    """List the recipes that come with eo-ingest."""
    from eo_ingest import recipes

    rows = [{"name": name, "title": recipes.load(name).recipe.title} for name in recipes.names()]
    print_rows(rows, as_json=as_json)


@recipe.command("show")
@click.argument("name")
@JSON
def recipe_show(name: str, as_json: bool) -> None:
    """Show a recipe: NAME is one of `recipe list`, or a file."""
    from eo_ingest import recipes
    from eo_ingest.cli.text import table

    loaded = recipes.load(name)
    made = loaded.recipe
    if as_json:
        click.echo(json.dumps({"name": loaded.name, **made.model_dump(mode="json")}))
        return
    options = {key: value for key, value in made.options.model_dump().items() if value}
    shown: dict[str, Any] = {
        "name": loaded.name,
        "title": made.title,
        "aoi": made.aoi or "none: add --aoi",
        "grid": made.grid or "utm",
        "periods": made.periods or "each product's own",
        **options,
        "split": _split(made.split) if made.split else "none",
    }
    print_values(shown, as_json=False)
    click.echo()
    rows = [(p.name or p.file or "", ", ".join(p.periods or ()) or "as above", p.note or "") for p in made.products]
    click.echo(table(("product", "periods", "stands for"), rows, right=()))
    click.echo(f"\n{made.description.strip()}")
    for reference in made.references:
        click.echo(f"- {reference}")


def _split(split: Split) -> str:
    parts = ", ".join(f"{name} {part:.0%}" for name, part in split.fractions.items())
    size = f" {split.bands}" if split.bands else f" of {split.block} tiles" if split.block else ""
    return f"{split.method}{size}: {parts} (`eo-ingest split --recipe` makes its file)"
