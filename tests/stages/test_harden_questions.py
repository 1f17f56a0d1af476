"""Hard versions of questions: paired with their originals, with answers of a new run, and what they cost a model."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from codereasoner import extend
from codereasoner.errors import ConfigError, UnknownName
from codereasoner.evaluation.gold_check import gold_check
from codereasoner.evaluation.run_evaluation import Asking, evaluate
from codereasoner.execution.pool import Pool
from codereasoner.extend import Completion, Model, Prompt, Sampling
from codereasoner.ledger import read_manifest, read_records, read_rows
from codereasoner.records import Job, Run
from codereasoner.reports.comparison import compare
from codereasoner.rewrites import rewriting
from codereasoner.rewrites.rewrite_draft import Draft
from codereasoner.stages.harden_questions import Hardening, harden_questions
from codereasoner.steps.source import statements
from codereasoner.styles import find_style
from codereasoner.task import Question

SOURCE = """def double(a):
    b = a * 2
    return b


def f(xs):
    total = 0
    for x in xs:
        if x > 1:
            y = double(x)
            total = total + y
        else:
            total -= 1
    return [total, xs]
"""
CALLS = ("[1, 2, 3]", "[0, 5]")
TASKS = [
    *("output", "input", "state", "path", "coverage", "anchors", "whitebox", "raises", "halts", "lines", "trace"),
    *("trace-compact", "call-graph", "debugger", "equivalent"),
]


@pytest.fixture(scope="module")
def pools() -> Iterator[tuple[Pool, Pool]]:
    with Pool(1, own_programs=True) as first, Pool(1, own_programs=True, hash_seed=1) as second:
        yield first, second


@pytest.fixture(scope="module")
def questions(pools: tuple[Pool, Pool]) -> list[Question]:
    runs = pools[0].run([Job(SOURCE, "f", call, "trace") for call in CALLS])
    return [each for run in runs for name in TASKS for each in extend.task(name).collect(run, pools[0].run).questions]


def harden(questions: Sequence[Question], out: Path, pools: tuple[Pool, Pool], *kinds: str) -> list[Question]:
    harden_questions(questions, out, Hardening(kinds), pools[0].run, pools[1].run)
    return list(read_records(out, Question))


def test_every_question_about_a_call_has_a_hard_version_with_the_answer_of_a_new_run(
    questions: list[Question], pools: tuple[Pool, Pool], tmp_path: Path
) -> None:
    found = harden(questions, tmp_path / "hard.jsonl", pools, "rename", "dead-code", "misleading-comments")
    assert [each.features["original"] for each in found] == [each.id for each in questions]
    for old, new in zip(questions, found, strict=True):
        assert (old.task, old.program, old.split) == (new.task, new.program, new.split)
        assert new.facts["source"] != old.facts["source"]
        assert "# " in new.facts["source"]
        assert new.features["rewrites"] == "rename+dead-code+misleading-comments"
        if "line" in old.facts:
            nodes = [statements(each.facts["source"])[each.facts["line"]] for each in (old, new)]
            assert type(nodes[0]) is type(nodes[1])
            assert old.gold == new.gold or old.task in ("path", "debugger")
    assert gold_check(found, find_style("direct"), pools[0].run)["gold_accepted"] == len(found)


def test_lines_shift_with_the_program_and_a_variable_has_its_new_name(
    questions: list[Question], pools: tuple[Pool, Pool], tmp_path: Path
) -> None:
    found = harden(questions, tmp_path / "hard.jsonl", pools, "rename", "dead-code")
    pairs = [(old, new) for old, new in zip(questions, found, strict=True) if old.task == "state"]
    assert pairs
    for old, new in pairs:
        assert new.facts["line"] > old.facts["line"]
        assert new.facts["variable"] != old.facts["variable"]
        assert new.gold == old.gold


def test_a_rewrite_that_is_not_made_is_counted_with_its_reason(
    questions: list[Question], pools: tuple[Pool, Pool], tmp_path: Path
) -> None:
    chosen = [each for each in questions if each.task == "output"]
    words = Question("code-question", {"source": "int x;", "question": "Why?"}, ("No",))
    found = harden([*chosen, words], tmp_path / "hard.jsonl", pools, "reroll", "inline")
    assert all("double(" not in each.facts["source"] for each in found)
    manifest = read_manifest(tmp_path / "hard.jsonl") or {}
    assert manifest["rewrites"] == {"inline": 2}
    assert manifest["not_rewritten"] == {"reroll: no equal statements follow each other": 2}
    assert manifest["drops"] == {"the question is about no call of a program": 1}
    harden(chosen, tmp_path / "none.jsonl", pools, "reroll")
    dropped = [row["reason"] for row in read_rows(tmp_path / "none.jsonl.dropped.jsonl")]
    assert dropped == ["reroll: no equal statements follow each other"] * 2


def test_no_hint_names_the_call_that_is_asked_for_or_says_that_it_returns(
    questions: list[Question], pools: tuple[Pool, Pool], tmp_path: Path
) -> None:
    asked = [each for each in questions if each.run == questions[0].run]
    chosen = [each for each in asked if each.task in ("output", "input", "raises")]
    found = harden(chosen, tmp_path / "hard.jsonl", pools, "rename", "misleading-hint")
    hinted = {each.task: f"f({CALLS[0]})" in each.facts["source"] for each in found}
    assert hinted == {"output": True, "input": False, "raises": False}
    reason = "misleading-hint: the call, or whether it returns, is the answer"
    assert (read_manifest(tmp_path / "hard.jsonl") or {})["not_rewritten"] == {reason: 2}
    harden(chosen, tmp_path / "none.jsonl", pools, "misleading-hint")
    assert (read_manifest(tmp_path / "none.jsonl") or {})["drops"] == {reason: 2}


def test_a_program_whose_rewrite_is_refuted_stays_out(pools: tuple[Pool, Pool], tmp_path: Path) -> None:
    source = "def f(s):\n    t = set(s)\n    return ''.join(t)\n"
    unsteady = Question("output", {"source": source, "entry": "f", "call": "'abcdefgh'"}, ("'abcdefgh'",))
    assert harden([unsteady], tmp_path / "hard.jsonl", pools, "rename") == []
    assert (read_manifest(tmp_path / "hard.jsonl") or {})["drops"] == {"rename: not deterministic": 1}


def test_a_hardening_that_was_killed_ends_with_the_same_bytes(
    questions: list[Question], pools: tuple[Pool, Pool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import codereasoner.stages.harden_questions as stage

    harden(questions, tmp_path / "whole.jsonl", pools, "rename")
    monkeypatch.setattr(stage, "BATCH", 5)

    def killed(share: float, text: str) -> None:
        if text.startswith("10 "):
            raise KeyboardInterrupt

    monkeypatch.setattr(stage, "tell", lambda progress, done, total, what: killed(0.0, f"{done} {what}"))
    with pytest.raises(KeyboardInterrupt):
        harden(questions, tmp_path / "cut.jsonl", pools, "rename")
    monkeypatch.undo()
    harden(questions, tmp_path / "cut.jsonl", pools, "rename")
    assert (tmp_path / "cut.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_unknown_and_missing_kinds_are_refused_before_any_work() -> None:
    with pytest.raises(UnknownName, match="did you mean 'rename'"):
        Hardening(("renme",))
    with pytest.raises(ConfigError, match="at least one of rename"):
        Hardening(())
    assert Hardening(("misleading-hint", "reformat", "inline")).kinds == ("inline", "reformat", "misleading-hint")


class Reader(Model):
    """Right where no name is hidden."""

    name = "reader"

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[int, Completion]]:
        for index, prompt in enumerate(prompts):
            known = "total" in prompt.question.facts["source"]
            yield index, Completion(f"<answer>{prompt.question.gold[0] if known else 'None'}</answer>")


def test_compare_shows_in_pairs_what_the_rewrites_cost_a_model(
    questions: list[Question], pools: tuple[Pool, Pool], tmp_path: Path
) -> None:
    chosen = [each for each in questions if each.task in ("output", "state")]
    hard = harden(chosen[1:], tmp_path / "hard.jsonl", pools, "rename")
    asking, folders = Asking(find_style("direct")), []
    for name, asked in (("plain", chosen), ("hard", hard)):
        folders.append(tmp_path / f"{name}@reader")
        evaluate(name, asked, Reader(""), asking, folders[-1], pools[0].run, label="reader")
    [row] = compare(folders)[0]["comparisons"]
    assert (row["first"], row["second"], row["list"]) == (
        "reader, original questions",
        "reader, hard questions",
        "hard",
    )
    everything = row["tasks"]["all"]
    assert (everything["questions"], everything["first"], everything["second"]) == (len(hard), 100.0, 0.0)
    assert everything["difference"] == -100.0
    assert everything["lost"] == len(row["lost"]) == len(hard)
    assert row["not_shared"] == (1, 0)


def test_where_all_rewrites_hold_together_only_the_last_program_runs(
    questions: list[Question], pools: tuple[Pool, Pool], tmp_path: Path
) -> None:
    jobs: list[Job] = []

    def counted(given: Sequence[Job]) -> list[Run]:
        jobs.extend(given)
        return pools[0].run(given)

    asked = [each for each in questions if each.task == "output"][:1]
    hardening = Hardening(("rename", "dead-code", "for-while"))
    harden_questions(asked, tmp_path / "hard.jsonl", hardening, counted, pools[1].run)
    (hard,) = read_records(tmp_path / "hard.jsonl", Question)
    assert hard.features["rewrites"] == "rename+dead-code+for-while"
    assert {job.source for job in jobs} == {asked[0].facts["source"], hard.facts["source"]}
    assert len(jobs) == len(set(jobs))


def test_where_they_do_not_only_the_rewrite_that_changes_the_meaning_is_left_out(
    questions: list[Question], pools: tuple[Pool, Pool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(draft: Draft) -> None:
        draft.tree = ast.parse(draft.source.replace("a * 2", "a * 3"))

    monkeypatch.setattr(rewriting, "KINDS", {**rewriting.KINDS, "unroll": wrong})
    asked = [each for each in questions if each.task == "output"][:1]
    (hard,) = harden(asked, tmp_path / "hard.jsonl", pools, "dead-code", "unroll", "for-while")
    assert hard.features["rewrites"] == "dead-code+for-while"
    assert hard.features["not_rewritten"] == ["unroll: another value"]
