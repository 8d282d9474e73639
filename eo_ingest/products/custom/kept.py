"""What a store keeps of its user's products, so that it can be read, checked and resumed without their files.

One object per product holds every definition that the store has seen, and which of them holds now. Of a TOML file the
text is kept; of a program its digest and what it defined, for no code from a store is ever run.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from eo_ingest.errors import ConfigError, OutputError
from eo_ingest.product import Archive, Flag, Gap, Product, Variable
from eo_ingest.products.custom.declared import declared
from eo_ingest.stores import layout

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from eo_ingest.ports import Store
    from eo_ingest.products.custom.reading import FileProduct


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Definition(_Strict):
    """One definition: the file's name and digest, its text if it is TOML, and what it defines.

    `fingerprints`, by period, are those that jobs got; a program's cannot be told without running it.
    """

    sha256: str
    format: Literal["toml", "python"]
    file: str
    text: str | None
    product: dict[str, Any]
    fingerprints: dict[str, str]
    added: str

    @classmethod
    def of(cls, found: FileProduct, fingerprints: Mapping[str, str]) -> Self:
        """The definition of a file."""
        return cls(
            sha256=found.file.sha256,
            format="python" if found.from_code else "toml",
            file=found.file.name,
            text=None if found.from_code else found.file.text,
            product=json.loads(json.dumps(found.product.definition())),
            fingerprints=dict(fingerprints),
            added=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def restored(self) -> Product:
        """The product; one that comes from code can be read and checked, but not made.

        Raises:
            ConfigError: if this version does not understand it.
        """
        return _restored(self.model_dump_json())


class Kept(_Strict):
    """All definitions of a product that a store has seen; `current` is the SHA-256 of the one that holds."""

    version: Literal[1] = 1
    name: str
    current: str
    definitions: tuple[Definition, ...]

    @property
    def now(self) -> Definition:
        """The definition that holds."""
        return self.definition(self.current)

    def definition(self, sha256: str) -> Definition:
        """The definition of that digest (KeyError if there is none)."""
        for definition in self.definitions:
            if definition.sha256 == sha256:
                return definition
        raise KeyError(sha256)

    def replaced(self, new: Definition) -> Kept:
        """With a definition that holds from now on; fingerprints of the same one add up."""
        old = {d.sha256: d for d in self.definitions}
        if new.sha256 in old:
            before = old[new.sha256]
            new = before.model_copy(update={"fingerprints": {**before.fingerprints, **new.fingerprints}})
        old[new.sha256] = new
        return self.model_copy(update={"current": new.sha256, "definitions": tuple(old.values())})

    def dump(self) -> bytes:
        """As JSON, with its own digest."""
        body = self.model_dump(mode="json")
        return (json.dumps({**body, "digest": _digest(body)}, indent=1, sort_keys=True) + "\n").encode()

    @classmethod
    def load(cls, data: bytes, name: str) -> Self:
        """Read what `dump` wrote.

        Raises:
            OutputError: if it is not the definitions of that product, or not those that were written.
        """
        try:
            body = json.loads(data)
            digest = body.pop("digest")
            kept = cls.model_validate(body)
            kept.now  # noqa: B018 - the current one must be there
        except (ValidationError, ValueError, KeyError, TypeError, AttributeError) as err:
            raise OutputError(f"is not the definition of a product: {type(err).__name__}") from err
        if kept.name != name or digest != _digest(body) or kept.dump() != data:
            raise OutputError("does not match its own digest")
        return kept


def read(store: Store, name: str) -> Kept | None:
    """What a store keeps of a product; None if it is not a user's.

    Raises:
        OutputError: if it is damaged.
    """
    try:
        return Kept.load(store.get(layout.definition(name)), name)
    except KeyError:
        return None
    except OutputError as err:
        key = layout.definition(name)
        raise OutputError(f"{key!r} {err}: remove it, and run again with the file of product {name!r}") from err


def keep(store: Store, found: FileProduct, fingerprints: Mapping[str, str]) -> None:
    """Make a file's definition the one that holds in a store.

    Raises:
        OutputError: if what the store keeps of the product is damaged.
    """
    name = found.product.name
    new = Definition.of(found, fingerprints)
    key = layout.definition(name)
    with store.lock(key):
        before = read(store, name)
        after = before.replaced(new) if before else Kept(name=name, current=new.sha256, definitions=(new,))
        if after != before:
            store.put(key, after.dump())


def names(store: Store) -> Iterator[str]:
    """The user's products of a store."""
    folder = f"{layout.DEFINITIONS}/"
    for key, _ in store.listing(folder):
        if key.endswith(".json"):
            yield key.removeprefix(folder).removesuffix(".json")


def products(store: Store) -> dict[str, Product]:
    """The user's products of a store, as they hold now; those that cannot be understood are left out."""
    found = {}
    for name in names(store):
        try:
            kept = read(store, name)
            if kept:
                found[name] = kept.now.restored()
        except (OutputError, ConfigError):
            continue
    return found


def problems(store: Store) -> Iterator[tuple[str, str]]:
    """What is wrong with what a store keeps: keys, and in words."""
    folder = f"{layout.DEFINITIONS}/"
    for key, _ in store.listing(folder):
        name = key.removeprefix(folder).removesuffix(".json")
        try:
            kept = Kept.load(store.get(key), name) if key == layout.definition(name) else None
            if kept is None:
                yield key, "is not of this store"
            else:
                kept.now.restored()
        except (OutputError, ConfigError) as err:
            yield key, f"{err}: remove it, and run again with the product's file"


@lru_cache(maxsize=64)
def _restored(definition: str) -> Product:
    kept = Definition.model_validate_json(definition)
    if kept.text is not None:
        return declared(kept.text, kept.file)
    values, absent = kept.product, _Absent(kept.product.get("name", kept.file), kept.file)
    try:
        plain = {f.name: _plain(values[f.name]) for f in fields(Product) if f.name in values}
        archive = values["archive"] and Archive(
            kind=values["archive"]["kind"], parameters=tuple((k, v) for k, v in values["archive"]["parameters"])
        )
        gaps = tuple(
            Gap(date.fromisoformat(g["start"]), date.fromisoformat(g["end"]), g["reason"]) for g in values["gaps"]
        )
        variables = tuple(_variable(v) for v in values["variables"])
        made = {**plain, "archive": archive, "gaps": gaps, "variables": variables}
        return Product(**made, scenes=absent, images=absent)
    except (KeyError, TypeError, ValueError) as err:
        raise ConfigError(f"the definition of {kept.file} is none that this version understands: {err}") from err


class _Absent:
    """Stands for the functions of a program that is not here."""

    def __init__(self, name: str, file: str) -> None:
        self._name = name
        self._file = file

    def __call__(self, *_: Any) -> Any:
        raise ConfigError(
            f"product {self._name!r} is made by the program {self._file}: add --products {self._file} --trust-code"
        )


def _variable(values: Mapping[str, Any]) -> Variable:
    plain = {name: _plain(value) for name, value in values.items()}
    return Variable(**{**plain, "flags": tuple(Flag(**flag) for flag in values["flags"])})


def _plain(value: Any) -> Any:
    """A value as it was before JSON made lists of tuples."""
    return tuple(value) if isinstance(value, list) else value


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
