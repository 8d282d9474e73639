"""A deterministic synthetic planet, served under the ids of Earth Engine's catalogue.

Everything is a function of place and time: hashes of integer lattices, no random state, no files. Continents follow the
real ones at 2.5°; all else is invented. `truth` gives the same values at any point.

What it does not do:

- It is sparse: some three Sentinel-1 scenes per season and pass, and four Sentinel-2 acquisitions, at any place; only
  in one region does Sentinel-1 image at every pass.
- The ground track is the middle of the swath, for the radar too; relative orbit numbers are not the real ones.
- UTM zones are regular, without the exceptions of Norway and Svalbard.
- Pixels of 30 m and less are point samples at their centres, coarser ones means over a few points in them; backscatter
  depends on slope and pass, not on the incidence angle.
- No cloud shadows, snow cover that comes and goes, or tides; land cover does not change (v200 differs from v100 as
  another algorithm's map would), but towns and biomass grow, and marshes flood in season.
- Water is not level: rivers and lakes follow the relief.
- Pyramid levels above 4 are made from 16 x 16 evenly spread pixels.
- The Sentinel and HLS collections end with 2027 and list no children: ask for images by time and place.
"""

from eo_ingest.emulator.world.catalogue import World

__all__ = ["World"]
