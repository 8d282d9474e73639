"""`sample`: some of the tiles of an area or a store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from eo_ingest.cli.printing import JSON

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(short_help="Choose some tiles: uniformly, or alike from groups.")
@click.option("--aoi", help="As of `tile`; with --store, the name of an area that the store was asked for.")
@click.option("--grid", help="A name of `grid list`, or a TOML file that defines a grid.  [default: utm]")
@click.option("--store", help="Choose from the tiles of this store's index.")
@click.option("--bbox", help="Only tiles with their centre in west,south,east,north (degrees).")
@click.option("--split", type=_FILE, help="A split file: only tiles of one of its splits.")
@click.option("--part", help="With --split: which one.  [default: train]")
@click.option("-n", "--count", type=int, required=True, help="How many.")
@click.option("--by", "stratum", type=click.Choice(["country", "split"]), help="As many from each group.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another number chooses others.")
@click.option("--out", type=_FILE, help="A file of ids, one a line.  [default: stdout]")
@JSON
def sample(out: Path | None, as_json: bool, count: int, seed: int, **asked: Any) -> None:
    """Choose tiles and write their ids, sorted.

    The same options choose the same tiles, and with a larger --count these and others.
    """
    from eo_ingest.errors import ConfigError
    from eo_ingest.runtime import sampling

    chosen = sampling.chosen(sampling.Ask(**asked), count, seed)
    ids = chosen.ids().to_pylist()
    if out is not None:
        try:
            out.write_text("".join(f"{one}\n" for one in ids), encoding="utf-8")
        except OSError as err:
            raise ConfigError(f"cannot write {out}: {err.strerror or err}") from err
    if as_json:
        click.echo(json.dumps({"out": str(out) if out else None, "grid": chosen.grid.name, "tiles": ids}))
    elif out is None:
        click.echo("\n".join(ids))
    else:
        click.echo(f"{out}: {len(ids):,} tiles of grid {chosen.grid.name}")
