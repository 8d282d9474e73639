"""The deployments of a `prefect.yaml`, as values that one process can serve."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import yaml  # type: ignore[import-untyped]  # no stubs are installed
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import ConcurrencyLimitConfig
from prefect.client.schemas.schedules import CronSchedule
from prefect.types.entrypoint import EntrypointType
from pydantic import ValidationError

from eo_ingest.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from prefect import Flow
    from prefect.deployments.runner import RunnerDeployment


def read(file: Path) -> list[dict[str, Any]]:
    """The deployments of a file, as they are written there.

    Raises:
        ConfigError: if there is no such file, or it has no deployments.
    """
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as err:
        raise ConfigError(f"cannot read the deployments in {str(file)!r}: {err.strerror or err}") from err
    except (yaml.YAMLError, UnicodeDecodeError) as err:
        raise ConfigError(f"{str(file)!r} is not YAML: {err}") from err
    found = content.get("deployments") if isinstance(content, dict) else None
    if not isinstance(found, list) or not found:
        raise ConfigError(f"{str(file)!r} has no deployments: expected the project's prefect.yaml")
    return found


def flow_of(entrypoint: str) -> Flow[..., Any]:
    """The flow of an entrypoint `module:name`.

    Raises:
        ConfigError: if there is none.
    """
    module, _, name = entrypoint.partition(":")
    try:
        found: Flow[..., Any] = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as err:
        raise ConfigError(f"there is no flow {entrypoint!r}: {err}") from err
    return found


def served(values: dict[str, Any]) -> RunnerDeployment:
    """A deployment for `prefect.serve`. Its work pool does not apply: the serving process runs it.

    Raises:
        ConfigError: names the deployment, if it is none.
    """
    try:
        flow = flow_of(values["entrypoint"])
        limit = values.get("concurrency_limit")
        deployment: RunnerDeployment = flow.to_deployment(  # type: ignore[assignment]  # a value outside of coroutines
            values["name"],
            description=values.get("description"),
            parameters=values.get("parameters"),
            tags=values.get("tags"),
            schedules=[_schedule(each) for each in values.get("schedules", ())],
            concurrency_limit=ConcurrencyLimitConfig(**limit) if isinstance(limit, dict) else limit,
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
    except (KeyError, TypeError, ValidationError) as err:
        raise ConfigError(f"deployment {values.get('name')!r} cannot be served: {err}") from err
    return deployment


def _schedule(values: dict[str, Any]) -> DeploymentScheduleCreate:
    return DeploymentScheduleCreate(
        schedule=CronSchedule(cron=values["cron"], timezone=values.get("timezone")),
        active=values.get("active", True),
        slug=values.get("slug"),
    )
