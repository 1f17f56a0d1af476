"""Augmentations put the right documents before a question, and are part of the key of its answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codereasoner import extend
from codereasoner.answer_formats import Block
from codereasoner.errors import ConfigError, DataError
from codereasoner.evaluation.augment import PLAIN, Augmentation, called_names, make_augmentation, read_documents
from codereasoner.evaluation.retrieval import Document, Index, words
from codereasoner.evaluation.run_evaluation import Asking, ask
from codereasoner.execution.pool import Pool
from codereasoner.records import Job, Run
from codereasoner.styles import find_style, official_style
from codereasoner.task import Question

SOURCE = "import textwrap as tw\n\ndef f(text):\n    return tw.dedent(text).strip()\n"
QUESTION = Question(
    "assertion-completion", {"source": SOURCE, "test": "assert f(' a') == ??"}, ("'a'",), {"ID": "7"}, id="sample_0"
)


def no_runner(jobs: object) -> list[Run]:
    raise AssertionError("nothing is to be run")


def prompt(augmentation: Augmentation) -> str:
    asking = Asking(find_style("direct"), augmentation=augmentation)
    return asking.messages(QUESTION)[-1]["content"]


def test_words_of_identifiers() -> None:
    assert words("dropDuplicates(drop_duplicates, HTTPServer2)") == [
        *("drop", "duplicates", "drop", "duplicates"),
        *("http", "server", "2"),
    ]


def test_the_index_finds_what_shares_words_and_nothing_else() -> None:
    index = Index(
        [Document("a.sort", "put in order"), Document("b.join", "glue texts"), Document("c.split", "cut texts")]
    )
    assert [each.name for each in index.best("join_texts", 2)] == ["b.join", "c.split"]
    assert [each.name for each in index.best("texts", 2, lambda each: each.name != "b.join")] == ["c.split"]
    assert index.best("nothing of these", 2) == index.best("", 2) == Index([]).best("sort", 2) == []


def test_none_changes_nothing_and_cot_asks_for_reasoning() -> None:
    asking = Asking(find_style("direct"))
    assert asking.messages(QUESTION) == extend.task("assertion-completion").prompt(QUESTION, find_style("direct"))
    assert asking.facts() == asking.sampling.facts()
    cot = make_augmentation("cot", None, [QUESTION], no_runner)
    assert cot.style(find_style("direct")).reasons
    assert "<reasoning>" in Asking(cot.style(find_style("direct")), augmentation=cot).messages(QUESTION)[-1]["content"]
    fixed = official_style("theirs", lambda question: "text", Block(), reasons=False, opened=True)
    with pytest.raises(ConfigError, match="is fixed"):
        cot.style(fixed)


def test_documents_of_codeglance_are_those_of_the_record(tmp_path: Path) -> None:
    path = tmp_path / "documents.jsonl"
    result = {
        "api_path": "textwrap.dedent",
        "api_signature": "(text)",
        "api_description": "Remove.",
        "api_examples": None,
    }
    rows = [{"ID": "7", "matches": [{"query": "q", "results": [result, result]}]}, {"ID": "8", "matches": []}]
    path.write_text(json.dumps(rows, indent=1).replace("null", "NaN"))
    found = make_augmentation("api-docs", path, [QUESTION], no_runner)
    assert "### textwrap.dedent\n(text)\nRemove.\n\n---" in prompt(found)
    assert prompt(found).count("textwrap.dedent") == 1
    assert prompt(found).endswith(prompt(PLAIN))
    path.write_text("\n".join(map(json.dumps, rows)))
    assert make_augmentation("api-docs", path, [QUESTION], no_runner).origin == found.origin


@pytest.mark.parametrize("text", ["{", "[1]", '{"ID": 1}', '{"ID": 1, "matches": [{"results": [{}]}]}'])
def test_a_file_of_another_shape_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "rows.jsonl").write_text(text)
    with pytest.raises(DataError, match=r"rows\.jsonl"):
        read_documents(tmp_path / "rows.jsonl")


def test_installed_documentation_is_found_by_name_and_read_in_isolation() -> None:
    with Pool(1, allow_weak_isolation=True) as pool:
        found = make_augmentation("api-docs", None, [QUESTION], pool.run)
        with pytest.raises(ConfigError, match="no library"):
            make_augmentation("api-docs", None, [Question("output", {"source": "import no_such_module"}, ())], pool.run)
    assert prompt(found).split("### ")[1].startswith("textwrap.dedent\n(text)\nRemove any common leading whitespace")


def test_the_names_that_are_called_are_written_in_full() -> None:
    import ast

    tree = ast.parse("import numpy as np\nfrom os import path as p\nnp.mean(p.join('a'))\n[].append(1)\nlen([])")
    assert list(called_names(tree)) == ["numpy.mean", "append", "os.path.join"]


def test_code_search_finds_like_code_but_no_copy(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "a.py").write_text(SOURCE.replace("f(text)", "copy_of_it(words)").replace("(text)", "(words)"))
    (tmp_path / "lib" / "b.py").write_text("def tidy(text):\n    'Dedent.'\n    return text.strip().lower()\n")
    (tmp_path / "lib" / "c.py").write_text("not Python (")
    found = make_augmentation("code-search", tmp_path, [QUESTION], no_runner)
    assert "### lib/b.py: tidy\n```python\ndef tidy(text):" in prompt(found)


def test_the_augmentation_is_part_of_the_key_of_an_answer(tmp_path: Path) -> None:
    (tmp_path / "b.py").write_text("def tidy(text):\n    return text.strip()\n")
    search = make_augmentation("code-search", tmp_path, [QUESTION], no_runner)
    model = extend.find("model", "scripted:gold")
    keys = {
        answer.id
        for each in (PLAIN, search, make_augmentation("cot", None, [], no_runner))
        for asking in [Asking(find_style("direct"), augmentation=each)]
        for answer in ask([QUESTION], model, asking, tmp_path / "answers.jsonl", no_runner)[0]
    }
    assert len(keys) == 3


def test_what_cannot_be_used_is_refused(tmp_path: Path) -> None:
    for name, origin in (("code-search", None), ("code-search", tmp_path), ("cot", tmp_path), ("none", tmp_path)):
        with pytest.raises(ConfigError):
            make_augmentation(name, origin, [QUESTION], no_runner)  # type: ignore[arg-type]


def test_a_library_that_cannot_be_imported_has_no_documents() -> None:
    from codereasoner.evaluation.augment import installed_documents

    def runner(jobs: list[Job]) -> list[Run]:
        return [Run(job.source, job.entry, job.call, "raised") for job in jobs]

    assert installed_documents(["x"], runner) == []  # type: ignore[arg-type]
