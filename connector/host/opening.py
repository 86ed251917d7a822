"""What a user gets who asks to open a file: pure decisions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from connector.nuxeo_gateway.documents import Blob
from connector.nuxeo_gateway.permissions import ReadOnlyReason
from connector.wopi.access_token import Grant
from connector.wopi.discovery import Action, Discovery


@dataclass(frozen=True)
class Opening:
    """How a file is opened.

    Attributes:
        action: the office client's action.
        grant: what the access token is for.
        read_only_reason: why a user who asked to edit only gets to view, if Nuxeo is the reason.
        not_editable: whether the office client is the reason: it can show such files only.
    """

    action: Action
    grant: Grant
    read_only_reason: ReadOnlyReason | None = None
    not_editable: bool = False


def extension_of(blob: Blob) -> str:
    """The file name's extension in lower case, without the dot."""
    return PurePosixPath(blob.name).suffix.removeprefix(".").lower()


def decide(
    asked: Grant, extension: str, discovery: Discovery, obstacle: ReadOnlyReason | None
) -> Opening | None:
    """How to open a file; ``None`` if the office client knows nothing of such files.

    Args:
        asked: what the user wants.
        extension: of the file.
        discovery: what the office client can do.
        obstacle: why the user cannot change the file, if so.
    """
    view = discovery.view_action(extension)
    edit = discovery.action(extension, "edit")
    if view is None:
        return None
    if asked is Grant.VIEW:
        return Opening(view, Grant.VIEW)
    if edit is None:
        return Opening(view, Grant.VIEW, not_editable=True)
    if obstacle is not None:
        return Opening(view, Grant.VIEW, read_only_reason=obstacle)
    return Opening(edit, Grant.EDIT)
