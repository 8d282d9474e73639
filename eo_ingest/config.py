"""What to make (a run's configuration) and where and as whom (the environment)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from eo_ingest import recipes
from eo_ingest.errors import ConfigError
from eo_ingest.products import custom
from eo_ingest.recipes import Clouds, Orbit

__all__ = ["DEFAULT_WORKERS", "MAX_WORKERS", "Clouds", "Orbit", "RunConfig", "Settings", "SourceName"]

SourceName = Literal["earthengine", "emulator"]

DEFAULT_WORKERS = 8
ALL_CHIPS = "chips"  # the area that a grid of chips is by itself
_TOML = ".toml"
MAX_WORKERS = 40


class UsedRecipe(BaseModel):
    """The recipe that a configuration was filled from: its name, its text's SHA-256, and the split that it declares."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    sha256: str
    split: dict[str, Any] | None


class RunConfig(BaseModel):
    """One run, as asked: everything that `eo-ingest tile` and the flow `ingest` take, as plain values."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    aoi: str = Field(description="a name, a file, iso:CODE, west,south,east,north, or chips: all of the grid's")
    store: str = Field(description="the store's folder")
    grid: str = Field("utm", description="the name of a grid, or a TOML file that defines one")
    products: tuple[str, ...] | None = Field(None, description="names and product files; the default ones if not given")
    periods: tuple[str, ...] | None = Field(None, description="periods such as 2020; each product's own if not given")
    product_periods: dict[str, tuple[str, ...]] = Field({}, description="product name -> periods of it alone")
    clouds: Clouds | None = Field(None, description="how clouds are told, where it is not by Cloud Score+")
    orbit: Orbit | None = Field(None, description="one relative orbit per tile and pass: the one with most scenes")
    recipe: UsedRecipe | None = Field(None, description="the recipe that gave what was not asked for")
    trust_code: bool = Field(default=False, description="whether product files may be programs")
    definitions: dict[str, str] = Field({}, description="product as asked -> SHA-256 of its file, once a run has begun")
    source: SourceName = Field("earthengine", description="Earth Engine, or the emulator on this machine")
    assets: str | None = Field(None, description="a folder of rasters that the emulator serves")
    limit: int | None = Field(None, ge=1, description="only the first so many blocks")
    tiles: tuple[str, ...] | None = Field(None, min_length=1, description="only these tiles of the area, by their ids")
    archives: dict[str, str] = Field({}, description="product name -> where its files are, instead of Earth Engine")
    workers: int = Field(DEFAULT_WORKERS, ge=1, le=MAX_WORKERS, description="requests in flight")

    @field_validator("products")
    @classmethod
    def _absolute(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        """Product files by their absolute paths: a worker's folder is another."""
        return names and tuple(str(Path(n).expanduser().absolute()) if custom.is_file(n) else n for n in names)

    @field_validator("grid")
    @classmethod
    def _anywhere(cls, name: str) -> str:
        """A grid's file by its absolute path, likewise."""
        return str(Path(name).expanduser().absolute()) if name.endswith(_TOML) else name

    @classmethod
    def of(cls, **values: Any) -> RunConfig:
        """The configuration of these values; None is what was not given. `recipe` may be a name or a file to fill in.

        Raises:
            ConfigError: names the first value that does not fit.
        """
        given = {key: value for key, value in values.items() if value is not None}
        if isinstance(given.get("recipe"), str):
            loaded = recipes.load(given["recipe"])
            given = recipes.merged(loaded, {key: value for key, value in given.items() if key != "recipe"})
            if "aoi" not in given:
                raise ConfigError(f"recipe {loaded.name!r} has no area of its own: add --aoi")
        if "aoi" not in given and str(given.get("grid", "")).endswith(_TOML):
            given["aoi"] = ALL_CHIPS
        try:
            config = cls.model_validate(given)
        except ValidationError as err:
            first = err.errors()[0]
            raise ConfigError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from err
        if config.assets and config.source != "emulator":
            raise ConfigError("--assets gives rasters to the emulator: add --source emulator")
        return config


class Settings(BaseSettings):
    """The environment, `EO_INGEST_*`."""

    model_config = SettingsConfigDict(env_prefix="EO_INGEST_", extra="ignore")

    ee_project: str | None = None
    ee_url: str | None = None
    emulator_url: str | None = None
