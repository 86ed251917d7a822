"""What the office says to people when something does not work."""

from __future__ import annotations

NO_ANSWER = "The document's host does not answer."
LOCK_LOST = (
    "The document was unlocked by its host, perhaps by an administrator. Nothing can be saved"
    " until it is locked again."
)


def why_not_opened(status: int) -> str:
    """What a status means for somebody who wants to read."""
    return {
        401: "Your access to this document has ended. Go back and open it again.",
        404: "The document does not exist any more, or you may not see it.",
        412: "The document is too large for the demo office.",
    }.get(status, f"The document's host reports a failure (status {status}).")


def why_not_saved(status: int) -> str:
    """What a status means for somebody who has written something."""
    return {
        401: "Not saved: your access has ended. Download a copy, then open the document again.",
        404: "Not saved: the document is gone, or you may not change it any more.",
        409: "Not saved: the document is not locked for you any more, or was changed meanwhile.",
        413: "Not saved: the document has become too large for its host.",
    }.get(status, f"Not saved: the document's host reports a failure (status {status}).")
