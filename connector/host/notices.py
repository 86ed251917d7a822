"""What the host page tells people about how a file was opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from connector.host.opening import Choice, Opening
from connector.host.translations import N_, Texts
from connector.nuxeo_gateway.documents import Blob, Document
from connector.nuxeo_gateway.permissions import ReadOnlyReason

_READ_ONLY: Mapping[ReadOnlyReason, str] = {
    ReadOnlyReason.TRASHED: N_(
        "You can read this document but not change it: the document is in the trash."
    ),
    ReadOnlyReason.VERSION: N_(
        "You can read this document but not change it: it is an archived version."
    ),
    ReadOnlyReason.PROXY: N_(
        "You can read this document but not change it: it is a published copy."
    ),
    ReadOnlyReason.RECORD: N_(
        "You can read this document but not change it: it is a record or under legal hold."
    ),
    ReadOnlyReason.LOCKED: N_("Locked by {holder} in Nuxeo. You can read the document meanwhile."),
    ReadOnlyReason.NO_PERMISSION: N_(
        "You can read this document but have no permission to change it."
    ),
}


def notices(
    choice: Choice,
    document: Document,
    blob: Blob,
    _: Texts,
    *,
    wanted: str | None,
    display_name: Callable[[str], str],
) -> Iterator[str]:
    """Sentences, each about one thing that is not as the user might expect.

    Args:
        choice: how the file is opened, and where.
        document: as the user sees it.
        blob: the file.
        _: the user's language.
        wanted: what people call the office client that the user chose; ``None`` if they chose
            none, or one that there is not (its name is anybody's text, from a link).
        display_name: a login name to the name of the person.
    """
    label, opening = choice.candidate.label, choice.candidate.opening
    if choice.joins:
        yield _("This file is being edited in {app}, so it opens there, too.").format(app=label)
        if choice.instead_of is not None:
            yield _("It can be opened in {app} when everybody has closed it there.").format(
                app=choice.instead_of.label
            )
    elif choice.missed and wanted is not None:
        yield _("{wanted} cannot open this file at the moment. It opens in {app}.").format(
            wanted=wanted, app=label
        )
    if opening.is_conversion:
        yield _conversion(opening, blob, _)
    if opening.not_editable:
        yield _("{app} can show files of this kind but not change them.").format(
            app=opening.action.app
        )
    if opening.is_joinable:
        yield _("{holder} is editing this document. You can edit it at the same time.").format(
            holder=display_name(document.lock_owner or "")
        )
    reason = opening.read_only_reason
    if reason is not None:
        is_locked = reason is ReadOnlyReason.LOCKED
        holder = display_name(document.lock_owner or "") if is_locked else ""
        yield _(_READ_ONLY[reason]).format(holder=holder)


def _conversion(opening: Opening, blob: Blob, _: Texts) -> str:
    target = opening.action.target_extension
    if target:
        return _(
            "{file} is made into a .{extension} file so that it can be edited. The file as it was"
            " is kept among the document's versions."
        ).format(file=blob.name, extension=target)
    return _(
        "{file} is made into a newer format so that it can be edited. The file as it was is kept"
        " among the document's versions."
    ).format(file=blob.name)
