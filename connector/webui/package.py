"""The Nuxeo package: what ``nuxeoctl mp-install`` takes.

A package has a bundle, which is a jar of XML and web resources, a configuration template, and what
to do with them. There is one for each kind of distribution, because what Web UI's own bundle is
called differs, and Nuxeo 2021 and later do not start with a component that requires another one
that is not there.

Source: WEBUI_SLOT 2 and 3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from connector.webui.archive import archive
from connector.webui.empty_documents import empty_documents

NAME = "nuxeo-wopi-connector"
"""Of the package, its template, and its folder below ``ui/``."""

_WEB = "web/nuxeo.war/ui/"
_BUNDLE = "org.nuxeo.wopi.connector.webui"
_COMPONENTS = ("OSGI-INF/web-resources.xml", "OSGI-INF/configuration.xml")
_MANIFEST_LINE = 72


@dataclass(frozen=True)
class Distribution:
    """A kind of Nuxeo distribution.

    Attributes:
        name: what Nuxeo calls it.
        versions: of Nuxeo, as a range in Maven's form.
        required: the component that makes Web UI's bundle, if ours has to wait for it.
        languages: by our file of translations, those of Web UI that it is added to: a file that is
            not there would be made, and have no other text.
    """

    name: str
    versions: str
    required: str | None
    languages: Mapping[str, tuple[str, ...]]


DISTRIBUTIONS: Mapping[str, Distribution] = {
    "lts": Distribution(
        "lts",
        "[2021.0,)",
        None,
        {
            "messages": ("messages",),
            "messages-fr": ("messages-fr", "messages-fr-FR", "messages-fr-CA"),
            "messages-de": ("messages-de",),
            "messages-es": ("messages-es-ES", "messages-es"),
        },
    ),
    "server": Distribution(
        "server",
        "[10.10,11)",
        "org.nuxeo.web.ui.resources",
        {
            "messages": ("messages",),
            "messages-fr": ("messages-fr", "messages-fr-FR"),
            "messages-de": ("messages-de",),
            "messages-es": ("messages-es-ES", "messages-es"),
        },
    ),
}
"""By name: LTS 2021 and later, and 10.10."""


def package(distribution: Distribution, version: str) -> bytes:
    """The package as a zip file; the same bytes each time.

    Args:
        distribution: what it is for.
        version: of the connector: digits, separated by dots.

    Raises:
        LibrariesMissing: the libraries that make empty documents are not installed.
    """
    jar = f"{NAME}-webui-{version}.jar"
    platform = {"@PLATFORM@": distribution.name, "@PLATFORM_VERSIONS@": distribution.versions}
    template = f"install/templates/{NAME}"
    return archive(
        {
            "package.xml": _filled("template/package.xml", {"@VERSION@": version, **platform}),
            "install.xml": _filled("template/install.xml", {"@JAR@": jar}),
            f"install/bundles/{jar}": bundle(distribution, version),
            f"{template}/nuxeo.defaults": _read("template/nuxeo.defaults"),
        }
    )


def bundle(distribution: Distribution, version: str) -> bytes:
    """The package's jar."""
    required = f"  <require>{distribution.required}</require>\n" if distribution.required else ""
    files = {
        "META-INF/MANIFEST.MF": _manifest(version),
        "OSGI-INF/deployment-fragment.xml": _filled(
            "osgi/deployment-fragment.xml", {"@APPENDED@": _appended(distribution.languages)}
        ),
        "OSGI-INF/web-resources.xml": _filled("osgi/web-resources.xml", {"@REQUIRED@": required}),
        "OSGI-INF/configuration.xml": _read("osgi/configuration.xml"),
    }
    ours = f"{_WEB}{NAME}"
    files[f"{ours}/{NAME}.html"] = _read(f"web/{NAME}.html")
    files |= {f"{ours}/images/{name}": _read(f"web/images/{name}") for name in _names("web/images")}
    for extension, content in empty_documents().items():
        files[f"{ours}/empty/empty.{extension}"] = content
    files |= {
        f"{_WEB}i18n/{name}.json": _read(f"web/i18n/{name}.json") for name in distribution.languages
    }
    return archive(files)


def _manifest(version: str) -> bytes:
    lines = (
        "Manifest-Version: 1.0",
        "Bundle-ManifestVersion: 2",
        "Bundle-Name: Nuxeo WOPI Connector for Web UI",
        f"Bundle-SymbolicName: {_BUNDLE};singleton:=true",
        f"Bundle-Version: {_bundle_version(version)}",
        f"Bundle-Vendor: {NAME}",
        f"Nuxeo-Component: {','.join(_COMPONENTS)}",
    )
    return "".join(f"{_folded(line)}\r\n" for line in lines).encode()


def _bundle_version(version: str) -> str:
    """OSGi wants up to three numbers."""
    return ".".join([*re.findall(r"\d+", version), "0", "0", "0"][:3])


def _folded(line: str) -> str:
    """A line of more than 72 bytes goes on in the next, which begins with a space."""
    first, rest = line[:_MANIFEST_LINE], line[_MANIFEST_LINE:]
    step = _MANIFEST_LINE - 1
    return "\r\n ".join([first, *(rest[at : at + step] for at in range(0, len(rest), step))])


def _appended(languages: Mapping[str, tuple[str, ...]]) -> str:
    return "".join(
        f'    <append from="${{bundle.fileName}}.tmp/{_WEB}i18n/{ours}.json"'
        f' to="nuxeo.war/ui/i18n/{theirs}.json" addNewLine="true"/>\n'
        for ours, all_theirs in languages.items()
        for theirs in all_theirs
    )


def _filled(path: str, values: Mapping[str, str]) -> bytes:
    text = _read(path).decode()
    for name, value in values.items():
        text = text.replace(name, value)
    return text.encode()


def _read(path: str) -> bytes:
    return resources.files(__package__).joinpath(path).read_bytes()


def _names(folder: str) -> list[str]:
    return sorted(each.name for each in resources.files(__package__).joinpath(folder).iterdir())
