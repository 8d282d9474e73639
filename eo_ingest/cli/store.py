"""`status`, `verify` and `preview`: reading a store."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from eo_ingest.cli import option


@click.command(short_help="What a store has of what was asked of it.")
@option.store
@option.as_json
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
@option.store
@option.as_json
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


@click.command(short_help="Draw what a store has as a contact sheet (PNG).")
@option.store
@click.option("--tile", help="Draw this tile.  [default: the mosaic of the zone where most were made]")
@click.option("--zone", help="Draw the mosaic of this zone.")
@click.option("--products", "--product", multiple=True, callback=option.names, help="Only these, comma-separated.")
@click.option("--period", "periods", multiple=True, callback=option.names, help="Only these, comma-separated.")
@click.option("--frame", help="Only the frame of that label, such as JJA.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="[default: <store>-<tile or zone>.png]")
@click.option("--max-px", type=click.IntRange(256, 16384), help="Longest side; panels get as large as it allows.")
@option.as_json
def preview(store: str, out: Path | None, as_json: bool, **asked: Any) -> None:
    """Draw a tile, or all of a zone, in every product and period of a store: rows of frames, each with its scale.

    Tiles that are missing, failed or empty are hatched. A zone that would be too much to read is drawn in part.

    Exit code 0: all is drawn; 1: some of what was recorded as done could not be read.
    """
    from eo_ingest import preview as drawing
    from eo_ingest import runtime
    from eo_ingest.errors import ConfigError

    opened, grid = runtime.existing(store)
    if out is not None and not out.parent.is_dir():
        raise ConfigError(f"cannot write the picture {out}: there is no folder {out.parent}")
    sheet = drawing.draw(opened, grid, drawing.Ask(**asked))
    where = sheet.told["tile"] or sheet.told["zone"]
    out = out or Path(f"{Path(sheet.told['store']).stem}-{where}.png")
    drawing.write_png(sheet.picture, out, title=f"{sheet.told['store']} {where}")
    if as_json:
        click.echo(json.dumps({"out": str(out), **sheet.told}))
    else:
        drawn = ", ".join(dict.fromkeys(part["product"] for part in sheet.told["sections"]))
        click.echo(f"{out}: {sheet.told['width']} × {sheet.told['height']} pixels: {drawn}")
    for problem in sheet.unreadable:
        click.echo(f"not readable: {problem}", err=True)
    if sheet.unreadable:
        sys.exit(1)
