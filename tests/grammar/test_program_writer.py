from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path
from random import Random

import pytest

from codereasoner.curation import excluded
from codereasoner.curation.canonical import canonical_form
from codereasoner.curation.filters import program_reason
from codereasoner.grammar.expression_writer import Spec
from codereasoner.grammar.program_writer import LEVELS, write_program
from codereasoner.ledger import read_rows
from codereasoner.records import Program
from codereasoner.sources.procedural import TYPES, Procedural


@cache
def programs(level: int) -> list[Program]:
    return list(Procedural("full", level).programs("test", 60))


@pytest.mark.parametrize("level", LEVELS)
def test_every_program_keeps_the_hard_requirements(level: int) -> None:
    reasons = Counter(program_reason(program.source, program.entry) for program in programs(level))
    assert set(reasons) <= {None, "constant"}
    assert reasons["constant"] <= 2


@pytest.mark.parametrize("level", LEVELS)
def test_every_parameter_is_used_and_every_name_is_known(level: int) -> None:
    for program in programs(level):
        tree = ast.parse(program.source)
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            assert {argument.arg for argument in function.args.args} <= names, program.source
        assert not re.search(r"[@$]\w\b(?![^']*')", program.source), program.source


def test_difficulty_brings_loops_and_depth() -> None:
    loops = {level: sum("for " in p.source or "while " in p.source for p in programs(level)) for level in LEVELS}
    assert loops[1] < 20
    assert all(loops[level] > 50 for level in (3, 4, 5))
    assert sum(len(p.source) for p in programs(5)) > sum(len(p.source) for p in programs(2))


def test_a_type_can_be_asked_for() -> None:
    found = Procedural("full", 4, types=["dict"]).programs("train", 20)
    assert {program.features["types"][0] for program in found} == {"dict"}


def test_each_key_gives_the_same_program_however_many_were_made_before() -> None:
    one, other = (write_program(Random("key"), Spec(5, TYPES["full"]), 2) for _ in range(2))
    assert (one.source, one.write_calls()) == (other.source, other.write_calls())


def test_a_program_of_cruxeval_is_never_made() -> None:
    lower = "def f(word):\n    return word.lower()"
    assert excluded.is_excluded("def v0(v1):\n    return v1.lower()")
    assert not any(canonical_form(program.source) == canonical_form(lower) for program in programs(1))


def test_the_excluded_programs_are_those_of_cruxeval(shared_data: Path) -> None:
    sources = [row["code"] for row in read_rows(shared_data / "cruxeval" / "cruxeval.jsonl")]
    listed = Path(excluded.__file__).with_name("excluded.txt").read_text().split()
    assert excluded.keys(sources) == listed


def test_a_variable_that_has_the_name_of_a_method_hides_no_program() -> None:
    one = "def f(text, char, replace):\n    return text.replace(char, replace)"
    other = "def f(s, c, sep):\n    return s.replace(c, sep)"
    assert excluded.shape_of(one) == excluded.shape_of(other) == "def v0(v1, v2, v3):\n    return v1.replace(v2, v3)"
    assert excluded.is_excluded(excluded.shape_of(other)), "CRUXEval's sample_757"


def test_a_condition_in_a_loop_keeps_its_meaning_beside_a_conditional_expression() -> None:
    lines = [line for level in (4, 5) for program in programs(level) for line in program.source.splitlines()]
    loops = [ast.parse(f"{line.strip()}\n    pass").body[0] for line in lines if line.strip().startswith("while ")]
    assert loops
    assert not any(isinstance(loop, ast.While) and isinstance(loop.test, ast.IfExp) for loop in loops)
