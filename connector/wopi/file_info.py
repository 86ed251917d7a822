"""CheckFileInfo: a pure function of document, user and grant.

Source: the page "CheckFileInfo". Properties are typed as the JSON schema of Microsoft's validator
wants them: booleans are booleans, URLs are absolute, nothing is null.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from connector.file_reference import FileReference
from connector.links import Links
from connector.nuxeo_gateway.documents import Blob, Document
from connector.wopi.access_token import AccessToken

_UNWELCOME_IN_USER_IDS = frozenset('<>"#{}^[]`\\/,')


def check_file_info(
    document: Document,
    blob: Blob,
    *,
    reference: FileReference,
    token: AccessToken,
    version: str,
    can_write: bool,
    links: Links,
    brand_name: str,
    business_user: bool,
) -> dict[str, Any]:
    """The answer to CheckFileInfo.

    Args:
        document: as the user sees it, with its ancestors.
        blob: the file itself.
        reference: which blob of the document it is.
        token: who asks, and with what grant.
        version: the file's ``Version``.
        can_write: whether the user may change the file now.
        links: makes the URLs.
        brand_name: the first part of the breadcrumb.
        business_user: whether Microsoft is to check for a subscription.
    """
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
        "SupportsRename": False,
        "UserFriendlyName": token.user_name,
        "IsAnonymousUser": False,
        "LicenseCheckForEditIsEnabled": business_user,
        "ReadOnly": not can_write,
        "UserCanWrite": can_write,
        "UserCanRename": False,
        # PutRelativeFile is not offered: clients hide "Save as".
        "UserCanNotWriteRelative": True,
        "BreadcrumbBrandName": brand_name,
        "BreadcrumbBrandUrl": links.brand,
        "BreadcrumbDocName": document.title or blob.name,
        "CloseUrl": links.document(document.repository, document.uid),
        "DownloadUrl": links.download(reference, blob.name),
        "HostEditUrl": links.host_page("edit", reference),
        "HostViewUrl": links.host_page("view", reference),
        "PostMessageOrigin": links.host_origin,
        "SignoutUrl": links.sign_out,
    }
    extension = PurePosixPath(blob.name).suffix
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
