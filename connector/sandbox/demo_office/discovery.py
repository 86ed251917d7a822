"""The discovery document of the demo office."""

from __future__ import annotations

from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, SubElement, tostring

from connector.sandbox.demo_office.keys import PublishedKey

APPS = {
    "Word": ("docx",),
    "Excel": ("xlsx",),
    "PowerPoint": ("pptx",),
    "WopiTest": ("wopitest", "wopitestx"),
    "Text": ("txt",),
}
"""Apps, and the extensions that each opens."""

_PLACEHOLDERS = (
    "<ui=UI_LLCC&><rs=DC_LLCC&><dchat=DISABLE_CHAT&><hid=HOST_SESSION_ID&><sc=SESSION_CONTEXT&>"
    "<wopisrc=WOPI_SOURCE&><showpagestats=PERFSTATS&><IsLicensedUser=BUSINESS_USER&>"
    "<actnavid=ACTIVITY_NAVIGATION_ID&>"
)


def app_of(extension: str) -> str | None:
    """The app that opens files with this extension."""
    return next((app for app, known in APPS.items() if extension.lower() in known), None)


def discovery_xml(public_url: str, current: PublishedKey, former: PublishedKey) -> bytes:
    """The document that hosts read.

    Args:
        public_url: of the office, with a slash at the end.
        current: the key that X-WOPI-Proof is made with.
        former: the key that X-WOPI-ProofOld is made with.
    """
    root = Element("wopi-discovery")
    zone = SubElement(root, "net-zone", name=f"external-{urlsplit(public_url).scheme}")
    for app, extensions in APPS.items():
        icon = f"{public_url}static/{app.lower()}.svg"
        element = SubElement(zone, "app", name=app, favIconUrl=icon, checkLicense="true")
        for extension in extensions:
            for action in ("view", "edit"):
                attributes = {
                    "name": action,
                    "ext": extension,
                    "urlsrc": f"{public_url}we/{action}?{_PLACEHOLDERS}",
                }
                if action == "edit":
                    attributes |= {"default": "true", "requires": "locks,update"}
                SubElement(element, "action", attributes)
    SubElement(
        root,
        "proof-key",
        value=current.value,
        modulus=current.modulus,
        exponent=current.exponent,
        oldvalue=former.value,
        oldmodulus=former.modulus,
        oldexponent=former.exponent,
    )
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document
