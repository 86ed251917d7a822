"""Types of content by the endings of names."""

from __future__ import annotations

import mimetypes
from typing import Any

UNKNOWN = "application/octet-stream"

_OFFICE = "application/vnd.openxmlformats-officedocument."
_TYPES = {
    ".docx": f"{_OFFICE}wordprocessingml.document",
    ".xlsx": f"{_OFFICE}spreadsheetml.sheet",
    ".pptx": f"{_OFFICE}presentationml.presentation",
    ".wopitest": "text/plain",
}


def of_name(name: str) -> str:
    """The type of a file, not depending on what the system knows for office files."""
    suffix = name[name.rfind(".") :].lower()
    return _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or UNKNOWN


def recognised(properties: dict[str, Any]) -> dict[str, Any]:
    """Properties with blobs of unknown type given the type of their name (REST_CONTRACT 5.4)."""
    return {key: _recognised(value) for key, value in properties.items()}


def _recognised(value: Any) -> Any:
    if isinstance(value, list):
        return [_recognised(item) for item in value]
    if isinstance(value, dict):
        if "digest" in value and value.get("mime-type") in (None, UNKNOWN):
            return {**value, "mime-type": of_name(value.get("name") or "")}
        return {key: _recognised(item) for key, item in value.items()}
    return value
