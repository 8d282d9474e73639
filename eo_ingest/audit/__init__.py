"""How well a grid covers an area: ground that no tile has or two have, and how large its pixels are on the ground.

Beside it the same figures for the method by which M3LEO's tiles were made, restated in `eo_ingest.audit.degrees`.
"""

from eo_ingest.audit.report import Figures, audit

__all__ = ["Figures", "audit"]
