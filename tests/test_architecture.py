"""The packages: who may import whom, and what may be imported at all."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "codereasoner"
ORDER = [
    {"config_fields", "errors", "literals", "machine_limits", "renamed", "thoughts"},
    {"function_source"},
    {"records", "spill", "configs", "outputs", "parquet_files"},
    {"jsonl_files"},
    {"ledger", "steps", "answer_formats", "plugin_files", "grammar"},
    {"styles", "curation", "worked_examples"},
    {"task"},
    {"interfaces", "rewrites"},
    {"own_plugins"},
    {"extend"},
    {"sampling"},
    {"tasks", "sources", "execution", "models"},
    {"chains", "benchmarks"},
    {"training", "evaluation"},
    {"reports", "exports"},
    {"stages"},
    {"experiments"},
    {"cli"},
    {"api_results", "api_arguments"},
    {"api"},
    {"__main__"},
]
RANK = {package: rank for rank, packages in enumerate(ORDER) for package in packages}
HEAVY = {
    "torch": ("training/", "models/local.py", "models/gguf_files.py", "exports/openrlhf.py"),
    "transformers": ("training/", "models/local.py", "models/gguf_files.py"),
    "trl": ("training/",),
    "openai": ("models/endpoint.py",),
}


@cache
def imports(path: Path) -> list[tuple[str, bool, bool]]:
    """Return each imported module, and whether its import is at the top level and whether it is for types only."""
    tree = ast.parse(path.read_text())
    top = {id(node) for node in tree.body}
    typing = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    for_types = {id(inner) for node in typing for inner in ast.walk(node)}
    found = []
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        found += [(name, id(node) in top, id(node) in for_types) for name in names]
    return found


FILES = sorted(PACKAGE.rglob("*.py"))
IDS = [path.relative_to(PACKAGE).as_posix() for path in FILES]


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_imports_point_left_only(path: Path) -> None:
    package = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if package == "__init__":
        return
    assert package in RANK, f"{package} has no place in the order of packages"
    for module, *_ in imports(path):
        parts = module.split(".")
        if parts[0] == "codereasoner" and len(parts) > 1 and parts[1] in RANK and parts[1] != package:
            assert RANK[parts[1]] < RANK[package], f"{package} must not import {parts[1]}"


def test_the_page_on_the_architecture_has_this_order() -> None:
    text = (PACKAGE.parents[1] / "docs" / "architecture.md").read_text()
    (order,) = re.findall(r"^    errors, .*?(?=\n\n)", text, flags=re.DOTALL | re.MULTILINE)
    assert [set(re.findall(r"\w+", rank)) for rank in order.split("<")] == ORDER[:-1]


def test_the_page_on_the_architecture_sends_nobody_to_a_file_that_is_not_there() -> None:
    text = (PACKAGE.parents[1] / "docs" / "architecture.md").read_text()
    table = text.partition("## Where to look")[2]
    package = ""
    missing = []
    for row in table.splitlines():
        for name in re.findall(r"`([\w/]+(?:\.py|/))`", row.rpartition("|")[0].rpartition("|")[2]):
            if "NAME" in name or "COMMAND" in name:
                package = name.partition("/")[0]
                continue
            package = name.partition("/")[0] if "/" in name else package
            if not (PACKAGE / name).exists() and not (PACKAGE / package / name).exists():
                missing.append(name)
    assert table
    assert not missing


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_heavy_libraries_are_imported_only_where_they_are_used_and_never_at_the_top(path: Path) -> None:
    name = path.relative_to(PACKAGE).as_posix()
    for module, top, for_types in imports(path):
        for library, places in HEAVY.items():
            if module.split(".")[0] == library and not for_types:
                assert name.startswith(places), f"{name} imports {library}"
                assert not top, f"{name} imports {library} at its top"


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_only_what_grades_or_runs_code_of_the_user_catches_every_exception(path: Path) -> None:
    tree = ast.parse(path.read_text())
    blind = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id == "Exception"))
    ]
    assert (
        not blind or path.name in ("task.py", "plugin_files.py", "function_source.py") or path.parts[-2:] in SANDBOXED
    )


SANDBOXED = {("execution", "worker.py"), ("execution", "python_tracer.py"), ("benchmarks", "reval_probe.py")}
"""They stand on the other side of the border, beside the program, whose every exception is data."""


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


def test_no_two_packages_have_a_file_of_one_name() -> None:
    names = Counter(path.name for path in FILES if path.name != "__init__.py")
    shared = {name for name, count in names.items() if count > 1}
    assert shared <= {"score.py"}  # the command, and evaluation.score, which is a public path


def test_the_core_imports_in_under_300_ms_of_cpu_and_needs_no_extra() -> None:
    code = (
        "import time; began = time.process_time()\n"
        "import codereasoner.task, codereasoner.extend, sys\n"
        "seconds = time.process_time() - began\n"
        "heavy = {'torch', 'numpy', 'transformers', 'pyarrow', 'openai', 'scipy', 'datasets'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "print(seconds)\n"
    )
    times = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(3)
    ]
    assert min(times) < 0.3
