"""Printing values and lists, as text or as JSON."""

from __future__ import annotations

import json
from typing import Any

import click

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, to stdout.")


def print_values(values: dict[str, Any], *, as_json: bool) -> None:
    """Print names and values, a line each."""
    if as_json:
        click.echo(json.dumps(values))
        return
    width = max(map(len, values))
    for name, value in values.items():
        text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
        click.echo(f"{name.ljust(width)}  {text}")


def print_rows(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    """Print rows that have a `name` and a `title`."""
    if as_json:
        click.echo(json.dumps(rows))
        return
    width = max((len(row["name"]) for row in rows), default=0)
    for row in rows:
        click.echo(f"{row['name'].ljust(width)}  {row['title']}")
