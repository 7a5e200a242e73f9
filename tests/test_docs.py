"""Every example in a docstring runs, and every Python block of the README and the docs."""

from __future__ import annotations

import doctest
import importlib
import json
import pkgutil
import re
from pathlib import Path

import clinigraph
import pytest

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def module_names() -> list[str]:
    rooms = [f"clinigraph.{room}" for room in ("schemas", "pipeline", "kg", "app")]
    names = [
        m.name for room in rooms for m in pkgutil.walk_packages(importlib.import_module(room).__path__, f"{room}.")
    ]
    return sorted({*rooms, *names} - {"clinigraph.app.__main__"})


@pytest.mark.parametrize("name", module_names())
def test_docstring_examples(name):
    module = importlib.import_module(name)
    result = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0


def test_there_are_examples():
    modules = map(importlib.import_module, module_names())
    assert sum(len(doctest.DocTestFinder().find(m)) > 0 for m in modules) > 20
    assert clinigraph.__version__


@pytest.mark.parametrize("path", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda p: p.name)
def test_python_blocks_run(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in BLOCK.findall(path.read_text(encoding="utf-8")):
        exec(compile(block, str(path), "exec"), names)  # later blocks of a page go on from the earlier ones


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.name)
def test_notebooks_run(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), str(path), "exec"), names)
