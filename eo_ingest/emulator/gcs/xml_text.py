"""Documents of the XML API."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from eo_ingest.emulator.gcs.errors import GcsError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
# XML 1.0 has no way to write these.
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def element(name: str, text: str) -> str:
    """`<name>text</name>`."""
    return f"<{name}>{escape(_UNWRITABLE.sub(_REPLACEMENT, text))}</{name}>"


def to_xml(name: str, inner: str) -> str:
    """A document of one element."""
    return f"<?xml version='1.0' encoding='UTF-8'?><{name} xmlns='{_NAMESPACE}'>{inner}</{name}>"


def of_xml(body: bytes, name: str) -> Element:
    """The element of a document.

    Raises:
        GcsError: 400: no XML, another element, or one with declarations of its own.
    """
    message = f"The XML you provided was not well-formed or did not validate against our schema: expected {name}."
    wrong = GcsError(400, "invalid", "MalformedXML", message)
    if b"<!" in body:
        raise wrong
    try:
        found = ET.fromstring(body)  # noqa: S314  without declarations there is nothing to expand
    except ET.ParseError as err:
        raise wrong from err
    if re.sub(r"\{.*\}", "", found.tag) != name:
        raise wrong
    return found
