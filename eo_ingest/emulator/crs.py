"""Coordinate reference systems that Earth Engine knows by a code of its own, beside EPSG's."""

from __future__ import annotations

SINUSOIDAL = "SR-ORG:6974"
"""The sinusoidal grid of MODIS, on a sphere."""

DEFINITIONS = {
    SINUSOIDAL: "+proj=sinu +lon_0=0 +x_0=0 +y_0=0 +R=6371007.181 +units=m +no_defs +type=crs",
    "SR-ORG:6842": "+proj=sinu +lon_0=0 +x_0=0 +y_0=0 +R=6371007.181 +units=m +no_defs +type=crs",
}
"""What the codes stand for."""

MOLLWEIDE = (
    'PROJCS["World_Mollweide",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,'
    'AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433],'
    'AUTHORITY["EPSG","4326"]],PROJECTION["Mollweide"],PARAMETER["central_meridian",0],PARAMETER["false_easting",0],'
    'PARAMETER["false_northing",0],UNIT["metre",1,AUTHORITY["EPSG","9001"]]]'
)
"""The equal-area projection of the Global Human Settlement Layer, which has no EPSG code."""


def definition(crs: str) -> str:
    """What a code of Earth Engine's own stands for; any other text as it is."""
    return DEFINITIONS.get(crs.upper(), crs)


def is_code(crs: str) -> bool:
    """Whether the text is a code, not a definition."""
    return crs.upper().startswith("EPSG:") or crs.upper() in DEFINITIONS
