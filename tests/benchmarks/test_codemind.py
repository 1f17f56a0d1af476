"""CodeMind is read from a checkout, and compared as strings officially and as values strictly."""

from __future__ import annotations

from pathlib import Path

import pytest

from codereasoner.benchmarks.codemind import CodemindCruxeval, CodemindHumaneval
from codereasoner.benchmarks.loading import locate
from codereasoner.errors import DataError
from codereasoner.evaluation.generations import read_generations
from codereasoner.evaluation.score import score
from codereasoner.extend import Generations
from codereasoner.task import Runner


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of two programs, one of them with a name that upstream skips."""
    for name in ("sample_10", "sample_2", "sample_2.old"):
        folder = tmp_path / "dataset" / "cruxeval" / name
        folder.mkdir(parents=True)
        (folder / "main.py").write_text("def f(x):\n    return x + 'b'")
        (folder / "input.txt").write_text("f('a ')\n")
        (folder / "output.txt").write_text("'a b'")
    return tmp_path


def test_the_programs_of_a_checkout_are_questions_in_the_order_of_their_numbers(checkout: Path) -> None:
    questions = CodemindCruxeval().load(checkout)
    assert [question.id for question in questions] == ["sample_2", "sample_10"]
    assert questions == CodemindCruxeval().load(checkout / "dataset/cruxeval")
    assert questions[0].facts["call"] == "'a '"


def test_spaces_and_quotes_do_not_matter_officially_and_do_strictly(checkout: Path, runner: Runner) -> None:
    benchmark = CodemindCruxeval()
    questions = benchmark.load(checkout)
    texts = {
        "sample_2": ["<<<Output>>>ab[END-OF-RESPONSE] x"],
        "sample_10": ["so <<<Output>>>\n'a b'[END-OF-RESPONSE]"],
    }
    result = score(benchmark, questions, texts, "official", runner)
    assert (result["pass@1"], result["other"]["pass@1"]) == (100.0, 50.0)


def test_ends_of_lines_and_a_broken_end_mark_do_not_matter_officially(checkout: Path, runner: Runner) -> None:
    benchmark = CodemindCruxeval()
    right = ["ab\r\n", "`ab\r", "ab[END-OF- RESPONSE]", "a[END-OF-\nRESPONSE]b"]
    texts = [*right, "'ab'[END-OF- RESPONSE]", "ab\t"]  # the mark goes after the quotes, which were not at the end
    given = Generations({name: [f"<<<Output>>>{text}" for text in texts] for name in ("sample_2", "sample_10")})
    verdicts = benchmark.grade_officially(benchmark.load(checkout), given, runner)
    assert verdicts["sample_2"] == [True] * len(right) + [False, False]


def test_responses_are_read_from_the_folders_that_codemind_writes(checkout: Path, tmp_path: Path) -> None:
    benchmark = CodemindCruxeval()
    questions = benchmark.load(checkout)
    (tmp_path / "results" / "sample_2").mkdir(parents=True)
    (tmp_path / "results" / "sample_2" / "response.txt").write_text("<<<Output>>> 'a b'")
    found = read_generations(benchmark, tmp_path / "results", questions)
    assert found == {"sample_2": ["<<<Output>>> 'a b'"], "sample_10": [""]}


def test_a_folder_that_is_no_checkout_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no checkout of CodeMind"):
        CodemindHumaneval().load(tmp_path)


def test_the_folder_of_programs_itself_can_be_named(checkout: Path) -> None:
    folder = checkout / "dataset/cruxeval"
    assert locate(CodemindCruxeval(), checkout) == locate(CodemindCruxeval(), folder) == folder
