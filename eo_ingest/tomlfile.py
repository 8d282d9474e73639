"""A user's file: read with care, and its table held against a model, with messages that name file and key."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eo_ingest.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

MOST_BYTES = 1024 * 1024
_TOLD = 5
_SHOWN = 60

# TOML knows its types: a number in quotes is a mistake that is told, not mended.
Text = Annotated[str, Field(strict=True, min_length=1, max_length=4096)]
Whole = Annotated[int, Field(strict=True, ge=-(2**53), le=2**53)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-1e15, le=1e15)]
Switch = Annotated[bool, Field(strict=True)]

Model = TypeVar("Model", bound=BaseModel)


class Table(BaseModel):
    """A table of known keys only. The description of a key says what is expected of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was read: its name without folders, its bytes, and their SHA-256."""

    name: str
    data: bytes

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes, in hex."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def text(self) -> str:
        """The bytes as UTF-8.

        Raises:
            ConfigError: if they are not.
        """
        try:
            return self.data.decode()
        except UnicodeDecodeError as err:
            raise ConfigError(f"{self.name} is not text in UTF-8: {err.reason} at byte {err.start}") from err


def read(path: Path, what: str) -> File:
    """A file's bytes.

    Args:
        path: where it is.
        what: what it should be, for messages: `product file`.

    Raises:
        ConfigError: if there is no such file, it cannot be read, or it is too large to be one.
    """
    try:
        if not path.is_file():
            raise ConfigError(f"there is no {what} {str(path)!r}: expected the path of a file")
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as err:
        if isinstance(err, ConfigError):
            raise
        raise ConfigError(f"cannot read the {what} {str(path)!r}: {getattr(err, 'strerror', None) or err}") from err
    if len(data) > MOST_BYTES:
        raise ConfigError(f"{path.name} is larger than {MOST_BYTES // 1024} KiB: expected a {what}")
    return File(path.name, data)


def table(text: str, who: str) -> dict[str, Any]:
    """The table that TOML text holds.

    Raises:
        ConfigError: if it is not TOML.
    """
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, ValueError) as err:
        raise ConfigError(f"{who} is not TOML: {err}") from err
    except RecursionError as err:
        raise ConfigError(f"{who} is not TOML that can be read: its values are nested too deep") from err


def check(values: Mapping[str, Any], model: type[Model], who: str) -> Model:
    """A table as a checked value.

    Raises:
        ConfigError: names the file and each key that is wrong, what it holds, and what is expected.
    """
    try:
        return model.model_validate(values)
    except ValidationError as err:
        raise ConfigError(f"{who}: {_told(err.errors(), values, model)}") from err
    except RecursionError as err:
        raise ConfigError(f"{who}: its values are nested too deep") from err


def _told(errors: Sequence[ErrorDetails], values: Mapping[str, Any], model: type[BaseModel]) -> str:
    told = list(dict.fromkeys(_sentence(error, values, model) for error in errors))
    more = [f"and {len(told) - _TOLD} more"] if len(told) > _TOLD else []
    return "; ".join([*told[:_TOLD], *more])


def _sentence(error: ErrorDetails, values: Mapping[str, Any], model: type[BaseModel]) -> str:
    place, within, field = _walk(error["loc"], model)
    where = _path(place)
    expected = f": expected {field}" if field else ""
    if error["type"] == "missing":
        return f"key {where!r} is missing{expected}"
    if error["type"] == "extra_forbidden":
        unknown = str(error["loc"][-1])
        near = get_close_matches(unknown, within, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        return f"unknown key {_shown(_path((*place, unknown)))}{hint}: expected {', '.join(within)}"
    if error["type"] == "value_error":
        said = str(error.get("ctx", {}).get("error", error["msg"]))
        return f"{where}: {said}" if where else said
    return f"{where} is {_shown(_at(values, place))}{expected or ': ' + error['msg']}"


def _path(place: Sequence[int | str]) -> str:
    """`variables[0].bands`, counted from 0 as TOML libraries do."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _walk(loc: Sequence[int | str], model: type[BaseModel]) -> tuple[list[int | str], list[str], str]:
    """An error's place without what unions add to it, the keys of the table there, and what is expected there."""
    current, told = model, ""
    place: list[int | str] = []
    for part in loc:
        by_key = _keys(current)
        if isinstance(part, str):
            if part not in by_key:
                break
            told = by_key[part].description or ""
            current = _inner(by_key[part].annotation) or current
        place.append(part)
    return place, list(_keys(current)), told


def _keys(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _inner(annotation: Any) -> type[BaseModel] | None:
    """The table that an annotation speaks of, however wrapped."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in getattr(annotation, "__args__", ()) if (found := _inner(part))), None)


def _at(values: Any, loc: Sequence[int | str]) -> Any:
    """The value at a place, as far as the place exists."""
    for part in loc:
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            break
    return values


def _shown(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    text = text if text.isprintable() else ascii(text)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
