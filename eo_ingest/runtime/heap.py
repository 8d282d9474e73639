"""One heap for all threads, so that memory stays flat."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_M_ARENA_MAX = -8  # from glibc's malloc.h


def share() -> None:
    """Have glibc keep one heap for the threads that are yet to start.

    By default each thread gets a heap of its own, which holds on to what its large arrays leave behind: twice the
    memory for the same work, at the same speed. Other C libraries do not know the setting and do not need it.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
