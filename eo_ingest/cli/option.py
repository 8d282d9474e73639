"""What the commands that read a store have in common."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, to stdout.")


def names(_ctx: click.Context, _param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...] | None:
    """Options that may be repeated or hold commas; None where not given."""
    parts = [[name.strip() for name in part.split(",") if name.strip()] for part in value]
    if not all(parts):
        raise click.BadParameter("it is empty; leave the option out to get its default")
    return tuple(name for part in parts for name in part) or None


def store(command: Callable[..., None]) -> Callable[..., None]:
    """The store, as an argument or as `--store`."""

    @click.argument("place", metavar="[STORE]", required=False)
    @click.option("--store", help="The store's folder: the same as STORE.")
    @functools.wraps(command)
    def chosen(place: str | None, store: str | None, **values: Any) -> None:
        if place is not None and store is not None and place != store:
            raise click.UsageError(f"two stores are named: {place!r}, and {store!r} by --store")
        found = place if store is None else store
        if found is None:
            raise click.UsageError("Missing argument 'STORE': the store's folder")
        command(store=found, **values)

    return chosen
