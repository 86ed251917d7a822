"""How office clients differ, as data: one record a kind, no conditions elsewhere.

What a client can be asked to withhold from users differs most. The records say by which properties
of CheckFileInfo; ``docs/check-file-info.md`` says what comes of it.

Sources: Microsoft's pages "CheckFileInfo" and "Customizing using CheckFileInfo properties";
[MS-WOPI] 3.3.5.1.2; Collabora's ``wsd/Storage.cpp``; ONLYOFFICE's ``wopiClient.js`` and
``DocsCoServer.js``. Of messages and frames: Microsoft's pages "PostMessage", "Customizing using
CheckFileInfo properties" and "Building a host page"; Collabora's ``Map.WOPI.js`` and its page
"PostMessage API"; ONLYOFFICE's pages "PostMessage" and "Host page".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class ProofMode(StrEnum):
    """Whether the calls of an office client must be signed."""

    REQUIRED = "required"
    IF_PUBLISHED = "ifPublished"
    OFF = "off"


class Restriction(StrEnum):
    """Something that users shall not do with what they may open."""

    PRINT = "print"
    COPY = "copy"
    DOWNLOAD = "download"
    EXPORT = "export"


@dataclass(frozen=True)
class Effect:
    """What a restriction does to CheckFileInfo.

    Attributes:
        sets: properties and their values.
        sets_for_readers: further ones for users who cannot change the file.
        omits: properties that are left out.
    """

    sets: Mapping[str, object] = field(default_factory=dict)
    sets_for_readers: Mapping[str, object] = field(default_factory=dict)
    omits: frozenset[str] = frozenset()


_NO_DOWNLOAD = frozenset({"DownloadUrl"})


@dataclass(frozen=True)
class ClientProfile:
    """What one kind of office client wants.

    Attributes:
        kind: its name in the configuration.
        marks: matches the ``urlsrc`` of this kind's actions.
        proof: whether its calls must be signed, unless the configuration says otherwise.
        language_parameter: query parameter for the language where ``urlsrc`` has no placeholder.
        frame_sources: what its frame may go on to beside the origins in its discovery (CSP).
        checks_licences: whether it asks business users for a subscription.
        restrictions: what it makes of each restriction; none for what it cannot be told.
        message_flags: properties of CheckFileInfo that have it tell the host page of a click
            instead of going somewhere by itself, each with the property without which there is
            nothing to click.
        token_message: the message by which the host page hands it another access token while a file
            is open; ``None`` for one that has to be loaded anew.
        encodes_names: whether the name in its message File_Rename is percent-encoded.
        frame_parameters: query parameters that have it show what the host page has an answer to.
        frame_features: browser features that its frame may use, beside clipboard and full screen.
    """

    kind: str
    marks: re.Pattern[str]
    proof: ProofMode = ProofMode.IF_PUBLISHED
    language_parameter: str | None = None
    frame_sources: tuple[str, ...] = ()
    checks_licences: bool = False
    restrictions: Mapping[Restriction, Effect] = field(default_factory=dict)
    message_flags: Mapping[str, str] = field(default_factory=dict)
    token_message: str | None = None
    encodes_names: bool = False
    frame_parameters: Mapping[str, str] = field(default_factory=dict)
    frame_features: tuple[str, ...] = ()


_MICROSOFT_FLAGS: Mapping[str, str] = {
    "ClosePostMessage": "CloseUrl",
    "EditModePostMessage": "HostEditUrl",
    "FileSharingPostMessage": "FileSharingUrl",
    "FileVersionPostMessage": "FileVersionUrl",
}
# Its other messages come unasked.
_COLLABORA_FLAGS: Mapping[str, str] = {"EnableShare": "FileSharingUrl"}
_MICROSOFT_RESTRICTIONS: Mapping[Restriction, Effect] = {
    Restriction.PRINT: Effect({"DisablePrint": True}),
    # Excel alone respects it.
    Restriction.COPY: Effect({"CopyPasteRestrictions": "BlockAll"}),
    # "Download as PDF" goes with "Download": there is no other switch for it.
    Restriction.DOWNLOAD: Effect(
        sets_for_readers={"RestrictedWebViewOnly": True}, omits=_NO_DOWNLOAD
    ),
    Restriction.EXPORT: Effect(omits=_NO_DOWNLOAD),
}
_NO_COLLABORA_EXPORT = {"DisableExport": True, "HideExportOption": True}

MICROSOFT = ClientProfile(
    "microsoft",
    re.compile(r"^https://[^/?#]*officeapps(-df)?\.live\.com(?=[:/?#]|$)", re.IGNORECASE),
    proof=ProofMode.REQUIRED,
    # Where a business user signs in on the way to the editor.
    frame_sources=(
        "https://*.officeapps.live.com",
        "https://*.office.com",
        "https://login.microsoftonline.com",
        "https://login.live.com",
    ),
    checks_licences=True,
    restrictions=_MICROSOFT_RESTRICTIONS,
    message_flags=_MICROSOFT_FLAGS,
)
OFFICE_ONLINE_SERVER = ClientProfile(
    "oos",
    re.compile(r"/(wv|we|p|x|m|o|op)/[^?<#]*\.aspx", re.IGNORECASE),
    proof=ProofMode.REQUIRED,
    restrictions=_MICROSOFT_RESTRICTIONS,
    message_flags=_MICROSOFT_FLAGS,
)
COLLABORA = ClientProfile(
    "collabora",
    re.compile(r"/(cool|loleaflet)\.html"),
    language_parameter="lang",
    restrictions={
        Restriction.PRINT: Effect({"DisablePrint": True, "HidePrintOption": True}),
        Restriction.COPY: Effect({"DisableCopy": True}),
        # A download is an export in the file's own format.
        Restriction.DOWNLOAD: Effect(_NO_COLLABORA_EXPORT, omits=_NO_DOWNLOAD),
        Restriction.EXPORT: Effect(_NO_COLLABORA_EXPORT),
    },
    message_flags=_COLLABORA_FLAGS,
    token_message="Reset_Access_Token",  # noqa: S106 - the name of a message
    encodes_names=True,
    frame_parameters={"closebutton": "1", "revisionhistory": "1"},
)
ONLYOFFICE = ClientProfile(
    "onlyoffice",
    re.compile(r"/hosting/wopi/"),
    language_parameter="ui",
    restrictions={
        Restriction.PRINT: Effect({"DisablePrint": True, "HidePrintOption": True}),
        Restriction.COPY: Effect({"CopyPasteRestrictions": "BlockAll"}),
        # Its own menu has "Download as", which WOPI gives no word in.
        Restriction.DOWNLOAD: Effect(omits=_NO_DOWNLOAD),
    },
    message_flags=_MICROSOFT_FLAGS,
    frame_features=("autoplay", "camera", "microphone", "display-capture"),
)
OTHER = ClientProfile(
    "other",
    re.compile(r"(?!)"),
    checks_licences=True,
    # Every name that there is: what a client does not know it leaves alone.
    restrictions={
        Restriction.PRINT: Effect({"DisablePrint": True, "HidePrintOption": True}),
        Restriction.COPY: Effect({"CopyPasteRestrictions": "BlockAll", "DisableCopy": True}),
        Restriction.DOWNLOAD: Effect(
            _NO_COLLABORA_EXPORT, {"RestrictedWebViewOnly": True}, _NO_DOWNLOAD
        ),
        Restriction.EXPORT: Effect(_NO_COLLABORA_EXPORT),
    },
    message_flags={**_MICROSOFT_FLAGS, **_COLLABORA_FLAGS},
)
"""Whatever keeps to Microsoft's documentation."""

# The first whose marks are found. Microsoft 365 has the paths of Office Online Server, too.
PROFILES = (MICROSOFT, OFFICE_ONLINE_SERVER, COLLABORA, ONLYOFFICE, OTHER)
"""Every kind of client."""

BY_KIND: Mapping[str, ClientProfile] = {profile.kind: profile for profile in PROFILES}


def profile_of(urlsrcs: Iterable[str]) -> ClientProfile:
    """The kind of client whose discovery has these ``urlsrc`` values."""
    values = tuple(urlsrcs)
    for profile in PROFILES:
        if any(profile.marks.search(value) for value in values):
            return profile
    return OTHER
