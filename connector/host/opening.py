"""What a user gets who asks to open a file, and in which office client: pure decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from connector.host.asked import HostAction
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
        is_joinable: whether a user who asked to view could edit the file together with others.
    """

    action: Action
    grant: Grant
    read_only_reason: ReadOnlyReason | None = None
    not_editable: bool = False
    is_joinable: bool = False

    @property
    def is_conversion(self) -> bool:
        """Whether the file is made into one of a newer format first."""
        return self.action.name == "convert"


@dataclass(frozen=True)
class Candidate:
    """An office client that can open the file, and how it would.

    Attributes:
        name: as configured.
        label: its name for people.
        discovery: what it publishes.
        opening: how it would open the file.
    """

    name: str
    label: str
    discovery: Discovery
    opening: Opening


@dataclass(frozen=True)
class Choice:
    """The office client that a file is opened in.

    Attributes:
        candidate: the client.
        others: clients that would do as well.
        joins: whether it is that client because the file is being edited there, where the user
            would have got another.
        instead_of: the client that they chose and do not get for that reason.
        missed: whether the user's wish could not be met for another reason.
    """

    candidate: Candidate
    others: tuple[Candidate, ...] = ()
    joins: bool = False
    instead_of: Candidate | None = None
    missed: bool = False


def extension_of(blob: Blob) -> str:
    """The file name's extension in lower case, without the dot."""
    return PurePosixPath(blob.name).suffix.removeprefix(".").lower()


def decide(
    asked: HostAction,
    extension: str,
    discovery: Discovery,
    obstacle: ReadOnlyReason | None,
    *,
    is_empty: bool = False,
    on_phone: bool = False,
    is_shared: bool = False,
) -> Opening | None:
    """How an office client opens a file; ``None`` if it knows nothing of such files.

    Args:
        asked: what the user wants.
        extension: of the file.
        discovery: what the office client can do.
        obstacle: why the user cannot change the file, if so.
        is_empty: whether the file has no bytes: it is yet to be made from the client's template.
        on_phone: whether the user's screen is a phone's.
        is_shared: whether somebody else has the document's lock for a session that the user may
            join.
    """
    view = _first(discovery, extension, *_views(asked, on_phone=on_phone))
    if view is None:
        view = discovery.view_action(extension)
    edit = _first(discovery, extension, *_edits(is_empty=is_empty, on_phone=on_phone))
    if asked.grant is Grant.VIEW:
        # Web UI shows who might edit no more than a view while somebody else has the lock.
        may_ask = asked is HostAction.VIEW and edit is not None
        is_locked = may_ask and obstacle is ReadOnlyReason.LOCKED
        reason = ReadOnlyReason.LOCKED if is_locked else None
        if view is None:
            return None
        return Opening(view, Grant.VIEW, reason, is_joinable=may_ask and is_shared)
    if edit is not None and obstacle is None:
        return Opening(edit, Grant.EDIT)
    if view is None:
        return None
    if edit is None:
        return Opening(view, Grant.VIEW, not_editable=True)
    return Opening(view, Grant.VIEW, read_only_reason=obstacle)


def choose(
    candidates: Sequence[Candidate], *, wanted: str | None, running_in: str | None
) -> Choice | None:
    """The office client to open a file in; ``None`` if none can.

    Args:
        candidates: that can open the file, the preferred one first.
        wanted: the name of the one that the user chose, if any.
        running_in: the name of the one in which it is being edited, if it is. Two clients cannot
            edit a file together, so that everybody else goes there too.
    """
    if not candidates:
        return None
    by_name = {candidate.name: candidate for candidate in candidates}
    # One that can do what was asked goes before one that can only show the file.
    best = max(candidate.opening.grant is Grant.EDIT for candidate in candidates)
    able = [each for each in candidates if (each.opening.grant is Grant.EDIT) is best]
    own_way = by_name.get(wanted or "", able[0])
    if running_in in by_name:
        joins = running_in != own_way.name
        wished = by_name.get(wanted or "") if joins else None
        return Choice(by_name[running_in], joins=joins, instead_of=wished)
    others = tuple(each for each in able if each is not own_way)
    return Choice(own_way, others, missed=wanted not in (None, own_way.name))


def _views(asked: HostAction, *, on_phone: bool) -> tuple[str, ...]:
    if asked is HostAction.EMBED_VIEW:
        return ("embedview",)
    return ("mobileView",) if on_phone else ()


def _edits(*, is_empty: bool, on_phone: bool) -> tuple[str, ...]:
    """What editing may come to, whichever action it was asked by.

    A file without bytes is nothing that could be edited but by "editnew"; one that can be edited as
    it is has no need of "convert".
    """
    first = ("editnew",) if is_empty else ()
    return (*first, *(("mobileEdit",) if on_phone else ()), "edit", "convert")


def _first(discovery: Discovery, extension: str, *names: str) -> Action | None:
    found = (discovery.action(extension, name) for name in names)
    return next((action for action in found if action is not None), None)
