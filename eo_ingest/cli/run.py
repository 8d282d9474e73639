"""`plan` and `tile`."""

from __future__ import annotations

import functools
import json
import sys
from typing import TYPE_CHECKING, Any

import click

from eo_ingest.cli import tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from eo_ingest.config import RunConfig
    from eo_ingest.job import Job
    from eo_ingest.plan import Plan


def _listed(_ctx: click.Context, _param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...] | None:
    """Options that may be repeated or hold commas; None where not given, which is not the same as given and empty."""
    parts = [[name.strip() for name in part.split(",") if name.strip()] for part in value]
    if not all(parts):
        raise click.BadParameter("it is empty; leave the option out to get its default")
    return tuple(name for part in parts for name in part) or None


def _pairs(_ctx: click.Context, _param: click.Parameter, value: tuple[str, ...]) -> dict[str, str]:
    """Options of the form NAME=WHERE."""
    pairs = [part.partition("=") for part in value]
    for name, _, where in pairs:
        if not (name.strip() and where.strip()):
            raise click.BadParameter("expected PRODUCT=WHERE, such as coherence=/data/gssic")
    return {name.strip(): where.strip() for name, _, where in pairs}


def _periods(_ctx: click.Context, _param: click.Parameter, value: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Periods by product, those of all under the empty name: `2020`, or `s2=2019,2020` of s2 alone."""
    found: dict[str, tuple[str, ...]] = {}
    for part in value:
        words = [word.strip() for word in part.split(",") if word.strip()]
        if not words:
            raise click.BadParameter("it is empty; leave the option out to get its default")
        name = ""
        for word in words:
            before, equals, period = (text.strip() for text in word.rpartition("="))
            if not period or (equals and not before):
                raise click.BadParameter(f"{word!r}: expected a period such as 2020, or PRODUCT=PERIOD")
            name = before or name
            found[name] = (*found.get(name, ()), period)
    return found


def _ids(_ctx: click.Context, _param: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    """The ids in a file, one a line; blank lines and what follows # do not count."""
    if value is None:
        return None
    try:
        with open(value, encoding="utf-8") as file:  # noqa: PTH123 - pathlib is heavy
            ids = tuple(dict.fromkeys(word for line in file if (word := line.partition("#")[0].strip())))
    except (OSError, ValueError) as err:
        raise click.BadParameter(f"cannot read {value!r}: {getattr(err, 'strerror', None) or err}") from err
    if not ids:
        raise click.BadParameter(f"{value!r} has no id in it: expected one a line, as `eo-ingest sample` writes them")
    return ids


def _verbose(ctx: click.Context, _param: click.Parameter, value: int) -> None:
    """`-v` after the command, on top of those before it."""
    if value:
        tell(value + (ctx.parent.params.get("verbose", 0) if ctx.parent else 0))


def _what(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say what to make."""
    options = [
        click.option(
            "--recipe", help="A published dataset's shape; `recipe list` names them. Other options go before."
        ),
        click.option(
            "--aoi",
            help="A name of `aoi list`, a country such as iso:LUX, a file, or west,south,east,north in degrees.  "
            "[default: all chips, with a grid of chips]",
        ),
        click.option("--grid", help="A name of `grid list`, or a TOML file that defines a grid.  [default: utm]"),
        click.option(
            "--products",
            multiple=True,
            callback=_listed,
            help="Products, comma-separated: names of `product list`, and product files (.toml, .py).  "
            "[default: s1grd, s2, s2-20m, worldcover]",
        ),
        click.option(
            "--period",
            "periods",
            multiple=True,
            callback=_periods,
            metavar="[PRODUCT=]PERIOD",
            help="Periods such as 2020 (2019-12-01 to 2020-12-01), of all products or of one.  "
            "[default: each product's own]",
        ),
        click.option(
            "--clouds", type=click.Choice(["scl", "qa60"]), help="Tell clouds otherwise than by Cloud Score+."
        ),
        click.option(
            "--orbit", type=click.Choice(["most"]), help="One relative orbit per tile and pass: that with most scenes."
        ),
        click.option("--trust-code", is_flag=True, help="Run product files that are programs (.py)."),
        click.option(
            "--archive",
            "archives",
            multiple=True,
            callback=_pairs,
            metavar="PRODUCT=WHERE",
            help="Take a product from its files instead of Earth Engine: a folder, or an http, s3 or gs address.",
        ),
        click.option(
            "--tiles", callback=_ids, metavar="FILE", help="Only the area's tiles whose ids are in this file."
        ),
        click.option("--limit", type=click.IntRange(min=1), help="Only the first so many blocks."),
        click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, to stdout."),
    ]
    return functools.reduce(lambda made, option: option(made), reversed(options), command)


def _config(store: str, periods: dict[str, tuple[str, ...]], **values: Any) -> RunConfig:
    """The configuration of a command's options.

    Raises:
        ConfigError: names the first value that does not fit.
    """
    from eo_ingest.config import RunConfig

    own_area = values["recipe"] is not None or str(values["grid"]).endswith(".toml")
    if values["aoi"] is None and not own_area:
        raise click.MissingParameter(param_hint="'--aoi'", param_type="option")
    of_all = periods.pop("", None)
    return RunConfig.of(**values, store=store, periods=of_all, product_periods=periods)


@click.command(short_help="Tiles, blocks, jobs, requests and bytes of a run.")
@_what
def plan(as_json: bool, **values: Any) -> None:
    """Tell what a run amounts to, without a network: tiles, blocks, jobs, and per product requests and bytes."""
    from eo_ingest import runtime
    from eo_ingest.cli.text import count, size, table

    config = _config(runtime.NOWHERE, **values)
    resolved = runtime.resolve(config)
    _tell_notes(config, resolved)
    summary = resolved.summary()
    if as_json:
        click.echo(json.dumps(summary))
        return
    tiles = f"{count(summary['tiles'], 'tile')} in {count(summary['blocks'], 'block')}"
    click.echo(f"{summary['aoi']} on {summary['grid']}: {tiles}, {count(summary['jobs'], 'job')}")
    rows = [(name, f"{p['jobs']:,}", f"{p['requests']:,}", size(p["bytes"])) for name, p in summary["products"].items()]
    click.echo(table(("product", "jobs", "requests", "pixels fetched"), rows))


@click.command(short_help="Make the tiles of an AOI.")
@_what
@click.option("--store", required=True, help="The store's folder; made if it is not there.")
@click.option(
    "--source",
    type=click.Choice(["earthengine", "emulator"]),
    default="earthengine",
    show_default=True,
    help="Earth Engine, or a synthetic one on this machine.",
)
@click.option("--assets", help="With --source emulator: a folder of rasters to serve under Earth Engine ids.")
@click.option("--workers", type=click.IntRange(1, 40), default=8, show_default=True, help="Requests in flight.")
@click.option(
    "-v",
    "--verbose",
    count=True,
    expose_value=False,
    callback=_verbose,
    help="Tell more on stderr; twice for everything.",
)
def tile(as_json: bool, **values: Any) -> None:
    """Make the tiles of an AOI in a store. What is done already is not asked for again, so run it again after any stop.

    Exit code 0: all done; 1: some jobs failed (their reasons are recorded); 2: not possible as asked.
    """
    from eo_ingest import runtime
    from eo_ingest.cli.progress import Progress

    config = _config(**values)
    with Progress(quiet=as_json) as progress:

        def planned(resolved: Plan, jobs: list[Job]) -> None:
            _tell_notes(config, resolved)
            progress.start(resolved, jobs)

        run = runtime.tile(config, on_plan=planned, on_done=progress.advance)
    if as_json:
        click.echo(json.dumps(run.as_json()))
    else:
        _report(run, config)
    if run.totals.jobs["failed"]:
        sys.exit(1)


def _tell_notes(config: RunConfig, plan: Plan) -> None:
    from eo_ingest import runtime

    for note in runtime.notes(config, plan):
        click.echo(f"note: {note}", err=True)


def _report(run: Any, config: RunConfig) -> None:
    from eo_ingest.cli.text import count, seconds, size

    totals = run.totals
    if not totals.jobs["done"] + totals.jobs["failed"]:
        click.echo(f"nothing to do: all {count(totals.jobs['kept'], 'job')} of {config.aoi} are done in {config.store}")
        return
    were = "was" if totals.jobs["kept"] == 1 else "were"
    kept = f", {count(totals.jobs['kept'], 'job')} {were} done before" if totals.jobs["kept"] else ""
    click.echo(
        f"{count(totals.jobs['done'], 'job')} done in {seconds(run.seconds)}{kept}: tiles {totals.tiles['ok']:,} ok, "
        f"{totals.tiles['empty']:,} empty; {count(totals.requests, 'request')}, {size(totals.payload)} fetched, "
        f"{size(totals.stored)} stored in {config.store}"
    )
    for failure in totals.failures[:20]:
        click.echo(f"failed: {failure['job']}: {failure['reason']}", err=True)
    if totals.failures:
        click.echo(
            f"{count(len(totals.failures), 'job')} failed; the reasons are in the store's records. "
            "Run the same command again: only these are tried",
            err=True,
        )
