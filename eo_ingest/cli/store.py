"""`status`, `verify` and `preview`: reading a store."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

_STORE = click.option("--store", required=True, help="The store's folder.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, to stdout.")


@click.command(short_help="What a store has of what was asked of it.")
@_STORE
@_JSON
def status(store: str, as_json: bool) -> None:
    """Count jobs and tiles by status, for every product and period that was ever asked of the store.

    A job is `done`, `stale` (made from another definition than today's), `failed` or `missing`; a tile is `ok`,
    `empty` (the source has nothing there), `failed` or `missing`.
    """
    from eo_ingest import catalog, runtime
    from eo_ingest.cli.text import table

    opened, grid = runtime.existing(store)
    found = catalog.status(opened, catalog.wanted(opened), runtime.current_fingerprint(grid, opened))
    if as_json:
        click.echo(json.dumps(found))
        return
    rows = [
        (f"{product} {period}", *(f"{n:,}" for n in (*counts["jobs"].values(), *counts["tiles"].values())))
        for product, periods in found["products"].items()
        for period, counts in periods.items()
    ]
    header = ("", "jobs done", "stale", "failed", "missing", "tiles ok", "empty", "failed", "missing")
    click.echo(table(header, rows) if rows else "nothing was asked of this store yet")


@click.command(short_help="Hold every byte of a store against its records and products.")
@_STORE
@_JSON
def verify(store: str, as_json: bool) -> None:
    """Re-hash and decode every object; check shape, type, valid range and nodata, and each record against its objects.

    Exit code 0: all is as recorded; 1: there is a problem.
    """
    from eo_ingest import runtime, validate
    from eo_ingest.cli.progress import Counter
    from eo_ingest.cli.text import count, size

    opened, grid = runtime.existing(store)
    with Counter("verify", "record", quiet=as_json) as counter:
        report = validate.verify(opened, grid, on_record=counter.advance)
    if as_json:
        click.echo(json.dumps(report.as_json()))
    else:
        for problem in report.as_json()["problems"]:
            click.echo(f"{problem['key']}: {problem['problem']}")
        found = count(len(report.problems), "problem") if report.problems else "no problem"
        held = f"{count(report.records, 'record')}, {count(report.objects, 'object')}, {size(report.bytes)}"
        click.echo(f"{found} in {held}")
    if report.problems:
        sys.exit(1)


@click.command(short_help="Draw a product of a store as a picture.")
@_STORE
@click.option("--product", required=True, help="The product.")
@click.option("--period", help="The period.  [default: the product's first]")
@click.option("--frame", help="The frame's label, such as JJA.  [default: the last]")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The PNG file to write.")
@click.option("--max-px", default=2048, show_default=True, type=click.IntRange(64, 16384), help="Longest side.")
def preview(store: str, product: str, period: str | None, frame: str | None, out: Path, max_px: int) -> None:
    """Draw what a store has of a product, one zone below the other: true colour, classes in their colours, or radar."""
    from eo_ingest import preview as drawing
    from eo_ingest import products, runtime
    from eo_ingest.errors import ConfigError

    if not out.parent.is_dir():
        raise ConfigError(f"cannot write the picture {out}: there is no folder {out.parent}")
    opened, _ = runtime.existing(store)
    chosen = products.get(product)
    made = drawing.draw(opened, chosen, period or chosen.periods[0], frame=frame, max_px=max_px)
    drawing.write_png(made, out)
    click.echo(f"{out}: {made.shape[1]} × {made.shape[0]} pixels")
