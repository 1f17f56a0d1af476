"""The real libraries load our files, compute a loss on the completions alone, and pay our grades."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.exports.rows import STYLE, write_rows

from codereasoner import configs, extend
from codereasoner.exports import openrlhf
from codereasoner.exports.write_files import export
from codereasoner.task import Question
from codereasoner.training.scratch import make_scratch_model

REAL = Path(__file__).parent / "real"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def rows(questions: list[Question], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_rows(tmp_path_factory.mktemp("rows"), questions)


def folder_for(to: str, rows: tuple[Path, Path], out: Path) -> Path:
    pytest.importorskip("trl")
    """The files of a format, and a small model."""
    export(rows[0], to, out)
    if to != "llamafactory":
        export(rows[1], to, out)
    make_scratch_model(out / "model", size="0.3m")
    return out


def asked(library: str, script: str, *arguments: Path) -> Any:
    """Return the output of a script in the library's own environment."""
    name = f"CODEREASONER_{library.upper()}_PYTHON"
    if not os.environ.get(name):
        pytest.skip(f"{library} needs an environment of its own: `make test-exports` makes it and runs this test")
    own = {"PYTHONPATH": str(ROOT / "src"), "HF_HUB_OFFLINE": "1", "HF_HOME": str(arguments[0] / "home")}
    own |= {"CODEREASONER_WORKERS": "1", "CODEREASONER_ALLOW_WEAK_ISOLATION": "1", "DISABLE_VERSION_CHECK": "1"}
    command = [os.environ[name], "-W", "ignore", str(REAL / script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | own, cwd=arguments[0])
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def prompts(questions: list[Question]) -> list[str]:
    return [extend.task(each.task).prompt(each, STYLE)[0]["content"] for each in questions]


def completions(questions: list[Question], end: str) -> list[str]:
    return [extend.task(each.task).render(each, STYLE, "Step by step.") + end for each in questions]


@pytest.mark.slow
def test_trl_makes_texts_of_them(rows: tuple[Path, Path], questions: list[Question], tmp_path: Path) -> None:
    pytest.importorskip("trl")
    from datasets import load_dataset
    from transformers import AutoTokenizer
    from trl import apply_chat_template

    folder = folder_for("trl", rows, tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(folder / "model")
    for name, end in (("sft", "<|end|>"), ("grpo", None)):
        found = load_dataset("parquet", data_files=str(folder / f"{name}.parquet"), cache_dir=str(tmp_path / "cache"))
        texts = [apply_chat_template(row, tokenizer) for row in found["train"]]
        assert [text["prompt"] for text in texts] == [f"<|user|>{each}<|assistant|>" for each in prompts(questions)]
        if end:
            assert [text["completion"] for text in texts] == completions(questions, end)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_verl_reads_them_and_pays_our_grades(
    rows: tuple[Path, Path], questions: list[Question], tmp_path: Path
) -> None:
    found = asked("verl", "with_verl.py", folder_for("verl", rows, tmp_path), configs.FOLDER / "verl")
    assert [each[0]["content"] for each in found["prompts"]] == prompts(questions)
    assert found["sft"] == completions(questions, "<|end|>")
    expected = [1.0, 0.0] * len(questions)
    assert found["dapo"] == {"metric": "acc", "upper clip": 0.28}
    assert found["naive_manager"] == found["batch_manager"] == expected
    assert found["in_ray_workers"] == [expected, expected]
    assert [each["score"] for each in found["new_manager"]] == expected
    assert [each["answered"] for each in found["new_manager"]] == expected
    assert {each["infrastructure_error"] for each in found["new_manager"]} == {0.0}
    assert all(abs(each - sign * 0.70710) < 1e-3 for each, sign in zip(found["advantages"], [1, -1] * 99, strict=False))


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_openrlhf_reads_them_and_pays_our_grades(
    rows: tuple[Path, Path], questions: list[Question], tmp_path: Path
) -> None:
    reward = Path(str(openrlhf.__file__))
    found = asked("verl", "with_openrlhf.py", folder_for("openrlhf", rows, tmp_path), reward)
    assert found["prompts"] == [f"<|user|>{each}<|assistant|>" for each in prompts(questions)]
    assert found["rewards"] == [1.0, 0.0] * len(questions)
    assert found["learned"] == completions(questions, "<|end|>")


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_llamafactory_reads_them(rows: tuple[Path, Path], questions: list[Question], tmp_path: Path) -> None:
    found = asked("llamafactory", "with_llamafactory.py", folder_for("llamafactory", rows, tmp_path))
    assert found["learned"] == completions(questions, "<|im_end|>\n")
    assert prompts(questions)[0] in found["first"]
