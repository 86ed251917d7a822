"""What a new file or container is to be called: the two modes that WOPI has for it. Pure.

In *specific* mode (X-WOPI-RelativeTarget) the name is used as it is or refused; in *suggested* mode
(X-WOPI-SuggestedTarget) the host makes of it what it can, and never refuses.

Source: the pages PutRelativeFile, CreateChildFile and CreateChildContainer.
"""

from __future__ import annotations

from dataclasses import dataclass

from connector.wopi import filenames
from connector.wopi.errors import (
    BadRequest,
    LockMismatch,
    NotImplementedOperation,
    header_text,
)


@dataclass(frozen=True)
class Target:
    """What the client asked for.

    Attributes:
        name: as it came, decoded.
        is_exact: specific mode.
        overwrite: whether a file of that name may be replaced; in specific mode only.
    """

    name: str
    is_exact: bool
    overwrite: bool = False


class IllegalName(BadRequest):
    """400: a name that nothing may have.

    Args:
        reason: what is wrong with it.
        header: the response header that WOPI has for the reason.
        legal: the legal name nearest to it.
        valid: one that is also free, which clients try next; ``None`` if it is not known.
    """

    def __init__(self, reason: str, header: str, legal: str, valid: str | None = None) -> None:
        super().__init__(reason)
        self.legal = legal
        self._header = header
        self.headers = {**self.headers, header: header_text(reason), **_valid(valid)}

    def with_valid(self, valid: str) -> IllegalName:
        """The same, with a name that would do."""
        return IllegalName(self.reason, self._header, self.legal, valid)


class NameTaken(LockMismatch):
    """409: something of that name is there already.

    Args:
        valid: a name that is free, if it is known.
        lock_id: the WOPI lock on what has the name; empty where there is none.
    """

    def __init__(self, valid: str | None = None, lock_id: str = "") -> None:
        super().__init__(lock_id, "the name is taken")
        self.headers = {**self.headers, **_valid(valid)}


FILE = "X-WOPI-InvalidFileNameError"
CONTAINER = "X-WOPI-InvalidContainerNameError"


def read_target(relative: str | None, suggested: str | None, *, overwrite: bool) -> Target:
    """The target of a request.

    Args:
        relative: X-WOPI-RelativeTarget, decoded; ``None`` without it.
        suggested: X-WOPI-SuggestedTarget, decoded; ``None`` without it.
        overwrite: X-WOPI-OverwriteRelativeTarget.

    Raises:
        NotImplementedOperation: there are both.
        BadRequest: there is neither.
    """
    if relative is not None and suggested is not None:
        raise NotImplementedOperation("X-WOPI-RelativeTarget excludes X-WOPI-SuggestedTarget")
    if relative is not None:
        return Target(relative, is_exact=True, overwrite=overwrite)
    if suggested is not None:
        return Target(suggested, is_exact=False)
    raise BadRequest("neither X-WOPI-RelativeTarget nor X-WOPI-SuggestedTarget")


def file_name(target: Target, source: str) -> str:
    """The file name that a target comes to, whether or not it is taken.

    Args:
        target: what was asked for.
        source: the name of the file that a mere extension is for.

    Raises:
        IllegalName: in specific mode.
    """
    if target.is_exact:
        return _checked(target.name, FILE)
    return filenames.legal(filenames.suggested(target.name, source))


def container_name(target: Target) -> str:
    """The container name that a target comes to; as :func:`file_name`."""
    if target.is_exact:
        return _checked(target.name, CONTAINER, "Folder")
    return filenames.legal(target.name, otherwise="Folder")


def _checked(name: str, header: str, otherwise: str = "Document") -> str:
    try:
        return filenames.check(name)
    except filenames.IllegalName as error:
        legal = filenames.legal(name, otherwise=otherwise)
        raise IllegalName(str(error), header, legal) from error


def _valid(name: str | None) -> dict[str, str]:
    if name is None:
        return {}
    return {"X-WOPI-ValidRelativeTarget": filenames.encode_header(name)}
