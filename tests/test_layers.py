"""Handlers decide, bot carries, storage remembers: imports go one way, and SQL stays home."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def test_imports_go_from_bot_to_handlers_to_storage() -> None:
    lint = Path(sys.executable).parent / "lint-imports"

    done = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("folder", ["bot", "handlers"])
def test_sql_is_built_in_storage_only(folder: str) -> None:
    builders = {"select", "insert", "update", "delete", "text", "func"}
    guilty = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").partition(".")[0] == "sqlalchemy"
        and builders & {alias.name for alias in node.names}
    ]

    assert guilty == []
