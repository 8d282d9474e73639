"""The progress bar of a run: tiles, tiles per second, bytes, and the time that is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress
from rich.text import Text

from eo_ingest.cli.text import count, size

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Task

    from eo_ingest.ingest import Outcome
    from eo_ingest.job import Job
    from eo_ingest.plan import Plan


class _Speed(ProgressColumn):
    """Tiles per second since the start."""

    def render(self, task: Task) -> Text:
        elapsed = task.elapsed or 0.0
        speed = task.completed / elapsed if elapsed > 0 else 0.0
        return Text(f"{speed:.2f} tiles/s")


class Progress:
    """Shows a run on stderr: a bar on a terminal, one line at its start elsewhere, nothing if quiet.

    A tile counts once per product and period.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._console = Console(stderr=True, quiet=quiet)
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
        total = sum(job.tiles.bit_count() for job in jobs)
        if jobs and not self._console.is_terminal:
            self._console.print(f"{plan.aoi.name}: {count(len(jobs), 'job')}, {count(total, 'tile')}", highlight=False)
        self._bar.update(self._task, total=total, visible=bool(jobs), description=plan.aoi.name)

    def advance(self, outcome: Outcome) -> None:
        """Count one job's tiles."""
        record = outcome.record
        self._stored += sum(record.objects.values())
        self._failed += record.status == "failed"
        self._bar.update(
            self._task,
            advance=len(record.tiles),
            stored=size(self._stored),
            failed=f"[red]{self._failed} failed" if self._failed else "",
        )
