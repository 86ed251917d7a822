"""One call of an operation: what it was given."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connector.sandbox.nuxeo_server.context import Server
from connector.sandbox.nuxeo_server.errors import NuxeoError, server_error
from connector.sandbox.nuxeo_server.session import Session
from connector.sandbox.nuxeo_server.store import Document
from connector.sandbox.nuxeo_server.xpaths import blob_at


@dataclass(frozen=True)
class Call:
    """Parameters and input of an operation.

    Attributes:
        server: the sandbox.
        params: its parameters.
        context: variables of the request.
        document: the input, if it is a document.
        blobs: the input, if it is one or more blobs.
    """

    server: Server
    params: Mapping[str, Any]
    context: Mapping[str, Any]
    document: Document | None
    blobs: tuple[dict[str, Any], ...]

    @property
    def session(self) -> Session:
        """The repository for the caller."""
        return self.server.session()

    @property
    def on(self) -> Document:
        """The document that the operation is about."""
        if self.document is None:
            raise NuxeoError(400, "no document given as input")
        return self.document

    @property
    def content(self) -> tuple[dict[str, Any], ...]:
        """The blobs that the operation is about; at least one."""
        if not self.blobs:
            raise NuxeoError(400, "no blob given as input")
        return self.blobs

    def text(self, name: str, default: str | None = None) -> str:
        """A parameter that is text."""
        value = self.params.get(name, default)
        if not isinstance(value, str):
            raise NuxeoError(400, f"{name} is required")
        return value

    def option(self, name: str) -> str | None:
        """A parameter that is text, if it was given."""
        return self.text(name) if self.params.get(name) is not None else None

    def flag(self, name: str, default: bool = False) -> bool:
        """A parameter that is true or false, as JSON or as text."""
        value = self.params.get(name, default)
        return value.lower() == "true" if isinstance(value, str) else bool(value)

    def target(self, name: str = "target") -> Document:
        """A parameter that names a document."""
        return self.session.resolve(self.text(name).removeprefix("doc:"))

    def xpath(self) -> str:
        """The parameter that names a blob."""
        return self.text("xpath", "file:content")

    def properties(self) -> Mapping[str, Any]:
        """Properties as an object, or as lines of ``key=value``."""
        sent = self.params.get("properties")
        if isinstance(sent, Mapping):
            return sent
        if not isinstance(sent, str):
            return {}
        lines = (line for line in sent.splitlines() if line.strip() and not line.startswith("#"))
        pairs = (line.partition("=") for line in lines)
        return {key.strip(): value.strip() or None for key, _, value in pairs}


Operation = Callable[[Call], object]
"""Answers a document, documents, a blob as a response, or nothing."""


def entity(session: Session, value: Mapping[str, Any]) -> Document:
    """A document entity; its change token is checked at once."""
    document = session.get(str(value.get("uid")))
    token = value.get("changeToken")
    if isinstance(token, str):
        session.check_token(document, token)
    return document


def blob_of(document: Document, xpath: str) -> dict[str, Any] | None:
    """The blob at an xpath; an unknown one is an error that nobody maps."""
    try:
        return blob_at(document, xpath)
    except KeyError as error:
        raise server_error() from error


def save_blob(
    session: Session,
    document: Document,
    xpath: str,
    blob: dict[str, Any] | None,
    change_token: object = None,
) -> Document:
    """Write the blob at an xpath; an unknown one is an error that nobody maps."""
    try:
        return session.save_blob(document, xpath, blob, change_token=change_token)
    except KeyError as error:
        raise server_error() from error


def loads(text: str) -> Any:
    """JSON in a property.

    Raises:
        NuxeoError: 400.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        raise NuxeoError(400, "Invalid JSON in a property") from error
