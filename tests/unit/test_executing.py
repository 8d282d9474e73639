"""How many jobs are under way at once, and what ends a run early."""

import threading

import pytest

from eo_ingest import products, runtime
from eo_ingest.errors import SourceError
from eo_ingest.grid import Block
from eo_ingest.ingest import Task
from eo_ingest.job import Job
from eo_ingest.runtime import executing
from eo_ingest.runtime.routing import Sources
from eo_ingest.stores.memory import MemoryStore
from tests_support import FakeSource, refusal


def tasks(product, count, tiles=0x0001):
    p = products.get(product)
    frames = 1 if p.cadence == "calendar-year" else 4
    return [Task(Job(product, "2020", Block("utm32n", 200 + i, 16), tiles), p, frames, "f" * 64) for i in range(count)]


class Counting(FakeSource):
    """Counts the jobs that are under way at once."""

    def __init__(self):
        super().__init__()
        self.now = self.most = 0
        self.guard = threading.Lock()

    def fetch(self, job):
        with self.guard:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            return super().fetch(job)
        finally:
            with self.guard:
                self.now -= 1


def test_a_whole_block_of_radar_takes_a_third_of_a_gigabyte():
    (task,) = tasks("s1grd", 1, 0xFFFF)
    assert task.memory == 2 * 4 * (4 + 2) * 2 * 1792**2


def test_pixels_in_memory_are_bounded(monkeypatch):
    work = tasks("worldcover", 12)
    monkeypatch.setattr(executing, "PIXELS_IN_MEMORY", 3 * work[0].memory)
    source = Counting()
    totals = executing.execute(work, sources=Sources(source), store=MemoryStore(), run="r")
    assert totals.jobs["done"] == 12
    assert source.most <= 3


def test_a_job_larger_than_the_bound_is_done_alone(monkeypatch):
    monkeypatch.setattr(executing, "PIXELS_IN_MEMORY", 1)
    source = Counting()
    assert (
        executing.execute(tasks("worldcover", 3), sources=Sources(source), store=MemoryStore(), run="r").jobs["done"]
        == 3
    )
    assert source.most == 1


def test_small_jobs_fill_the_requests_in_flight():
    """Sixteen small jobs wait for each other: that ends only if they are under way at once."""
    source = Counting()
    meet = threading.Barrier(16, timeout=30)
    source.before = lambda _job: meet.wait()
    assert (
        executing.execute(tasks("worldcover", 16), sources=Sources(source), store=MemoryStore(), run="r").jobs["done"]
        == 16
    )
    assert source.most == 16


def test_credentials_that_end_stop_the_run():
    work = tasks("worldcover", 200)
    source = FakeSource()
    source.broken = {work[5].job.key: refusal("auth: Request had invalid authentication credentials.")}
    with pytest.raises(SourceError, match=r"auth: .* the run stops here"):
        executing.execute(work, sources=Sources(source), store=MemoryStore(), run="r")
    assert source.calls.total() < 100


def test_nothing_to_do_is_done():
    assert executing.execute([], sources=Sources(FakeSource()), store=MemoryStore(), run="r") == runtime.Totals()
