"""Synthetic interferograms in the form of ARIA's S1 GUNW granules, along the synthetic Sentinel-1's tracks.

- `piece`: which parts of a swath have granules. Real ones are a whole swath wide; these are a third, and shorter.
- `granule`: which pairs of passes there are, what they are called, and who asks for which.
- `field`: what is in them, as functions of place; the truth for tests.
- `layout`: the NetCDF file. It needs h5py, which the extra `insar` brings.
"""
