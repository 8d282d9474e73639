"""Split files: a table of tiles and splits with a header that says what they are of. Equal splits are equal bytes."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.errors import ConfigError
from eo_ingest.split.parting import NONE, Parting
from eo_ingest.split.share import GUARD
from eo_ingest.split.tiles import Tiles

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa

    from eo_ingest.grid import Grid
    from eo_ingest.split.rule import Rule

FORMAT = 1
_MAGIC = b"# eo-ingest split\n"
_KEYS = {"aoi", "format", "grid", "rule", "sha256", "tiles"}


@dataclass(frozen=True, eq=False)
class Frozen:
    """A split file as it was read: its header, and the tiles with their splits."""

    header: dict[str, Any]
    parting: Parting


def freeze(parting: Parting, rule: Rule, aoi: Mapping[str, str]) -> bytes:
    """The bytes of a split file: a line that says what it is, one of JSON, and a table `id,split`.

    Args:
        parting: tiles with their splits.
        rule: what they were parted by.
        aoi: name and digest of the area.
    """
    body = _table(parting)
    grid = parting.tiles.grid
    header = {
        "format": FORMAT,
        "grid": {"name": grid.name, "sha256": grid.digest},
        "aoi": dict(aoi),
        "rule": rule.as_json(),
        "tiles": parting.counts(),
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    return _MAGIC + f"# {json.dumps(header, sort_keys=True, ensure_ascii=True)}\n".encode() + body


def read(path: Path, grid: Grid) -> Frozen:
    """Read a split file, and hold it against the grid that it is wanted for.

    Raises:
        ConfigError: if it is none, was changed, or is of another grid.
    """
    header, body = _parts(path)
    if hashlib.sha256(body).hexdigest() != header["sha256"]:
        raise ConfigError(f"split file {path.name} was changed or cut short: its table is not the one that was frozen")
    if header["grid"]["sha256"] != grid.digest:
        other = header["grid"]["name"]
        which = f"grid {other!r}" if other != grid.name else f"another definition of grid {grid.name!r}"
        raise ConfigError(
            f"split file {path.name} is of {which} ({header['grid']['sha256'][:12]}…), not of grid {grid.name!r} "
            f"({grid.digest[:12]}…): its tiles are other places. Make a split on this grid"
        )
    return Frozen(header, _parting(path, header, body, grid))


def grid_name(path: Path) -> str:
    """The name of the grid that a split file is of.

    Raises:
        ConfigError: if it is no split file.
    """
    return str(_parts(path)[0]["grid"]["name"])


def _table(parting: Parting) -> bytes:
    import pyarrow as pa
    import pyarrow.compute as pc

    names = pa.array([*parting.names, GUARD], pa.string())
    splits = pa.DictionaryArray.from_arrays(
        pa.array(np.where(parting.splits < 0, len(parting.names), parting.splits).astype(np.int32)), names
    ).cast(pa.string())
    columns = {"id": parting.tiles.ids(), "split": splits}
    if (chips := parting.tiles.chips()) is not None:
        columns["chip"] = pc.binary_join_element_wise('"', pc.replace_substring(chips, '"', '""'), '"', "")
    lines = pc.binary_join_element_wise(*columns.values(), ",")
    return (",".join(columns) + "\n").encode() + _joined(pc.binary_join_element_wise(lines, pa.scalar("\n"), ""))


def _joined(lines: pa.Array | pa.ChunkedArray) -> bytes:
    import pyarrow as pa

    chunks = lines.chunks if isinstance(lines, pa.ChunkedArray) else [lines]
    return b"".join(_characters(chunk) for chunk in chunks)


def _characters(texts: pa.Array) -> bytes:
    """All characters of an array of texts, one text after the other."""
    import pyarrow as pa

    ends = np.frombuffer(texts.buffers()[1], dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return pa.py_buffer(texts.buffers()[2])[int(ends[0]) : int(ends[-1])].to_pybytes()  # type: ignore[no-any-return]


def _parts(path: Path) -> tuple[dict[str, Any], bytes]:
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as err:
        raise ConfigError(f"cannot read the split file {str(path)!r}: {getattr(err, 'strerror', None) or err}") from err
    told, _, body = data.removeprefix(_MAGIC).partition(b"\n")
    try:
        header = json.loads(told.removeprefix(b"# ")) if data.startswith(_MAGIC) else {}
    except ValueError:
        header = {}
    if not isinstance(header, dict) or not _is_header(header):
        raise ConfigError(f"{str(path)!r} is no split file: expected one that `eo-ingest split` made")
    if header["format"] != FORMAT:
        raise ConfigError(f"split file {path.name} is of format {header['format']!r}: this version reads {FORMAT}")
    return header, body


def _is_header(header: Mapping[str, Any]) -> bool:
    grid, rule = header.get("grid"), header.get("rule")
    if not (isinstance(grid, dict) and {"name", "sha256"} <= set(grid) and isinstance(rule, dict)):
        return False
    return set(header) == _KEYS and isinstance(rule.get("splits"), list)


def _parting(path: Path, header: Mapping[str, Any], body: bytes, grid: Grid) -> Parting:
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv

    names = tuple(map(str, header["rule"]["splits"]))
    try:
        columns = {"id": pa.string(), "split": pa.string()}
        options = csv.ConvertOptions(column_types=columns, include_columns=list(columns))
        table = csv.read_csv(io.BytesIO(body), convert_options=options)
    except (pa.ArrowException, KeyError) as err:
        raise ConfigError(f"split file {path.name} cannot be read: {err}") from err
    cells = pc.extract_regex(table["id"].combine_chunks(), r"^(?P<zone>.+)_(?P<row>\d{1,9})_(?P<col>\d{1,9})$")
    number = pc.index_in(table["split"].combine_chunks(), pa.array([*names, GUARD]))
    if number.null_count or cells.null_count or not len(number):
        raise ConfigError(f"split file {path.name} has a line that is no tile and split, or none at all")
    zones, rows, cols = (cells.field(name) for name in ("zone", "row", "col"))
    down, across = (pc.cast(values, pa.int32()).to_numpy() for values in (rows, cols))
    coded = zones.dictionary_encode()
    where = {zone: coded.indices.to_numpy() == place for place, zone in enumerate(coded.dictionary.to_pylist())}
    for zone in where:
        grid.zone(zone)
    tiles = Tiles.of(grid, {zone: (down[own], across[own]) for zone, own in where.items()})
    splits, values = np.empty(len(tiles), dtype=np.int32), number.to_numpy().astype(np.int32)
    for zone, own in where.items():
        splits[tiles.places(zone, down[own], across[own])] = values[own]
    return Parting(tiles, names, np.where(splits == len(names), NONE, splits).astype(np.int32))
