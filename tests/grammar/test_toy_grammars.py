from __future__ import annotations

import ast
from functools import cache

from codereasoner import literals
from codereasoner.curation.excluded import shape_of
from codereasoner.execution.pool import Pool
from codereasoner.grammar.draft import split_of
from codereasoner.records import Job, Program
from codereasoner.sources.procedural import Procedural


@cache
def programs(split: str, count: int) -> list[Program]:
    return list(Procedural("full", 0, calls=4).programs(split, count))


def test_what_is_returned_stands_in_the_call_or_in_the_program(pool: Pool) -> None:
    found = programs("train", 60)
    runs = pool.run([Job(program.source, program.entry, call) for program in found for call in program.calls])
    assert {run.outcome for run in runs} == {"ok"}
    for run in runs:
        given = ast.parse(f"f({run.call}\n)", mode="eval"), ast.parse(run.source), ast.parse("None, [], {}, ()")
        known = {literals.write(value) for tree in given for value in parts(tree)}
        assert run.value is not None
        for atom in parts(ast.parse(run.value, mode="eval")):
            if not isinstance(atom, list | tuple | dict | set):
                assert literals.write(atom) in known or (isinstance(atom, str) and atom in "".join(known)), run


def parts(tree: ast.AST) -> list[object]:
    """The values of all literals in some code, whole ones and their parts."""
    found: list[object] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.expr):
            try:
                found.append(literals.value_of(node))
            except literals.LiteralError:
                continue
        elif isinstance(node, ast.keyword):
            found.append(node.arg)
    return found


def test_a_text_may_come_again_with_other_calls_but_never_in_another_split() -> None:
    found = {split: programs(split, 300) for split in ("train", "rl", "test")}
    for split, of_split in found.items():
        assert len({(shape_of(program.source), program.calls) for program in of_split}) == 300
        assert len({shape_of(program.source) for program in of_split}) < 300
        assert {program.split for program in of_split} == {split}
    shapes = [{shape_of(program.source) for program in of_split} for of_split in found.values()]
    assert not shapes[0] & shapes[1]
    assert not shapes[0] & shapes[2]
    assert not shapes[1] & shapes[2]


def test_one_calls_values_are_of_many_kinds() -> None:
    calls = [call for program in programs("train", 300) for call in program.calls]
    values = [value for call in calls for value in parts(ast.parse(f"f({call}\n)", mode="eval"))]
    kinds = {type(value) for value in values}
    assert kinds >= {str, int, float, bool, type(None), list, dict, tuple, set}
    texts = [value for value in values if isinstance(value, str)]
    assert "" in texts
    assert max(map(len, texts)) > 40
    for found in ("\n", '"', "'", "\\"):
        assert any(found in text for text in texts), found
    assert any(not text.isascii() for text in texts)
    assert all(any(not value for value in values if type(value) is kind) for kind in (list, dict, tuple))


def test_a_first_argument_of_a_type_can_be_asked_for() -> None:
    found = Procedural("full", 0, types=["dict"]).programs("train", 20)
    assert {program.features["types"][0] for program in found} == {"dict"}


def test_a_program_in_either_quote_is_in_one_split() -> None:
    one, other = "def v0(v1):\n    return v1['a b']", 'def v0(v1):\n    return v1["a b"]'
    assert split_of(shape_of(one)) == split_of(shape_of(other))
