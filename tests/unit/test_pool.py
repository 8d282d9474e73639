"""Threads of a source that is closed: what they are asked for then is cancelled, and nothing else is taken for that."""

from concurrent.futures import CancelledError
from threading import Event, Thread

import pytest

from eo_ingest.sources.pool import Pool


@pytest.mark.parametrize("ask", [lambda pool: pool.submit(int), lambda pool: list(pool.map(int, "12"))])
def test_what_is_asked_of_a_closed_pool_is_cancelled(ask):
    pool = Pool(1)
    pool.shutdown()
    with pytest.raises(CancelledError):
        ask(pool)


def test_what_waits_is_cancelled_when_it_closes():
    going = Event()
    pool = Pool(1)
    first, second = pool.submit(going.wait, 30), pool.submit(int)
    pool.shutdown(wait=False, cancel_futures=True)
    going.set()
    assert first.result(30)
    with pytest.raises(CancelledError):
        second.result(30)


def test_a_thread_that_cannot_start_is_another_matter(monkeypatch):
    def fail(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", fail)
    with Pool(1) as pool, pytest.raises(RuntimeError, match="can't start"):
        pool.submit(int)
