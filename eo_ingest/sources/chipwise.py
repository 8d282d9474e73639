"""Chips one by one: a stack of chips is fetched as so many blocks of one chip, each where it lies, from any source."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from eo_ingest.errors import EoIngestError
from eo_ingest.grid import Block
from eo_ingest.job import Job, tiles_of
from eo_ingest.ports import Fetched

if TYPE_CHECKING:
    from eo_ingest.ports import Source

_AT_ONCE = 8  # chips of one job; the source bounds its requests


class ChipwiseSource:
    """A source for jobs of several chips, made of one for jobs of a single chip.

    What a product decides by place, such as one orbit for a tile or the scenes behind it, is decided for each chip.
    """

    def __init__(self, single: Source) -> None:
        self._single = single

    @property
    def name(self) -> str:
        """See `Source.name`."""
        return self._single.name

    @property
    def synthetic(self) -> bool:
        """See `Source.synthetic`."""
        return self._single.synthetic

    def fetch(self, job: Job) -> Fetched:
        """See `Source.fetch`. One chip that fails fails the job, with its id before the reason."""
        numbers = tiles_of(job.tiles)
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="chip") as pool:
            flying = {number: pool.submit(self._one, job, number) for number in numbers}
            try:
                parts = {number: future.result() for number, future in flying.items()}
            except BaseException:
                for future in flying.values():
                    future.cancel()
                raise
        return _together(parts)

    def close(self) -> None:
        """See `Source.close`."""
        self._single.close()

    def _one(self, job: Job, number: int) -> Fetched:
        chip = job.block.tile(number)
        block = Block(chip.zone, chip.row, 0, 1, stacked=True)
        try:
            return self._single.fetch(Job(job.product, job.period, block, 1))
        except EoIngestError as err:
            raise type(err)(f"{err} (chip {chip.id})") from err


def _together(parts: dict[int, Fetched]) -> Fetched:
    scenes: dict[str, dict[str, dict[str, Any]]] = {}
    for part in parts.values():
        for frame, rows in part.scenes.items():
            scenes.setdefault(frame, {}).update({repr(sorted(row.items(), key=str)): row for row in rows})
    metered = [part.eecu_seconds for part in parts.values() if part.eecu_seconds is not None]
    return Fetched(
        tiles={number: part.tiles[0] for number, part in parts.items()},
        scenes={frame: [rows[key] for key in sorted(rows)] for frame, rows in scenes.items()},
        requests=sum(part.requests for part in parts.values()),
        payload=sum(part.payload for part in parts.values()),
        retries=sum(part.retries for part in parts.values()),
        eecu_seconds=sum(metered) if metered else None,
    )


_: type[Source] = ChipwiseSource
