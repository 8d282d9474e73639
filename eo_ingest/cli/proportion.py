"""`proportions`: how much of each class tiles and polygons have."""

from __future__ import annotations

import json
from pathlib import Path

import click

from eo_ingest.cli import option


@click.command(short_help="How much of each class tiles and polygons have.")
@option.store
@click.option("--product", default="worldcover", show_default=True, help="A product of classes in the store.")
@click.option("--period", help="Its period.  [default: the only one that the store has]")
@click.option("--frame", help="The label of a frame, where there are several.")
@click.option("--layer", help="A file of polygons: proportions of these, weighted by area, rather than of tiles.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="A Parquet file to write.")
@click.option("--attach", is_flag=True, help="Enter those of tiles in the store's tile index.")
@option.as_json
def proportions(
    store: str,
    product: str,
    period: str | None,
    frame: str | None,
    layer: str | None,
    out: Path | None,
    attach: bool,
    as_json: bool,
) -> None:
    """Fractions of each class per tile of a store, or per polygon of a layer, from any product of classes in it."""
    from eo_ingest.errors import ConfigError
    from eo_ingest.runtime import labelling

    if out is None and not attach:
        raise click.UsageError("nothing would come of it: add --out FILE, or --attach")
    if attach and layer is not None:
        raise click.UsageError("--attach is of tiles, and --layer of polygons: give --out FILE")
    opened, grid = labelling.existing(store)
    label = labelling.label(opened, grid, product, period, frame)
    table = labelling.table(opened, grid, label, Path(layer).expanduser() if layer is not None else None)
    if attach:
        labelling.attach(opened, grid, table)
    if out is not None:
        import pyarrow.parquet as pq

        try:
            pq.write_table(table, out)
        except OSError as err:
            raise ConfigError(f"cannot write {out}: {err.strerror or err}") from err
    told = {
        "product": label.product.name,
        "period": label.period,
        "rows": table.num_rows,
        "columns": table.column_names,
    }
    if as_json:
        click.echo(json.dumps({"out": str(out) if out else None, "attached": attach, **told}))
        return
    what = "polygons" if layer is not None else "tiles"
    where = " and ".join([*([str(out)] if out else []), *(["the tile index"] if attach else [])])
    click.echo(f"{where}: {table.num_rows:,} {what}, {len(label.columns)} classes of {product} {label.period}")
