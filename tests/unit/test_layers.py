"""The way that imports may go, as ``docs/architecture.md`` draws it."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path
    for path in (ROOT / "connector").rglob("*.py")
}

# What a part imports of the others; what is in no list is a leaf that everybody may import.
MAY_IMPORT = {
    "connector.events": (),
    "connector.lock_store": (),
    "connector.nuxeo_gateway": (),
    "connector.recovery": (),
    "connector.wopi": (
        "connector.events",
        "connector.lock_store",
        "connector.nuxeo_gateway",
        "connector.recovery",
    ),
    "connector.host": (
        "connector.lock_store",
        "connector.nuxeo_gateway",
        "connector.recovery",
        "connector.wopi",
    ),
    "connector.sandbox": (),
    "connector.webui": (),
}
WIRING = {
    "connector.__main__",
    "connector.app",
    "connector.cli",
    "connector.cli_locks",
    "connector.cli_oauth2",
    "connector.cli_recover",
    "connector.support",
}


def part_of(name: str) -> str | None:
    return next((part for part in MAY_IMPORT if name == part or name.startswith(f"{part}.")), None)


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.partition(".")[0] == "connector"}


def test_imports_go_one_way() -> None:
    wrong = []
    for module, path in MODULES.items():
        if module in WIRING:
            continue
        part = part_of(module)
        allowed = (*MAY_IMPORT[part], part) if part else ()
        for name in imports(path):
            is_wiring = any(name == each or name.startswith(f"{each}.") for each in WIRING)
            if is_wiring or part_of(name) not in (None, *allowed):
                wrong.append(f"{module} imports {name}")
    assert wrong == []


def test_only_the_command_line_knows_the_sandbox() -> None:
    outside = {
        module: path
        for module, path in MODULES.items()
        if part_of(module) != "connector.sandbox" and module != "connector.cli"
    }
    knowing = {
        module for module, path in outside.items() for name in imports(path) if "sandbox" in name
    }
    assert knowing == set()


def test_the_demo_office_is_a_wopi_client_only() -> None:
    own = "connector.sandbox.demo_office"
    strangers = {
        name
        for module, path in MODULES.items()
        if module.startswith(own)
        for name in imports(path)
        if not name.startswith(own)
    }
    assert strangers == set()


def test_the_parts_that_decide_do_no_io() -> None:
    pure = ("locks", "file_info", "action_url", "discovery", "clients", "file_id", "errors")
    paths = [ROOT / "connector" / "wopi" / f"{name}.py" for name in pure]
    paths += [ROOT / "connector/host/opening.py", ROOT / "connector/nuxeo_gateway/permissions.py"]
    for path in paths:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {
            alias.name.partition(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        assert names.isdisjoint({"requests", "flask", "sqlite3", "socket", "time", "threading"})
