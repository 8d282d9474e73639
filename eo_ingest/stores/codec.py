"""Tiles as chunks and blocks as shards, byte for byte as Zarr v3 defines them.

A chunk is one tile of a variable, all frames and bands: little-endian bytes, compressed, with its CRC32C behind. A
shard is the chunks of one block in row-major order, then an index of (offset, length) pairs with its own CRC32C. We
write both ourselves so that a shard is one write of known bytes, and so that tiles which stand are carried over
without being decoded. `stores.metadata` tells Zarr the same codecs.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import google_crc32c
import numpy as np
from numcodecs.blosc import Blosc
from numcodecs.zstd import Zstd

from eo_ingest.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eo_ingest.product import Kind, Variable

ENCODING_VERSION = 1
BLOSC_LEVEL = 3
ZSTD_LEVEL = 3
TILES = 16  # in a block, unless its grid says otherwise
# Few distinct values in large areas: shuffling their bits would hide that.
PLAIN_KINDS = frozenset({"class", "id", "date"})
_ABSENT = 2**64 - 1
_CRC = struct.Struct("<I")


def encode(values: np.ndarray, variable: Variable) -> bytes | None:
    """One tile (frame, band, y, x) as a chunk; None where it is nodata throughout, which Zarr says by absence."""
    nodata = values.dtype.type(variable.nodata)
    if values.flat[0] == nodata and bool((values == nodata).all()):
        return None
    raw = np.ascontiguousarray(values, dtype=np.dtype(variable.dtype).newbyteorder("<"))
    packed = bytes(_compressor(variable.kind, raw.itemsize).encode(raw))
    return packed + _crc(packed)


def decode(chunk: bytes | None, variable: Variable, shape: tuple[int, ...]) -> np.ndarray:
    """What `encode` packed.

    Raises:
        OutputError: if the chunk is damaged or of another shape.
    """
    if chunk is None:
        return np.full(shape, variable.nodata, dtype=variable.dtype)
    if len(chunk) < _CRC.size or _crc(chunk[: -_CRC.size]) != chunk[-_CRC.size :]:
        raise OutputError(f"a chunk of variable {variable.name!r} does not match its checksum")
    dtype = np.dtype(variable.dtype).newbyteorder("<")
    try:
        raw = _compressor(variable.kind, dtype.itemsize).decode(chunk[: -_CRC.size])
        values = np.frombuffer(raw, dtype=dtype).reshape(shape)
    except (RuntimeError, ValueError) as err:
        raise OutputError(f"a chunk of variable {variable.name!r} does not decode to {shape}: {err}") from err
    return values.astype(variable.dtype, copy=False)


def pack(chunks: Mapping[int, bytes | None], tiles: int = TILES) -> bytes | None:
    """The chunks of a block of so many tiles (by tile index) as one shard; None where there is no chunk at all."""
    pieces = parts(chunks, tiles)
    return b"".join(pieces) if pieces else None


def parts(chunks: Mapping[int, bytes | None], tiles: int = TILES) -> list[bytes]:
    """What `pack` gives, in pieces to be written one after the other; none where there is no chunk at all."""
    pairs = [_ABSENT] * (2 * tiles)
    body: list[bytes] = []
    offset = 0
    for tile in range(tiles):
        chunk = chunks.get(tile)
        if chunk is not None:
            pairs[2 * tile : 2 * tile + 2] = [offset, len(chunk)]
            body.append(chunk)
            offset += len(chunk)
    if not body:
        return []
    index = _index(tiles).pack(*pairs)
    return [*body, index, _crc(index)]


def unpack(shard: bytes, tiles: int = TILES) -> dict[int, bytes]:
    """The chunks of a shard of so many tiles by tile index, absent ones left out.

    Raises:
        OutputError: if the index is damaged, or its chunks do not fill the shard exactly.
    """
    tail = _index(tiles).size + _CRC.size
    if len(shard) < tail or _crc(shard[-tail : -_CRC.size]) != shard[-_CRC.size :]:
        raise OutputError("a shard's index does not match its checksum")
    pairs = _index(tiles).unpack(shard[-tail : -_CRC.size])
    found = {tile: (pairs[2 * tile], pairs[2 * tile + 1]) for tile in range(tiles) if pairs[2 * tile] != _ABSENT}
    end = 0
    for offset, length in found.values():
        if offset != end:
            raise OutputError("a shard's index leaves bytes between its chunks")
        end += length
    if end != len(shard) - tail:
        raise OutputError("a shard's chunks do not fill it")
    return {tile: shard[offset : offset + length] for tile, (offset, length) in found.items()}


def _index(tiles: int) -> struct.Struct:
    return struct.Struct(f"<{2 * tiles}Q")


def _compressor(kind: Kind, itemsize: int) -> Blosc | Zstd:
    if kind in PLAIN_KINDS:
        return Zstd(level=ZSTD_LEVEL)
    return Blosc(cname="zstd", clevel=BLOSC_LEVEL, shuffle=Blosc.BITSHUFFLE, typesize=itemsize)


def _crc(data: bytes) -> bytes:
    return _CRC.pack(google_crc32c.value(data))
