"""axe-core, which looks for barriers (WCAG 2.2 A and AA, and its own best practices)."""

from pathlib import Path

import pytest

AXE = Path(__file__).parents[1] / "webui/node_modules/axe-core/axe.min.js"
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def barriers(frame):
    """What stands in people's way on a page or in a frame, each with the place where it does."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: scripts/test does it, with npm")
    if not frame.evaluate("'axe' in window"):
        frame.evaluate(AXE.read_text(encoding="utf-8"))
    found = frame.evaluate(
        "tags => axe.run(document, {runOnly: tags, iframes: false})",
        _TAGS,
    )
    assert found["passes"], "axe has looked at nothing"
    return [
        f"{violation['id']}: {node['html'][:120]} ({node['failureSummary'][:160]})"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def too_wide(page):
    """By how many pixels a page is wider than its window."""
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
