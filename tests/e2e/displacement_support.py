"""By how many pixels a stored raster is displaced against a truth that can be asked anywhere.

A truth is a function of (x, y) in metres of the store's CRS. A displacement (east, north), in pixels, is how far from
the pixel's centre the truth has the stored value.
"""

from __future__ import annotations

import numpy as np

REACH, STEP = 3.0, 0.05


def of_classes(classes, truth, x, y):
    """The mean displacement of a class raster (y, x): where edges between two stored classes are in truth.

    Args:
        classes: the raster, north up.
        truth: the class at places.
        x: eastings of the columns.
        y: northings of the rows.

    Returns:
        (east, north), and how many edges were found.
    """
    east = _edges(classes, lambda row, col: truth(_at(x, col), np.broadcast_to(y[row], col.shape)))
    south = _edges(classes.T, lambda col, row: truth(np.broadcast_to(x[col], row.shape), _at(y, row)))
    return np.array([east.mean(), -south.mean()]), east.size + south.size


def _at(axis, position):
    """Coordinates at fractional pixel positions."""
    return axis[0] + (axis[1] - axis[0]) * position


def _edges(classes, truth):
    """For every edge along rows that truth has once within reach, how far off it is, in pixels along the row."""
    row, col = np.nonzero(classes[:, 1:] != classes[:, :-1])
    inner = (col >= REACH) & (col < classes.shape[1] - 1 - REACH)
    row, col = row[inner, None], col[inner, None]
    before, after = classes[row, col], classes[row, col + 1]
    offsets = np.arange(-REACH, REACH, STEP) + STEP / 2
    found = truth(row, col + 0.5 + offsets)
    first = (found == before).sum(1)
    single = (found == np.where(np.arange(offsets.size) < first[:, None], before, after)).all(1)
    return first[single] * STEP - REACH


def of_values(values, truth, x, y, pixel):
    """The displacement that explains values best: the differences regressed on the truth's slope, again and again.

    Once it is near, differences beyond the usual weigh less: edges, which interpolation blurs, do not decide.

    Args:
        values: at some pixels.
        truth: the value at places.
        x: eastings of the pixels' centres.
        y: northings of the pixels' centres.
        pixel: metres.
    """
    best, half = np.zeros(2), pixel / 2
    for robust in (False, False, False, True, True, True):
        east, north = x + pixel * best[0], y + pixel * best[1]
        slopes = (
            truth(east + half, north) - truth(east - half, north),
            truth(east, north + half) - truth(east, north - half),
        )
        best = best + _regress(values - truth(east, north), np.stack(slopes, axis=1), robust=robust)
    return best


def _regress(difference, slopes, *, robust):
    known = np.isfinite(difference) & np.isfinite(slopes).all(1)
    difference, slopes = difference[known], slopes[known]
    step = np.linalg.lstsq(slopes, difference, rcond=None)[0]
    for _ in range(10 * robust):
        rest = np.abs(difference - slopes @ step)
        weight = 1 / np.maximum(rest, np.median(rest))
        step = np.linalg.lstsq(slopes * weight[:, None], difference * weight, rcond=None)[0]
    return step
