"""A small and honest part of NXQL: what it does not understand it refuses."""

from __future__ import annotations

import re

from connector.sandbox.nuxeo_server.doctypes import TYPES
from connector.sandbox.nuxeo_server.errors import NuxeoError
from connector.sandbox.nuxeo_server.session import Session
from connector.sandbox.nuxeo_server.store import Document

_QUERY = re.compile(
    r"\s*SELECT\s+\*\s+FROM\s+(?P<type>\w+)(?:\s+WHERE\s+(?P<where>.+?))?"
    r"(?:\s+ORDER\s+BY\s+(?P<order>[\w:]+)(?:\s+(?P<direction>ASC|DESC))?)?\s*;?\s*",
    re.IGNORECASE | re.DOTALL,
)
_LITERAL = r"(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
_AND = re.compile(rf"({_LITERAL})|\s+AND\s+", re.IGNORECASE | re.DOTALL)
_CONDITION = re.compile(
    r"\s*(?P<key>[\w:/]+)\s*(?P<operator>=|<>|!=|STARTSWITH|LIKE|IS\s+NULL|IS\s+NOT\s+NULL|IN)"
    rf"\s*(?P<value>{_LITERAL}|\d+|\(\s*{_LITERAL}(?:\s*,\s*{_LITERAL})*\s*\))?\s*",
    re.IGNORECASE | re.DOTALL,
)


def run(text: str, session: Session) -> list[Document]:
    """The documents that a query finds and the user may read.

    Raises:
        NuxeoError: 400 for a query that is not understood.
    """
    match = _QUERY.fullmatch(text)
    if match is None or match["type"] not in ("Document", *TYPES):
        raise NuxeoError(400, "The sandbox does not understand this query")
    conditions = [_parse(part) for part in _conditions(match["where"] or "")]
    found = [
        document
        for document in session.store.all_documents()
        if document.parent_uid is not None
        and match["type"] in ("Document", document.type)
        and session.has(document, "Read")
        and all(_holds(condition, document, session) for condition in conditions)
    ]
    if match["order"]:
        key = match["order"]
        found.sort(
            key=lambda item: str(_value(key, item, session) or ""),
            reverse=(match["direction"] or "").upper() == "DESC",
        )
    return found


def _conditions(where: str) -> list[str]:
    """What stands between ``AND``, those within texts left alone."""
    parts, start = [], 0
    for match in _AND.finditer(where):
        if match[1] is None:
            parts.append(where[start : match.start()])
            start = match.end()
    return [part for part in (*parts, where[start:]) if part.strip()]


def _parse(text: str) -> tuple[str, str, tuple[str, ...]]:
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise NuxeoError(400, "The sandbox does not understand this condition")
    operator, value = re.sub(r"\s+", " ", match["operator"].upper()), match["value"] or ""
    if (operator == "IN") is not value.startswith("("):
        raise NuxeoError(400, "The sandbox does not understand this condition")
    values = tuple(map(_text, re.findall(_LITERAL, value))) or (value,)
    return match["key"], operator, values


def _text(literal: str) -> str:
    escapes = {"n": "\n", "r": "\r", "t": "\t"}
    return re.sub(r"\\(.)", lambda m: escapes.get(m[1], m[1]), literal[1:-1], flags=re.DOTALL)


def _holds(
    condition: tuple[str, str, tuple[str, ...]], document: Document, session: Session
) -> bool:
    key, operator, wanted_values = condition
    wanted = wanted_values[0]
    value = _value(key, document, session)
    if isinstance(value, tuple):
        # Of several values one is enough.
        return operator in ("=", "IN") and not set(wanted_values).isdisjoint(value)
    text = "" if value is None else str(value)
    match operator:
        case "IN":
            return text in wanted_values
        case "=":
            return text == wanted
        case "<>" | "!=":
            return text != wanted
        case "STARTSWITH":
            return text.startswith(wanted.rstrip("/") + "/")
        case "LIKE":
            pattern = "".join(
                ".*" if char == "%" else "." if char == "_" else re.escape(char) for char in wanted
            )
            return re.fullmatch(pattern, text, re.DOTALL) is not None
        case "IS NULL":
            return value is None
        case _:
            return value is not None


def _value(key: str, document: Document, session: Session) -> object:
    match key:
        case "ecm:uuid":
            return document.uid
        case "ecm:path":
            return session.path(document)
        case "ecm:name":
            return document.name
        case "ecm:primaryType":
            return document.type
        case "ecm:mixinType":
            return TYPES[document.type].facets
        case "ecm:parentId":
            return document.parent_uid
        case "ecm:isTrashed":
            return int(document.is_trashed)
        case "ecm:isVersion" | "ecm:isCheckedInVersion":
            return int(document.is_version)
        case "ecm:isProxy":
            return int(document.is_proxy)
        case "ecm:versionVersionableId" | "ecm:versionableId":
            return document.series_uid
        case "ecm:lockOwner":
            return document.lock_owner
        case "ecm:currentLifeCycleState":
            return document.state
    if key.startswith("ecm:"):
        raise NuxeoError(400, f"The sandbox does not know {key}")
    name, *steps = key.split("/")
    found: object = document.properties.get(name)
    for step in steps:
        found = found.get(step) if isinstance(found, dict) else None
    return found
