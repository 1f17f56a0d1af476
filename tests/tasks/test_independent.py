"""Two checks that do not rest on the tracer: prints put into the programs say what the anchors and states are."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest

from codereasoner import extend, literals
from codereasoner.execution.pool import Pool
from codereasoner.records import Job, Run
from codereasoner.steps.source import statements
from codereasoner.task import Question


@pytest.fixture(scope="module")
def runs(pool: Pool, shared_data: Path) -> list[Run]:
    rows = map(json.loads, (shared_data / "cruxeval" / "cruxeval.jsonl").read_text().splitlines())
    return pool.run([Job(row["code"], "f", row["input"], record="trace") for row in rows])


def printing(source: str, probes: dict[int, list[str]]) -> str:
    """The source with a print of each variable after its line."""
    lines = []
    for number, line in enumerate(source.split("\n"), start=1):
        indent = line[: len(line) - len(line.lstrip())]
        lines.append(line)
        lines += [f"{indent}print('{number}', '{name}', repr({name}))" for name in probes.get(number, ())]
    return "\n".join(lines)


def printed(run: Run) -> list[tuple[int, str, str]]:
    rows = [line.split(" ", 2) for line in run.stdout.splitlines()]
    return [(int(number), name, text) for number, name, text in rows]


def same(left: str, right: str) -> bool:
    return literals.equal(literals.read(left), literals.read(right))


def test_prints_put_into_the_programs_agree_with_every_anchor(runs: list[Run], pool: Pool) -> None:
    asked = [
        question
        for run in runs
        for question in extend.task("anchors").collect(run).questions
        if "print" not in run.source
    ]
    probed = [
        Job(printing(each.facts["source"], dict(map(tuple, each.facts["anchors"]))), "f", each.facts["call"])
        for each in asked
    ]
    assert len(asked) > 400
    for question, run in zip(asked, pool.run(probed), strict=True):
        *steps, final = question.gold[0].split("\n")
        told = [(name, text) for _, name, text in printed(run)]
        assert [step.split(" = ", 1)[0] for step in steps] == [name for name, _ in told]
        assert all(same(step.split(" = ", 1)[1], text) for step, (_, text) in zip(steps, told, strict=True))
        assert run.value == final


def test_prints_put_into_the_programs_agree_with_every_state(runs: list[Run], pool: Pool) -> None:
    """States after a loop's header are left out: there is no one place behind it where a print could stand."""
    asked: dict[tuple[str, str], list[Question]] = defaultdict(list)
    for run in runs:
        for question in extend.task("state").collect(run).questions:
            simple = not hasattr(statements(run.source)[question.facts["line"]], "body")
            if simple and "print" not in run.source:
                asked[run.source, run.call].append(question)
    jobs = []
    for (source, call), questions in asked.items():
        probes: dict[int, list[str]] = defaultdict(list)
        for question in questions:
            probes[question.facts["line"]].append(question.facts["variable"])
        jobs.append(Job(printing(source, probes), "f", call))
    checked = 0
    for questions, run in zip(asked.values(), pool.run(jobs), strict=True):
        seen: dict[tuple[int, str], list[str]] = defaultdict(list)
        for number, name, text in printed(run):
            seen[number, name].append(text)
        for question in questions:
            values = seen[question.facts["line"], question.facts["variable"]]
            assert same(question.gold[0].rpartition("; ")[0], values[question.facts["time"] - 1])
            checked += 1
    assert checked > 600
