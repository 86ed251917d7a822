"""What the scripts of the host page say, in the language of the page."""

from __future__ import annotations

from connector.host.translations import Texts


def script_texts(_: Texts) -> dict[str, str]:
    """Sentences by the names that the scripts have for them; they fill in what is in braces.

    Args:
        _: the language.
    """
    return {
        "frameTitle": _("{file} in {app}"),
        "savedBy": _("Saved to {brand} at {time} by {name}"),
        "savedByYou": _("Saved to {brand} at {time} by you"),
        "editing": _("Editing now: {names}"),
        "editingToo": _("Also editing: {names}"),
        "kept": _(
            "A change of {time} could not be saved in {brand}. It is kept: download it, or ask your"
            " administrator and name the number {id}."
        ),
        "download": _("Download"),
        "notDownloaded": _(
            "The download did not work. Try again, or ask your administrator and name the number"
            " {id}."
        ),
        "notLoaded": _(
            "{app} could not load it. Your document is safe in {brand}. Try again in a minute; if"
            " it stays like this, tell your administrator."
        ),
        "notLoadedBecause": _(
            "{app} could not load it, and says: {reason} Your document is safe in {brand}."
        ),
        "notDelivered": _(
            "{app} asked for it and did not get it. Your document is safe in {brand}. Try again in"
            " a minute; if it stays like this, tell your administrator."
        ),
        "gone": _(
            "It is not there any more, or not for you: it may have been deleted, or your permission"
            " to read it withdrawn."
        ),
        "ending": _(
            "{app} can save until {time}. Load the page anew before, to go on: what is saved"
            " already stays."
        ),
        "ended": _(
            "{app} cannot save for much longer, or not any more. Wait until your last change is"
            " saved if you can, then load the page anew."
        ),
        "signInAgain": _(
            "You were here for a long time, and {brand} wants to know again who you are. Sign in in"
            " another tab and come back: the document stays open here."
        ),
        "signInAsYourself": _(
            "Somebody else is signed in to {brand} in this browser by now. Sign in as {user} in"
            " another tab and come back: the document stays open here."
        ),
        "tooOld": _("This page has been open for long. Load it anew to see what is new."),
        "dismiss": _("Dismiss"),
        "noRightAnyMore": _("You have no permission for this document any more."),
        "closed": _(
            "{app} has ended the session. What was saved is safe. Load the page anew to go on."
        ),
        "free": _("{file} is free now."),
        "waitingFor": _("{name} has it. You will be told here when it is free."),
        "copyOf": _("Copy of {name}"),
        "savedAs": _("{name} is saved in the same folder."),
        "notSavedAs": _("{name} could not be saved. Try another name."),
    }
