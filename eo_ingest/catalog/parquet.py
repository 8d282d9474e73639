"""Reading Parquet that may be damaged."""

from __future__ import annotations

import io

import pyarrow as pa

# What readers of Parquet raise over damaged bytes, each for another kind of damage.
DAMAGED = (pa.ArrowException, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError)


def opened(data: bytes) -> io.BytesIO:
    """A file in memory, to be read as Parquet.

    Raises:
        ValueError: if it does not even begin so.
    """
    if not data.startswith(b"PAR1"):  # PyArrow looks at the end of a file only, other readers at its start
        raise ValueError("does not begin as Parquet does")
    return io.BytesIO(data)
