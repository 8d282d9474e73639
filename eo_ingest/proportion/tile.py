"""Proportions of classes per tile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from eo_ingest.ports import Store
    from eo_ingest.proportion.label import Label


def of_tiles(store: Store, label: Label) -> pa.Table:
    """One row per recorded tile, sorted by zone, row and column.

    Columns: `id`, `zone`, `row`, `col`, `<label>_valid` (the fraction of pixels that have a class), and the fraction of
    each class among those, null where none has one.

    Raises:
        ConfigError: if the store has nothing of it.
        OutputError: if stored bytes are damaged.
    """
    count = len(label.variable.flags)
    found = sorted(
        (tile, np.bincount(pixels.ravel() + 1, minlength=count + 1).tolist()) for tile, pixels in label.tiles(store)
    )
    counts = np.array([row for _, row in found], dtype=np.int64).reshape(len(found), count + 1)
    valid = counts[:, 1:].sum(axis=1)
    shares = counts[:, 1:] / np.maximum(valid, 1)[:, None]
    columns = {
        "id": pa.array([tile.id for tile, _ in found], pa.string()),
        "zone": pa.array([tile.zone for tile, _ in found], pa.string()),
        "row": pa.array([tile.row for tile, _ in found], pa.int32()),
        "col": pa.array([tile.col for tile, _ in found], pa.int32()),
        f"{label.prefix}_valid": pa.array(valid / counts.sum(axis=1)),
    }
    for name, share in zip(label.columns, shares.T, strict=True):
        columns[name] = pa.array(share, mask=valid == 0)
    return pa.table(columns)
