"""CheckFileInfo: a pure function of document, user, grant and office client.

Source: the page "CheckFileInfo". Properties are typed as the JSON schema of Microsoft's validator
wants them: booleans are booleans, URLs are absolute, nothing is null.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from connector.file_reference import MAIN_FILE_XPATH, FileReference
from connector.links import Links
from connector.nuxeo_gateway.documents import Blob, Document
from connector.wopi import filenames
from connector.wopi.access_token import AccessToken
from connector.wopi.clients import ClientProfile, Restriction

SHARE_URL_TYPES = ("ReadOnly", "ReadWrite")
"""The types of addresses that GetShareUrl has for files."""

_UNWELCOME_IN_USER_IDS = frozenset('<>"#{}^[]`\\/,')


def check_file_info(
    document: Document,
    blob: Blob,
    *,
    reference: FileReference,
    token: AccessToken,
    version: str,
    can_write: bool,
    is_convertible: bool,
    links: Links,
    brand_name: str,
    business_user: bool | None,
    user_info: str | None = None,
) -> dict[str, Any]:
    """The answer to CheckFileInfo.

    Args:
        document: as the user sees it, with its ancestors.
        blob: the file itself.
        reference: which blob of the document it is.
        token: who asks, and with what grant.
        version: the file's ``Version``.
        can_write: whether the user may change the file now.
        is_convertible: whether the client converts such a file before it is edited.
        links: makes the URLs.
        brand_name: the first part of the breadcrumb.
        business_user: whether the client is to check for a subscription; ``None`` if it never does.
        user_info: what an office client has left for the user with PutUserInfo.
    """
    extension = PurePosixPath(blob.name).suffix
    page = document.repository, document.uid
    info: dict[str, Any] = {
        "BaseFileName": blob.name,
        "OwnerId": user_id(document.creator or "unknown"),
        "Size": blob.length,
        "UserId": user_id(token.user),
        "Version": version,
        "SupportsLocks": True,
        "SupportsGetLock": True,
        "SupportsExtendedLockLength": True,
        "SupportsUpdate": True,
        "SupportsRename": True,
        "SupportsDeleteFile": can_delete(reference) and not document.is_trashed,
        "SupportsUserInfo": True,
        "SupportsAddActivities": True,
        "SupportedShareUrlTypes": list(SHARE_URL_TYPES),
        "UserFriendlyName": token.user_name,
        "IsAnonymousUser": False,
        "ReadOnly": not can_write,
        "UserCanWrite": can_write,
        "UserCanRename": can_write,
        # A conversion replaces the file and needs no right to add another.
        "UserCanNotWriteRelative": document.is_in_trash
        or not (_may_add_neighbours(document) or (can_write and is_convertible)),
        "FileNameMaxLength": filenames.MAX_LENGTH - len(extension),
        "BreadcrumbBrandName": brand_name,
        "BreadcrumbBrandUrl": links.brand,
        "BreadcrumbDocName": document.title or blob.name,
        "CloseUrl": links.document(*page),
        "DownloadUrl": links.download(reference, blob.name),
        "FileVersionUrl": links.document(*page, tab="history"),
        "HostEditUrl": links.host_page("edit", reference, token.client),
        "HostEmbeddedViewUrl": links.host_page("embedview", reference, token.client),
        "HostViewUrl": links.host_page("view", reference, token.client),
        "PostMessageOrigin": links.host_origin,
        "SignoutUrl": links.sign_out,
    }
    if user_info is not None:
        info["UserInfo"] = user_info
    if business_user is not None:
        info["LicenseCheckForEditIsEnabled"] = business_user
    if "WriteSecurity" in document.permissions:
        info["FileSharingUrl"] = links.document(*page, tab="permissions")
    if extension:
        info["FileExtension"] = extension
    if document.ancestors:
        folder = document.ancestors[-1]
        info["BreadcrumbFolderName"] = folder.title
        info["BreadcrumbFolderUrl"] = links.document(document.repository, folder.uid)
    modified = wopi_time(document.last_modified)
    if modified:
        info["LastModifiedTime"] = modified
    sha256 = _sha256(blob)
    if sha256:
        info["SHA256"] = sha256
    return info


def restricted(
    info: dict[str, Any],
    profile: ClientProfile,
    restrictions: Sequence[Restriction],
    *,
    can_write: bool,
) -> dict[str, Any]:
    """``info`` with what keeps a client of this kind from offering what is withheld."""
    effects = [profile.restrictions[each] for each in restrictions if each in profile.restrictions]
    told = dict(info)
    for effect in effects:
        told |= effect.sets
        if not can_write:
            told |= effect.sets_for_readers
    omitted = frozenset[str]().union(*(effect.omits for effect in effects))
    return {name: value for name, value in told.items() if name not in omitted}


def can_delete(reference: FileReference) -> bool:
    """Whether DeleteFile is for this file: it is for main files."""
    return reference.xpath == MAIN_FILE_XPATH


def _may_add_neighbours(document: Document) -> bool:
    """Whether the user may add documents to the folder; no if they may not even read it."""
    return bool(document.ancestors) and "AddChildren" in document.ancestors[-1].permissions


def _sha256(blob: Blob) -> str | None:
    """The content's SHA-256 in base64, where Nuxeo's storage happens to use that digest."""
    if not blob.digest or (blob.digest_algorithm or "").upper() != "SHA-256":
        return None
    try:
        return base64.b64encode(bytes.fromhex(blob.digest)).decode()
    except ValueError:
        return None


def user_id(user: str) -> str:
    """A login name as UserId and OwnerId.

    Most names stay as they are. One with a character that some clients cannot cope with is written
    in UTF-8 hexadecimal behind a tilde, so that two users never share an id.
    """
    plain = all(" " < char <= "~" and char not in _UNWELCOME_IN_USER_IDS for char in user)
    return user if plain and not user.startswith("~") else f"~{user.encode().hex()}"


def user_of_id(text: str) -> str:
    """The login name that a UserId of ours stands for; any other text stands for itself."""
    if text.startswith("~"):
        with suppress(ValueError):
            return bytes.fromhex(text[1:]).decode()
    return text


def wopi_time(nuxeo_time: str | None) -> str | None:
    """Nuxeo's time as WOPI writes it: UTC, always seven fraction digits.

    Collabora compares the text that CheckFileInfo gave with the one PutFile gives, so there is one
    way only to write a time. ``None`` for what is no time.
    """
    if not nuxeo_time:
        return None
    try:
        moment = datetime.fromisoformat(nuxeo_time)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    # isoformat, because strftime does not pad years everywhere.
    return f"{moment.replace(tzinfo=None).isoformat(timespec='microseconds')}0Z"
