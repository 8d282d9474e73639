"""Records: what was done, job by job. The record is the truth; nothing else says that a job is done.

A record's key tells its job, its status, its tiles and its fingerprint, so that a listing of keys answers what is
done, stale, failed or missing. Its contents tell where every pixel came from.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from eo_ingest.errors import ConfigError, OutputError
from eo_ingest.job import ALL_TILES, Job, tiles_of
from eo_ingest.stores import layout

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eo_ingest.ports import Store

JobStatus = Literal["done", "stale", "failed", "missing"]
TileStatus = Literal["ok", "empty", "failed"]
# `begun` notes which tiles a block had while a stale job is made anew; it tells of no pixel.
RecordStatus = Literal["done", "failed", "begun"]

_SHORT = 16
_NAME = re.compile(
    r"(?P<block>[^/.]+)\.(?P<status>done|failed|begun)-(?P<tiles>[0-9a-f]{4})-(?P<fingerprint>[0-9a-f]{16})\.json"
)


@dataclass(frozen=True, slots=True)
class RecordName:
    """What a record's key says."""

    key: str
    product: str
    period: str
    zone: str
    block: str
    status: RecordStatus
    tiles: int
    fingerprint: str

    @classmethod
    def parse(cls, key: str) -> Self | None:
        """Read a key; None if it is not a record's."""
        parts = key.split("/")
        match = _NAME.fullmatch(parts[-1])
        if match is None or len(parts) != 5 or parts[0] != layout.MANIFEST:
            return None
        status = next(known for known in get_args(RecordStatus) if known == match["status"])
        _, product, period, zone, _ = parts
        return cls(key, product, period, zone, match["block"], status, int(match["tiles"], 16), match["fingerprint"])


class Strict(BaseModel):
    """JSON with known fields only."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TileRecord(Strict):
    """One tile: its status, the fraction of valid values, and the SHA-256 of its stored chunk per variable.

    A digest of None means that the tile is nodata throughout, which Zarr stores by leaving the chunk out.
    """

    status: TileStatus
    valid: float | None = None
    digests: dict[str, str | None] = {}
    reason: str | None = None


class Record(Strict):
    """One job as it ended. `digest` is the SHA-256 of the record itself without that field."""

    version: Literal[1] = 1
    product: str
    period: str
    zone: str
    block: str
    status: RecordStatus
    tiles: dict[str, TileRecord]
    mask: int
    fingerprint: str
    objects: dict[str, int] = {}
    scenes: dict[str, list[dict[str, Any]]] = {}
    source: str
    synthetic: bool
    run: str
    requests: int = 0
    payload: int = 0
    retries: int = 0
    eecu_seconds: float | None = None
    versions: dict[str, str] = {}
    started: str
    finished: str
    digest: str = ""

    @property
    def key(self) -> str:
        """Where the record belongs."""
        name = f"{self.block}.{self.status}-{self.mask:04x}-{self.fingerprint[:_SHORT]}.json"
        return f"{layout.records(self.product, self.period)}/{self.zone}/{name}"

    def dump(self) -> bytes:
        """The record as JSON, with its own digest."""
        body = self.model_dump(mode="json", exclude={"digest"})
        return _json({**body, "digest": _digest(body)})

    @classmethod
    def load(cls, data: bytes) -> Self:
        """Read what `dump` wrote.

        Raises:
            OutputError: if it is not a record, or not the one that was written.
        """
        try:
            body = json.loads(data)
            record = cls.model_validate(body)
        except ValidationError as err:
            first = err.errors()[0]
            raise OutputError(f"not a record: {'.'.join(map(str, first['loc']))}: {first['msg']}") from err
        except ValueError as err:
            raise OutputError(f"not a record: {err}") from err
        # The bytes themselves are held against the digest, not what this version would write.
        if _json(body) != data or body.pop("digest") != _digest(body):
            raise OutputError("the record does not match its own digest")
        return record


def sha256(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def scan(store: Store, product: str, period: str) -> Ledger:
    """The records of a product in a period, from one listing of keys."""
    return Ledger.read(store, f"{layout.records(product, period)}/")


def of_block(store: Store, job: Job) -> list[RecordName]:
    """The records of one job's block."""
    prefix = f"{layout.records(job.product, job.period)}/{job.block.zone}/{job.block.id}."
    return [name for key, _ in store.listing(prefix) if (name := RecordName.parse(key))]


