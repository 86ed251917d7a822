"""The libraries that only the sandbox needs, and that a production environment has not."""

from __future__ import annotations

from importlib.util import find_spec

_MODULES = {"docx": "python-docx", "openpyxl": "openpyxl", "pptx": "python-pptx", "PIL": "pillow"}


class LibrariesMissing(Exception):
    """What has to be installed, in a sentence."""


def check() -> None:
    """See whether all are there.

    Raises:
        LibrariesMissing: they are not.
    """
    missing = [name for module, name in _MODULES.items() if find_spec(module) is None]
    if missing:
        raise LibrariesMissing(
            f"the sandbox needs {', '.join(missing)}, which production does not;"
            " install requirements.lock in place of requirements-serve.lock"
        )
