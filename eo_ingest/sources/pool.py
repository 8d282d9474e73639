"""Threads of a source that may be closed while others still ask it for work."""

from __future__ import annotations

from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

P = ParamSpec("P")
T = TypeVar("T")


class Pool(ThreadPoolExecutor):
    """Threads whose work is cancelled once they are shut down, whether it was asked for before or is asked for now."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """See `Executor.submit`; `map` asks here too.

        Raises:
            CancelledError: if the pool, or the interpreter, is shutting down.
        """
        try:
            return super().submit(fn, *args, **kwargs)
        except RuntimeError as err:
            if "cannot schedule new futures" not in str(err):  # such as: no thread can be started
                raise
            raise CancelledError from err