@dataclass(frozen=True)
class Ledger:
    """Record names by block id."""

    names: dict[str, list[RecordName]]

    @classmethod
    def read(cls, store: Store, prefix: str) -> Self:
        """List the records below a prefix."""
        names: defaultdict[str, list[RecordName]] = defaultdict(list)
        for key, _ in store.listing(prefix):
            name = RecordName.parse(key)
            if name:
                names[name.block].append(name)
        return cls(dict(names))

    def series(self) -> Iterable[list[RecordName]]:
        """The names of each product, period and block together."""
        found: defaultdict[tuple[str, str, str], list[RecordName]] = defaultdict(list)
        for names in self.names.values():
            for name in names:
                found[name.product, name.period, name.block].append(name)
        return found.values()

    def status(self, job: Job, fingerprint: str) -> JobStatus:
        """How a job stands against the fingerprint that it would get now."""
        return status(self.names.get(job.block.id, []), job.tiles, fingerprint)


def standing(names: Iterable[RecordName], fingerprint: str) -> RecordName | None:
    """The done record of this fingerprint that holds the most tiles."""
    done = [n for n in names if n.status == "done" and n.fingerprint == fingerprint[:_SHORT]]
    return max(done, key=lambda n: (n.tiles.bit_count(), n.tiles), default=None)


def stale(names: Iterable[RecordName], fingerprint: str) -> list[RecordName]:
    """Records of other fingerprints."""
    return [n for n in names if n.fingerprint != fingerprint[:_SHORT]]


def superseded(names: Iterable[RecordName]) -> list[RecordName]:
    """Records of one block whose tiles all stand in another done record of the same fingerprint.

    A crash between the new record and the removal of the old one leaves such; they are true, and told already.
    """
    found = list(names)
    return [
        n
        for n in found
        if any(
            other.key != n.key
            and other.status == "done"
            and other.fingerprint == n.fingerprint
            and n.tiles & ~other.tiles == 0
            for other in found
        )
    ]


def status(names: list[RecordName], tiles: int, fingerprint: str) -> JobStatus:
    """How a job stands: `tiles` are wanted, `names` are its block's records."""
    held = standing(names, fingerprint)
    if held and tiles & ~held.tiles == 0:
        return "done"
    if any(n.status == "failed" and n.fingerprint == fingerprint[:_SHORT] for n in names):
        return "failed"
    if any(n.status == "done" for n in stale(names, fingerprint)):
        return "stale"
    return "missing"


def job_of(name: RecordName) -> Job:
    """The job of a record's key.

    Raises:
        ConfigError: if the key contradicts itself.
    """
    return Job.parse(f"{name.product}/{name.period}/{name.zone}/{name.block}:{name.tiles:04x}")


def read(store: Store, name: RecordName) -> Record:
    """A record's contents, held against its key.

    Raises:
        OutputError: if it is damaged or is not the record of that key.
    """
    try:
        record = Record.load(store.get(name.key))
        job = job_of(name)
    except KeyError:
        raise OutputError("the record vanished") from None
    except ConfigError as err:
        raise OutputError(f"the record's key is wrong: {err}") from err
    if record.key != name.key:
        raise OutputError(f"the record says that its key is {record.key!r}")
    told = 0 if record.status == "begun" else record.mask & ALL_TILES
    expected = {job.block.tile(i).id for i in tiles_of(told)}
    if set(record.tiles) != expected:
        raise OutputError("the record's tiles are not those of its mask")
    return record


def _digest(body: dict[str, Any]) -> str:
    return sha256(json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())


def _json(body: dict[str, Any]) -> bytes:
    return (json.dumps(body, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
