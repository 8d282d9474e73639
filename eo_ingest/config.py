"""What to make (a run's configuration) and where and as whom (the environment)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from eo_ingest.errors import ConfigError

SourceName = Literal["earthengine", "emulator"]

DEFAULT_WORKERS = 8
MAX_WORKERS = 40


class RunConfig(BaseModel):
    """One run, as asked: everything that `eo-ingest tile` and the flow `ingest` take."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    aoi: str = Field(description="a registry name, a file, or west,south,east,north in degrees")
    store: str = Field(description="the store's folder")
    grid: str = Field("utm", description="the name of a grid")
    products: tuple[str, ...] | None = Field(None, description="product names; the default ones if not given")
    periods: tuple[str, ...] | None = Field(None, description="periods such as 2020; each product's own if not given")
    source: SourceName = Field("earthengine", description="Earth Engine, or the emulator on this machine")
    assets: str | None = Field(None, description="a folder of rasters that the emulator serves")
    limit: int | None = Field(None, ge=1, description="only the first so many blocks")
    archives: dict[str, str] = Field({}, description="product name -> where its files are, instead of Earth Engine")
    workers: int = Field(DEFAULT_WORKERS, ge=1, le=MAX_WORKERS, description="requests in flight")

    @classmethod
    def of(cls, **values: object) -> RunConfig:
        """The configuration of these values.

        Raises:
            ConfigError: names the first value that does not fit.
        """
        try:
            config = cls.model_validate(values)
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
