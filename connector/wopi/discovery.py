"""WOPI discovery: what an office client can open, and where. Parsing only, no I/O.

Source: the page "WOPI discovery"; Collabora's and ONLYOFFICE's documents differ in the names of
their apps and in the attributes they leave out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from connector.web_address import canonical, origin_of
from connector.wopi.clients import ClientProfile, profile_of
from connector.wopi.proof import ProofKeys, ProofKeyUnusable, read_keys

_APP_NAMES = {
    "word": "Word",
    "excel": "Excel",
    "powerpoint": "PowerPoint",
    "wopitest": "WopiTest",
    "writer": "Writer",
    "calc": "Calc",
    "impress": "Impress",
    "draw": "Draw",
}
_FAMILIES = {
    "Writer": ("doc", "docx", "docm", "dot", "dotx", "odt", "ott", "rtf", "txt"),
    "Calc": ("xls", "xlsx", "xlsm", "xlsb", "ods", "ots", "csv"),
    "Impress": ("ppt", "pptx", "pptm", "ppsx", "odp", "otp"),
    "Draw": ("odg", "otg", "vsd", "vsdx"),
}


class InvalidDiscovery(ValueError):
    """A document that is no WOPI discovery."""


@dataclass(frozen=True)
class Action:
    """One thing an app can do with one kind of file.

    ``urlsrc`` still has its placeholders, none of them before its path; its origin and that of
    ``favicon`` are as browsers write them. ``extension`` is in lower case without a dot, and so is
    ``target_extension``, of the files that "convert" makes.
    """

    app: str
    name: str
    extension: str
    urlsrc: str
    favicon: str | None
    is_default: bool
    target_extension: str | None = None


@dataclass(frozen=True)
class Discovery:
    """What an office client published."""

    actions: Mapping[tuple[str, str], Action]
    origins: tuple[str, ...]
    client: ClientProfile
    proof_keys: ProofKeys | None

    def action(self, extension: str, name: str) -> Action | None:
        """The action for files with this extension (any case, no dot)."""
        return self.actions.get((extension.lower(), name))

    def view_action(self, extension: str) -> Action | None:
        """How to view such a file.

        Collabora lists only ``edit`` for what it can edit and views through the same URL: what it
        lets a user do there follows from CheckFileInfo.
        """
        return self.action(extension, "view") or self.action(extension, "edit")


def parse(document: bytes, *, prefer_https: bool = True) -> Discovery:
    """Read a discovery document.

    Args:
        document: the XML.
        prefer_https: which of several net zones to take, by how host pages are reached.

    Raises:
        InvalidDiscovery: if it is not XML, tries an XML attack, lists nothing that can be used, or
            has proof keys that are none.
    """
    try:
        root = fromstring(document, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise InvalidDiscovery(f"not safe, well-formed XML ({type(error).__name__})") from error
    zones = list(root.iter("net-zone"))
    if root.tag != "wopi-discovery" or not zones:
        raise InvalidDiscovery("no <wopi-discovery> with a <net-zone>")
    for zone in sorted(zones, key=lambda zone: _rank(zone, prefer_https)):
        actions = _best(_actions(zone))
        if actions:
            urls = tuple(action.urlsrc for action in actions.values())
            origins = tuple(sorted(set(map(origin_of, urls))))
            return Discovery(actions, origins, profile_of(urls), _proof_keys(root))
    raise InvalidDiscovery("no action for any kind of file")


def _proof_keys(root: Element) -> ProofKeys | None:
    element = root.find("proof-key")
    if element is None:
        return None
    try:
        return read_keys(element.attrib)
    except ProofKeyUnusable as error:
        raise InvalidDiscovery(str(error)) from error


def _rank(zone: Element, prefer_https: bool) -> tuple[bool, bool]:
    name = zone.get("name", "").lower()
    return (name.endswith("https") != prefer_https, not name.startswith("external"))


def _best(actions: Iterable[Action]) -> dict[tuple[str, str], Action]:
    """One action for each kind of file and name: the default one, else the first."""
    best: dict[tuple[str, str], Action] = {}
    for action in actions:
        key = (action.extension, action.name)
        known = best.get(key)
        if known is None or (action.is_default and not known.is_default):
            best[key] = action
    return best


def _actions(zone: Element) -> Iterable[Action]:
    for app in zone.iter("app"):
        for action in app.iter("action"):
            name = action.get("name", "").strip()
            extension = _extension(action.get("ext", ""))
            urlsrc = _web_address(action.get("urlsrc"))
            if name and extension and urlsrc:
                yield Action(
                    app=_app_name(app.get("name", ""), extension),
                    name=name,
                    extension=extension,
                    urlsrc=urlsrc,
                    favicon=_web_address(app.get("favIconUrl")),
                    is_default=action.get("default", "").lower() == "true",
                    target_extension=_extension(action.get("targetext", "")) or None,
                )


def _extension(published: str) -> str:
    return published.strip().lower().removeprefix(".")


def _app_name(name: str, extension: str) -> str:
    """A name for people. Collabora has apps named after MIME types, ONLYOFFICE after Office's."""
    known = _APP_NAMES.get(name.strip().lower())
    if known:
        return known
    if "/" in name or not name.strip():
        for family, extensions in _FAMILIES.items():
            if extension in extensions:
                return family
        return "Office"
    return name.strip()


def _web_address(published: str | None) -> str | None:
    """An address that can stand in a page and its policy; ``None`` if it is none.

    A placeholder in its host is not taken: filled in, it would lead somewhere else.
    """
    try:
        return canonical((published or "").strip())
    except ValueError:
        return None
