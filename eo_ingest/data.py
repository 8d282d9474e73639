"""Where the data files that come with the package are: `aoi/*.geojson` and `grids/*.toml`."""

from pathlib import Path
from typing import Literal

from eo_ingest.errors import ConfigError

Folder = Literal["aoi", "grids"]

_PACKAGE = Path(__file__).resolve().parent


def folder(name: Folder) -> Path:
    """Return the folder `name`: inside the package where it is installed, beside it in a checkout.

    Raises:
        ConfigError: if it is in neither place, so the installation is broken.
    """
    places = (_PACKAGE / "_data" / name, _PACKAGE.parent / name)
    for place in places:
        if place.is_dir():
            return place
    raise ConfigError(f"the installation lacks its folder '{name}': expected it at {' or '.join(map(str, places))}")


def names(folder_name: Folder, suffix: str) -> list[str]:
    """Return the sorted stems of the files in a folder that end with `suffix`."""
    return sorted(path.name.removesuffix(suffix) for path in folder(folder_name).glob(f"*{suffix}"))
