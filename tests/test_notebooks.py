"""The notebooks of examples/ run from the first cell to the last, and show what they promise."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

FOLDER = Path(__file__).parents[1] / "examples" / "notebooks"
SHOWN = {
    "trace_and_ask": [
        r"price = 9\.0",
        r"\('ok', '24\.0', \d+\)",
        r"output +\{\} -> 24\.0",
        r"assert total\(\[4\.0, 20\.0, 12\.0\], free=1\) == \?\?",
        r"outcome.*correct",
        r"\['wrong', 'no_answer', 'correct'\]",
    ],
    "grade_generations": [r"\"'aB cD'\"", r"Counter\(\{'correct': 5, 'wrong': 2, 'no_answer': 1\}\)", r"\b62\.5\b"],
    "compare_models": [
        r"scripted:gold on questions: 100\.0 %",
        r"scripted:copy",
        r"said .*, right is ",
        r"source.*def f",
        r"So f\(.*returns",
    ],
    "grpo_with_trl": [r"num_rows: \d+", r"\[\(1, [\d.]+\)"],
}


def execute(path: Path, folder: Path) -> str:
    """Execute a notebook in a folder, and return all that it shows as text without tags."""
    import nbformat

    notebook: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    client = nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}})
    client.km = client.create_kernel_manager()
    client.km.transport, client.km.ip = "ipc", str(folder / "kernel")  # sockets of files: no network
    client.execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    texts = [output.get("text", "") for output in outputs]
    texts += [part for output in outputs for part in output.get("data", {}).values() if isinstance(part, str)]
    return re.sub(r"</?[a-z][^>]*>", "", "\n".join(texts))


@pytest.mark.slow
@pytest.mark.parametrize("name", SHOWN)
def test_a_notebook_runs_and_shows_what_it_promises(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "compare_models":
        pytest.importorskip("pandas")
    if name == "grpo_with_trl":
        pytest.importorskip("trl")
        from codereasoner.training.scratch import make_scratch_model

        make_scratch_model(tmp_path / "model", 0, "0.3m")
    settings = {"MODEL": str(tmp_path / "model"), "STEPS": "1", "PROGRAMS": "4", "TOKENS": "8", "COLUMNS": "160"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for variable, value in (settings | {"PATH": path, "IPYTHONDIR": str(tmp_path / "ipython")}).items():
        monkeypatch.setenv(variable, value)
    shown = execute(FOLDER / f"{name}.ipynb", tmp_path)
    for pattern in SHOWN[name]:
        assert re.search(pattern, shown), f"{pattern} is not in\n{shown}"


def test_every_notebook_is_run_and_none_holds_a_path_of_this_machine() -> None:
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(SHOWN)
    for path in FOLDER.glob("*.ipynb"):
        assert not re.search(r"/(home|root|tmp|work)/", path.read_text(encoding="utf-8")), path
