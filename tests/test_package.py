"""The package that is installed holds everything that is read at run time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

ROOT = Path(__file__).parents[1]
CODE = {".py", ".pyc"}


def test_the_wheel_holds_texts_pages_migrations_and_the_directory(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", tmp_path, ROOT], check=True)
    (wheel,) = tmp_path.glob("*.whl")

    held = set(ZipFile(wheel).namelist())

    needed = {
        str(path.relative_to(ROOT))
        for room in ("bot", "handlers", "storage")
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {path for path in needed if Path(path).suffix not in CODE}  # else nothing is compared
    assert needed <= held
    assert "bot/examples/kazakhstan.toml" in held
    assert not any(path.startswith("tests/") for path in held)
