"""Progress on stderr: of a run (tiles, tiles per second, bytes, the time that is left), and of what only counts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress
from rich.text import Text

from eo_ingest.cli.text import count, size

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from rich.progress import Task

    from eo_ingest.ingest import Outcome
    from eo_ingest.job import Job
    from eo_ingest.plan import Plan

_EVERY_S = 60.0


class _Speed(ProgressColumn):
    """Tiles per second since the start."""

    def render(self, task: Task) -> Text:
        elapsed = task.elapsed or 0.0
        speed = task.completed / elapsed if elapsed > 0 else 0.0
        return Text(f"{speed:.2f} tiles/s")


class Progress:
    """Shows a run on stderr: a bar on a terminal, elsewhere a line at its start and each minute, nothing if quiet.

    A tile counts once per product and period. Lines are printed as jobs end: none while all are waiting.
    """

    def __init__(
        self, *, quiet: bool, console: Console | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = console or Console(stderr=True, quiet=quiet)
        self._clock = clock
        self._name = ""
        self._total = 0
        self._tiles = 0
        self._started = self._told = clock()
        self._bar = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Speed(),
            TextColumn("{task.fields[stored]}"),
            TimeRemainingColumn(elapsed_when_finished=True),
            TextColumn("{task.fields[failed]}"),
            console=self._console,
            disable=quiet or not self._console.is_terminal,
        )
        self._task = self._bar.add_task("tiles", total=None, stored="", failed="", visible=False)
        self._stored = 0
        self._failed = 0

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def start(self, plan: Plan, jobs: list[Job]) -> None:
        """Show how much is ahead."""
        self._name = plan.aoi.name
        self._total = sum(job.tiles.bit_count() for job in jobs)
        self._started = self._told = self._clock()
        if jobs:
            self._line(f"{count(len(jobs), 'job')}, {count(self._total, 'tile')}")
        self._bar.update(self._task, total=self._total, visible=bool(jobs), description=self._name)

    def advance(self, outcome: Outcome) -> None:
        """Count one job's tiles."""
        record = outcome.record
        self._tiles += len(record.tiles)
        self._stored += sum(record.objects.values())
        self._failed += record.status == "failed"
        self._bar.update(
            self._task,
            advance=len(record.tiles),
            stored=size(self._stored),
            failed=f"[red]{self._failed} failed" if self._failed else "",
        )
        now = self._clock()
        if now - self._told >= _EVERY_S:
            self._told = now
            speed = self._tiles / (now - self._started)
            self._line(
                f"{self._tiles:,} of {count(self._total, 'tile')}, {speed:.2f} tiles/s, {size(self._stored)} stored, "
                f"{count(self._failed, 'job')} failed"
            )

    def _line(self, text: str) -> None:
        if not self._console.is_terminal:
            self._console.print(f"{self._name}: {text}", markup=False, highlight=False, soft_wrap=True)


class _Count(ProgressColumn):
    """How many so far."""

    def render(self, task: Task) -> Text:
        return Text(count(int(task.completed), task.fields["noun"]))


class Counter:
    """Shows on a terminal's stderr that something of unknown length goes on, and how far it is; leaves no trace."""

    def __init__(self, what: str, noun: str, *, quiet: bool, console: Console | None = None) -> None:
        console = console or Console(stderr=True, quiet=quiet)
        self._bar = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            _Count(),
            TimeElapsedColumn(),
            console=console,
            disable=quiet or not console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task(what, total=None, noun=noun)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def advance(self) -> None:
        """Count one."""
        self._bar.advance(self._task)
