"""Blobs by xpath (REST_CONTRACT 3.1, 3.2)."""

from __future__ import annotations

import re
from typing import Any

from connector.sandbox.nuxeo_server.doctypes import BLOBS, TYPES
from connector.sandbox.nuxeo_server.store import Document


def blob_at(document: Document, xpath: str) -> dict[str, Any] | None:
    """The blob at ``xpath``.

    Raises:
        KeyError: the document has no such property.
    """
    if match := re.fullmatch(r"blobholder:(0|[1-9]\d*)", xpath):
        index = int(match[1])
        xpath = "file:content" if index == 0 else f"files:files/{index - 1}/file"
    name, *steps = xpath.split("/")
    full = TYPES[document.type].field(name)
    if full is None:
        raise KeyError(xpath)
    value = document.properties.get(full)
    for step in steps:
        if isinstance(value, list):
            if not step.isdecimal() or int(step) >= len(value):
                raise KeyError(xpath)
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            raise KeyError(xpath)
    return value if isinstance(value, dict) and "digest" in value else None


def find_blob(document: Document, rest: str) -> tuple[dict[str, Any] | None, str | None]:
    """A blob by what follows the uid in an nxfile URL: an xpath, on demand with a file name."""
    try:
        return blob_at(document, rest), None
    except KeyError:
        xpath, _, name = rest.rpartition("/")
    try:
        return blob_at(document, xpath), name
    except KeyError:
        return None, None


def with_blob(document: Document, xpath: str, blob: dict[str, Any] | None) -> dict[str, Any]:
    """The property to write so that ``xpath`` has ``blob``; an xpath of a list appends.

    Raises:
        KeyError: the document has no such property.
    """
    name, *steps = xpath.split("/")
    full = TYPES[document.type].field(name)
    if full is None or (full not in BLOBS and full != "files:files"):
        raise KeyError(xpath)
    if full in BLOBS:
        return {full: blob}
    items = [dict(item) for item in document.properties.get(full) or ()]
    if not steps:
        items.append({"file": blob})
    elif steps[0].isdecimal() and int(steps[0]) < len(items):
        items[int(steps[0])] = {"file": blob}
    else:
        raise KeyError(xpath)
    return {full: items}
