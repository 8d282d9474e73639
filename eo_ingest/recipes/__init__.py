"""Recipes: the shape of a published dataset as one option. One TOML file each, in this folder or a user's own."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eo_ingest.errors import ConfigError
from eo_ingest.recipes.event import settled
from eo_ingest.recipes.recipe import Clouds, Orbit, Recipe, Split
from eo_ingest.tomlfile import check, read, table

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Clouds", "LoadedRecipe", "Orbit", "Recipe", "Split", "load", "merged", "names"]

_FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class LoadedRecipe:
    """A recipe, the folder that its files are relative to, and the digest of its text."""

    name: str
    recipe: Recipe
    folder: Path
    sha256: str

    @property
    def aoi(self) -> str | None:
        """The area: a file beside the recipe by its path, anything else as it is written."""
        return self._beside(self.recipe.aoi)

    @property
    def grid(self) -> str | None:
        """The grid, likewise."""
        return self._beside(self.recipe.grid)

    def _beside(self, name: str | None) -> str | None:
        return str(self.folder / name) if name and _is_file(self.folder / name) else name

    @property
    def products(self) -> dict[str, tuple[str, ...] | None]:
        """The products (names, or paths of product files) with the periods that are theirs alone."""
        return {p.name or str(self.folder / (p.file or "")): p.periods for p in self.recipe.products}


def names() -> list[str]:
    """The recipes that come with eo-ingest."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def load(name: str) -> LoadedRecipe:
    """A recipe by its name, or the path of a user's own.

    Raises:
        ConfigError: if there is none, or it is wrong; names file and key.
    """
    known = names()
    if name in known:
        path = _FOLDER / f"{name}.toml"
    elif name.endswith(".toml") or "/" in name:
        path = Path(name).expanduser().absolute()
    else:
        near = get_close_matches(name, known, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise ConfigError(
            f"unknown recipe {name!r}{hint}: expected one of {', '.join(known)}, or a file such as my.toml"
        )
    file = read(path, "recipe")
    recipe = check(table(file.text, file.name), Recipe, file.name)
    return LoadedRecipe(path.stem, recipe, path.parent, file.sha256)


def merged(loaded: LoadedRecipe, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked for, and what the recipe says where nothing was.

    An area, a grid, an option or a list of products that was asked for stands in the place of the recipe's. Periods
    that were asked for stand in the place of the recipe's own, but not of those that it gives to one product: these
    only periods asked for that product replace. `event-1y` becomes the year before the event that the others are of.

    Raises:
        ConfigError: if a period is relative to an event and there is none.
    """
    recipe = loaded.recipe
    given = {key: value for key, value in asked.items() if value is not None}
    own = {"aoi": loaded.aoi, "grid": loaded.grid, "periods": recipe.periods}
    options = recipe.options.model_dump()
    values = {key: value for key, value in {**own, **options, **given}.items() if value is not None}
    wanted = given.get("products") or tuple(loaded.products)
    fixed = {name: own for name, own in loaded.products.items() if own and name in wanted}
    periods = {**fixed, **given.get("product_periods", {})}
    return {
        **values,
        "products": tuple(wanted),
        "product_periods": settled(periods, values.get("periods", ()), wanted, loaded.name),
        "recipe": {
            "name": loaded.name,
            "sha256": loaded.sha256,
            "split": recipe.split.model_dump(mode="json", exclude_none=True) if recipe.split else None,
        },
    }


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long, or with a zero byte
        return False
