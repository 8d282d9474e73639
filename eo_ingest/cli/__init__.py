"""The command line. Data go to stdout, talk and progress to stderr; exit 0 done, 1 some jobs failed, 2 bad request."""

from __future__ import annotations

import logging
import os
import signal
import sys
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, NoReturn

import click

import eo_ingest
from eo_ingest.errors import ConfigError, EoIngestError

if TYPE_CHECKING:
    from types import FrameType

# Command → where it is and its line in the help: no command's module is imported for `--help`.
_COMMANDS = {
    "plan": ("eo_ingest.cli.run:plan", "Tiles, blocks, jobs, requests and bytes of a run, without a network."),
    "tile": ("eo_ingest.cli.run:tile", "Make the tiles of an AOI: what is done already is not asked for again."),
    "status": ("eo_ingest.cli.store:status", "What a store has of what was asked of it."),
    "verify": ("eo_ingest.cli.store:verify", "Hold every byte of a store against its records and products."),
    "preview": ("eo_ingest.cli.store:preview", "Draw what a store has as a contact sheet (PNG)."),
    "aoi": ("eo_ingest.cli.aoi:aoi", "List, show and map areas of interest."),
    "grid": ("eo_ingest.cli.grid:grid", "List, show and audit grids, and write their tiles."),
    "product": ("eo_ingest.cli.product:product", "List and show products, and check one of your own."),
    "recipe": ("eo_ingest.cli.recipe:recipe", "List and show recipes: published datasets as one option."),
    "split": ("eo_ingest.cli.split:split", "Part tiles for training and testing, apart from each other."),
    "sample": ("eo_ingest.cli.sample:sample", "Choose some tiles: uniformly, or alike from groups."),
    "proportions": ("eo_ingest.cli.proportion:proportions", "How much of each class tiles and polygons have."),
    "emulator": ("eo_ingest.cli.emulator:emulator", "Serve the Earth Engine emulator on this machine."),
}
_PLUGINS = "eo_ingest.commands"
EXIT_INTERRUPTED = 130


class _Lazy(click.Group):
    """A group that imports a command's module only when the command runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return [*_COMMANDS, *(point.name for point in entry_points(group=_PLUGINS))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name in _COMMANDS:
            module, _, name = _COMMANDS[cmd_name][0].partition(":")
            command: click.Command = getattr(import_module(module), name)
            return command
        for point in entry_points(group=_PLUGINS, name=cmd_name):
            plugin: click.Command = point.load()
            return plugin
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        rows = [(name, line) for name, (_, line) in _COMMANDS.items()]
        rows += [
            (point.name, "Run all deployments from one process (Prefect).") for point in entry_points(group=_PLUGINS)
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(eo_ingest.__version__, prog_name="eo-ingest")
@click.option("-v", "--verbose", count=True, help="Tell more on stderr; twice for everything.")
def cli(verbose: int) -> None:
    """Turn Earth Engine and open radar archives into aligned, ML-ready Zarr tiles of whole continents.

    Try it without an account:  eo-ingest tile --aoi demo --source emulator --store demo.zarr
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s", stream=sys.stderr)
    tell(verbose)
    signal.signal(signal.SIGTERM, _terminated)


def tell(verbose: int) -> None:
    """Log as much as was asked for by so many `-v`."""
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    logging.getLogger("eo_ingest").setLevel(level)
    # The client warns of every retry that is its own business; failures reach the user as ours.
    logging.getLogger("googleapiclient").setLevel(logging.CRITICAL if not verbose else logging.WARNING)


def main() -> NoReturn:
    """Run the command line, and turn errors into one sentence and an exit code."""
    try:
        code = cli.main(standalone_mode=False)
    except SystemExit as exit_:
        code = exit_.code
    except click.exceptions.Exit as exit_:
        code = exit_.exit_code
    except click.ClickException as err:
        err.show()
        code = 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted: what is done is kept; run the same command again to go on", err=True)
        _leave(EXIT_INTERRUPTED)
    except BrokenPipeError:
        _leave(1)
    except EoIngestError as err:
        click.echo(f"error: {err}", err=True)
        code = 2 if isinstance(err, ConfigError) else 1
    _leave(code if isinstance(code, int) else 0)


def _leave(code: int) -> NoReturn:
    """Exit at once, without the interpreter's own end. All that matters is on disk by now.

    Requests under way would keep that end waiting for minutes, and libraries with threads of their own now and then
    abort in it, after all was done well.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            code = code or 1
    os._exit(code)


def _terminated(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
