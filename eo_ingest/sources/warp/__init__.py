"""Pixels of a raster on the grid of another: one chart of positions, used by all bands and dates.

GDAL's rules without GDAL's cost. A pixel is what lies at its centre. Nearest: the source pixel that holds it. Bilinear:
nodata exactly where that nearest pixel is, else the weighted mean of those of its four neighbours that are valid.
Positions are projected exactly on a mesh and interpolated in between, with a bound on the error; where that error could
choose another nearest pixel they are projected exactly too, so that nearest is exact. GDAL's own bilinear widens its
kernel where grids are turned against each other (`XSCALE=1, YSCALE=1` stops that); this one never does, so it is for
sources about as coarse as the target, or coarser.

    chart = draw(target, source)
    patch = chart.patch(margin=1)                 # None where the target lies beside the source
    values = dataset.read(1, window=patch.window) # or any array of those pixels
    pixels = patch.bilinear(values, nodata=0)
"""

from eo_ingest.sources.warp.chart import ON_EDGE, TOLERANCE, Chart, draw
from eo_ingest.sources.warp.lattice import Lattice, Window
from eo_ingest.sources.warp.patch import Patch

__all__ = ["ON_EDGE", "TOLERANCE", "Chart", "Lattice", "Patch", "Window", "draw"]
