"""`product`: what can be made."""

from __future__ import annotations

import json

import click

from eo_ingest.cli.printing import JSON, print_rows, print_values


@click.group()
def product() -> None:
    """List and show products."""


@product.command("list")
@JSON
def product_list(as_json: bool) -> None:
    """List the products."""
    from eo_ingest.products import REGISTRY

    print_rows([{"name": name, "title": made.title} for name, made in REGISTRY.items()], as_json=as_json)


@product.command("show")
@click.argument("name")
@JSON
def product_show(name: str, as_json: bool) -> None:
    """Show a product: its variables and bands, sampling, sources, licence and citation."""
    from eo_ingest import products

    shown = products.get(name).definition()
    if as_json:
        click.echo(json.dumps(shown))
        return
    variables = shown.pop("variables")
    print_values(shown, as_json=False)
    for variable in variables:
        click.echo()
        flags = variable.pop("flags")
        print_values({k: v for k, v in variable.items() if v is not None}, as_json=False)
        for flag in flags:
            click.echo(f"  {flag['value']:>3}  {flag['colour']}  {flag['meaning']}")
