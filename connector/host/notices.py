"""What the host page tells people about how a file was opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from connector.host.opening import Choice, Opening
from connector.nuxeo_gateway.documents import Blob, Document
from connector.nuxeo_gateway.permissions import ReadOnlyReason


def notices(
    choice: Choice,
    document: Document,
    blob: Blob,
    *,
    wanted: str | None,
    display_name: Callable[[str], str],
) -> Iterator[str]:
    """Sentences, each about one thing that is not as the user might expect.

    Args:
        choice: how the file is opened, and where.
        document: as the user sees it.
        blob: the file.
        wanted: what people call the office client that the user chose; ``None`` if they chose
            none, or one that there is not (its name is anybody's text, from a link).
        display_name: a login name to the name of the person.
    """
    label, opening = choice.candidate.label, choice.candidate.opening
    if choice.joins:
        yield f"This file is being edited in {label}, so it opens there, too."
        if choice.instead_of is not None:
            other = choice.instead_of.label
            yield f"It can be opened in {other} when everybody has closed it there."
    elif choice.missed and wanted is not None:
        yield f"{wanted} cannot open this file at the moment. It opens in {label}."
    if opening.is_conversion:
        yield _conversion(opening, blob)
    if opening.not_editable:
        yield f"{opening.action.app} can show files of this kind but not change them."
    match opening.read_only_reason:
        case None:
            return
        case ReadOnlyReason.LOCKED:
            holder = display_name(document.lock_owner or "")
            yield f"Locked by {holder} in Nuxeo. You can read the document meanwhile."
        case ReadOnlyReason.NO_PERMISSION:
            yield "You can read this document but have no permission to change it."
        case reason:
            yield f"You can read this document but not change it: {reason.value}."


def _conversion(opening: Opening, blob: Blob) -> str:
    target = opening.action.target_extension
    into = f"a .{target} file" if target else "a newer format"
    return (
        f"{blob.name} is made into {into} so that it can be edited. The file as it was is kept "
        "among the document's versions."
    )
