"""The language of a page: the browser's, as far as there are pages in it."""

from __future__ import annotations

from flask import request

from connector.host.translations import Texts, best


def page_texts(otherwise: str) -> Texts:
    """The texts for whoever asks for a page now.

    Args:
        otherwise: language tag for browsers that name no language there are pages in.
    """
    accepted = [tag for tag, quality in request.accept_languages if quality > 0]
    return Texts(best([*accepted, otherwise]))
