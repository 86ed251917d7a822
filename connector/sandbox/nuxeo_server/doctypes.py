"""Document types and schemas, as far as the sandbox has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SCHEMAS: dict[str, tuple[str, tuple[str, ...]]] = {
    "uid": ("uid", ("uid", "major_version", "minor_version")),
    "file": ("file", ("content",)),
    "common": ("common", ("icon", "icon-expanded")),
    "files": ("files", ("files",)),
    "note": ("note", ("note", "mime_type")),
    "dublincore": (
        "dc",
        (
            "title",
            "description",
            "subjects",
            "rights",
            "source",
            "coverage",
            "created",
            "modified",
            "issued",
            "valid",
            "expired",
            "format",
            "language",
            "creator",
            "contributors",
            "lastContributor",
            "nature",
            "publisher",
        ),
    ),
}
"""Schema name to prefix and fields."""

LISTS = frozenset({"dc:subjects", "dc:contributors", "files:files"})
BLOBS = frozenset({"file:content"})
"""Properties that are one blob; ``files:files`` is a list of complex values with one each."""


@dataclass(frozen=True)
class DocumentType:
    """What documents of a type have."""

    schemas: tuple[str, ...]
    facets: tuple[str, ...]
    subtypes: tuple[str, ...] = ()

    @property
    def is_folderish(self) -> bool:
        """Whether it may have children."""
        return "Folderish" in self.facets

    def field(self, key: str) -> str | None:
        """The full name of a property of this type, ``None`` if it has none such."""
        prefix, colon, name = key.partition(":")
        for schema in self.schemas:
            own, names = SCHEMAS[schema]
            if name in names and colon and prefix in (own, schema):
                return f"{own}:{name}"
        return None


_FOLDER = ("Folder", "Workspace", "File", "Note")
TYPES: dict[str, DocumentType] = {
    "Root": DocumentType(("common", "dublincore"), ("Folderish",), ("Domain",)),
    "Domain": DocumentType(
        ("common", "dublincore"), ("Folderish", "SuperSpace"), ("WorkspaceRoot",)
    ),
    "WorkspaceRoot": DocumentType(
        ("common", "dublincore"), ("Folderish", "SuperSpace"), ("Workspace",)
    ),
    "Workspace": DocumentType(("common", "dublincore"), ("Folderish", "SuperSpace"), _FOLDER),
    "Folder": DocumentType(("common", "dublincore"), ("Folderish",), _FOLDER),
    "File": DocumentType(
        ("uid", "file", "common", "files", "dublincore"),
        ("Commentable", "Versionable", "Publishable", "HasRelatedText", "Downloadable"),
    ),
    "Note": DocumentType(
        ("uid", "note", "common", "files", "dublincore"),
        ("Commentable", "Versionable", "Publishable", "HasRelatedText"),
    ),
}


def empty_properties(type_name: str) -> dict[str, Any]:
    """A document's properties before anything was set."""
    properties: dict[str, Any] = {}
    for schema in TYPES[type_name].schemas:
        prefix, names = SCHEMAS[schema]
        for name in names:
            key = f"{prefix}:{name}"
            properties[key] = [] if key in LISTS else None
    return properties
