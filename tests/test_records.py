"""The records: ids from content, and plain JSON in and out."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import codereasoner
from codereasoner.errors import DataError
from codereasoner.records import Answer, Plain, Program, Run, Step, answer_key

RUN = Run(
    source="def f(x):\n    return x",
    entry="f",
    call="1",
    outcome="ok",
    value="1",
    steps=(Step("call", 0, 1, {"x": "1"}, value="f"), Step("line", 0, 2), Step("return", 0, 2, value="1")),
)


def test_a_run_survives_the_way_through_json() -> None:
    assert Run.from_json(RUN.to_json()) == RUN


def test_the_id_of_a_program_is_its_content_and_not_where_it_came_from() -> None:
    one = Program("def f(x): return x", "f", ("1",), origin="here")
    two = Program("def f(x): return x", "f", ("2",), origin="there")
    assert one.id == two.id
    assert one.id != Program("def f(x): return x + 1", "f", ("1",)).id


def test_the_id_of_an_answer_is_known_before_it_is_asked_for() -> None:
    answer = Answer("q", "m", "direct", 3, "text", sampling={"temperature": 0.5})
    assert answer.id == answer_key("q", "m", "direct", 3, {"temperature": 0.5})
    assert answer.id != answer_key("q", "m", "direct", 3, {"temperature": 0.6})


def test_an_unknown_field_is_refused_with_the_fields_there_are() -> None:
    with pytest.raises(DataError, match=r"Program has no field 'sauce'; it has: source, entry"):
        Program.from_json({"sauce": "", "entry": "f", "calls": []})


def test_a_field_of_another_type_is_refused() -> None:
    with pytest.raises(DataError, match=r"Program\.source must be a string, not int: 3"):
        Program.from_json({"source": 3, "entry": "f", "calls": []})
    with pytest.raises(DataError, match=r"Program\.calls must be a list, not str"):
        Program.from_json({"source": "", "entry": "f", "calls": "1"})


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("features", "hard", r"Program.features must be an object, not str: 'hard'"),
        ("features", None, r"Program.features must be an object, not NoneType"),
        ("calls", [1], r"each item of Program.calls must be a string, not int: 1"),
    ],
)
def test_a_field_of_another_type_is_refused_in_a_program(field: str, value: object, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        Program.from_json({"source": "", "entry": "f", "calls": [], field: value})


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("value", 3, r"Run.value must be a string or null, not int: 3"),
        ("steps", [7], r"Step must be an object, not int: 7"),
        ("cpu_ms", "fast", r"Run.cpu_ms must be a number, not str"),
        ("outcome", [], r"Run.outcome must be one of ok, raised, .*, not \[\]"),
        ("outcome", "fine", r"Run.outcome must be one of ok, raised, .*, not 'fine'"),
        ("difficulty", True, r"Run.difficulty must be a whole number, not bool: True"),
        ("steps", [{"event": "line", "frame": 0, "line": "2"}], r"Step.line must be a whole number, not str"),
        ("steps", [{"event": "line", "frame": 0, "line": 2, "changes": [1]}], r"Step.changes must be an object"),
    ],
)
def test_a_field_of_another_type_is_refused_in_a_run(field: str, value: object, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        Run.from_json({**RUN.to_json(), field: value})


def _kinds(kind: type[Plain]) -> Iterator[type[Plain]]:
    for each in kind.__subclasses__():
        yield each
        yield from _kinds(each)


def test_every_kind_of_record_there_is_can_be_read() -> None:
    modules = pkgutil.walk_packages(codereasoner.__path__, "codereasoner.")
    for module in modules:
        if module.name.split(".")[1] in ("chains", "evaluation", "interfaces", "task", "curation", "stages", "reports"):
            importlib.import_module(module.name)
    kinds = {each.__name__: each for each in _kinds(Plain) if each.__module__.startswith("codereasoner.")}
    assert {"Audit", "Mistake", "Question", "Rejected", "Run"} <= set(kinds)
    for name, kind in kinds.items():
        with pytest.raises(DataError, match=f"{name} has no field 'sauce'"):
            kind.from_json({"sauce": 1})
