"""The output and input tasks: what is right, what is wrong, and for which reason."""

from __future__ import annotations

import pytest

from codereasoner import extend
from codereasoner.errors import DataError
from codereasoner.execution.pool import Pool
from codereasoner.records import Run
from codereasoner.styles import STYLES
from codereasoner.task import Grade, Question, grade_answers

OUTPUT, INPUT = extend.task("output"), extend.task("input")


def output(gold: str, call: str = "1") -> Question:
    return Question("output", {"source": "def f(*a, **k):\n    return a\n", "entry": "f", "call": call}, (gold,))


def graded(question: Question, answer: str) -> Grade:
    return grade_answers([(extend.task(question.task), question, answer)])[0]


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("{'b': 1, 'a': {2, 3}}", '{"a": {3, 2}, "b": 1}'),
        ("(1,)", "(1,)"),
        ("(1, 2)", "1, 2"),
        ("'a\"b'", '"a\\"b"'),
        ("nan", "float('nan')"),
        ("[]", "list()"),
        ("1000000", "1_000_000"),
        ("1e+16", "10000000000000000.0"),
        ("[1, 2]", "[\n    1,\n    2,\n]"),
        ("2", "assert f(1) == 2"),
        ("2", "assert f( 1 ) == 2  # so"),
        ("2", "f(1) == 2"),
        ("2", "assert (f(1) == 2)"),
    ],
)
def test_an_equal_literal_in_any_notation_is_right(gold: str, answer: str) -> None:
    assert graded(output(gold), answer).outcome == "correct"


@pytest.mark.parametrize(
    ("gold", "answer", "reason"),
    [
        ("1", "True", "another value"),
        ("1", "1.0", "another value"),
        ("[1]", "(1,)", "another value"),
        ("0.0", "-0.0", "another value"),
        ("'1'", "1", "another value"),
        ("2", "f(1)", "not a literal: f(1)"),
        ("2", "f(2) == 2", "the assertion is about another call"),
        ("2", "2 == 2", "not an assertion of the form: assert CALL == VALUE"),
        ("2", "1 + 1", "not a literal: 1 + 1"),
        ("2", "assert f(2) == 2", "the assertion is about another call"),
        ("2", "assert f(1) == 2, 'x'", "not an assertion of the form: assert CALL == VALUE"),
        ("2", "assert f(1) == f(1)", "not a literal: f(1)"),
        ("2", "assert 1\nassert f(1) == 2", "2 statements where one is expected: assert 1 assert f(1) == 2"),
        ("2", "2" * 30_000, "the text has 30000 characters, more than 10000"),
    ],
)  # fmt: skip
def test_what_is_wrong_says_why(gold: str, answer: str, reason: str) -> None:
    grade = graded(output(gold), answer)
    assert (grade.outcome, grade.reason, grade.answer) == ("wrong", reason, answer)


def test_a_long_value_may_have_a_long_answer() -> None:
    gold = str(list(range(9000)))
    assert graded(output(gold), gold.replace(", ", ",")).outcome == "correct"


@pytest.mark.parametrize("call", ["'a', k=[1]", '"a",k=[1,]', "'a', k=[ 1 ]"])
def test_an_assertion_may_write_the_call_in_another_notation(call: str) -> None:
    assert graded(output("2", "'a', k=[1]"), f"assert f({call}) == 2").outcome == "correct"


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (Run("def f(): ...", "f", "", "ok", value=None), "the value has no literal"),
        (Run("def f(): ...", "f", "", "timeout"), "the call timeout"),
        (Run("import time", "f", "", "ok", "1"), "the program depends on chance, time or the machine (time)"),
    ],
)  # fmt: skip
def test_a_question_that_is_not_well_defined_is_left_out(run: Run, reason: str) -> None:
    assert OUTPUT.collect(run) == INPUT.collect(run) == ([], {reason: 1})


def test_a_value_too_long_to_ask_for_is_no_input_question() -> None:
    run = Run("def f(n): return n", "f", "1", "ok", str([1] * 2000))
    assert INPUT.collect(run).skipped == {"the value is longer than 2000 characters": 1}
    assert len(OUTPUT.collect(run).questions) == 1


PROGRAM = "def f(x, y=0):\n    if x == 'stop':\n        raise ValueError\n    return sorted(x) + [y]\n"


def asked(value: str, gold: str = "f('b')") -> Question:
    return Question("input", {"source": PROGRAM, "entry": "f", "value": value}, (gold,))


@pytest.mark.parametrize(
    ("answer", "outcome", "reason"),
    [
        ("f('ba', 1)", "correct", ""),
        ("f(x='ab', y=1)", "correct", ""),
        ("f(['b', 'a'], 1)", "correct", ""),
        ("f(y=1, x=('a', 'b'))", "correct", ""),
        ("assert f('ba', 1) == ['a', 'b', 1]", "correct", ""),
        ("f('ba', 1) == ['a','b',1]", "correct", ""),
        ("f('ab', True)", "wrong", "another value"),
        ("f('ab')", "wrong", "another value"),
        ("f()", "wrong", "the call raised"),
        ("f('stop')", "wrong", "the call raised"),
        ("f(1)", "wrong", "the call raised"),
        ("g('ab', 1)", "wrong", "not a call of f"),
        ("['a', 'b', 1]", "wrong", "not a call of f"),
        ("f('ab', 1) == ['a', 'b', 2]", "wrong", "the assertion is about another value"),
        ("assert f('ab', 1) == f('ab', 1)", "wrong", "not a literal: f('ab', 1)"),
        ("f('a' + 'b', 1)", "wrong", "not a literal: 'a' + 'b'"),
        ("f(*['ab', 1])", "wrong", "not a literal: *['ab', 1]"),
        ("f(**{'x': 'ab', 'y': 1})", "wrong", "keyword arguments must be named, each once"),
    ],
)
def test_any_call_that_gives_the_value_is_right(answer: str, outcome: str, reason: str, pool: Pool) -> None:
    [grade] = grade_answers([(INPUT, asked("['a', 'b', 1]"), answer)], pool.run)
    assert (grade.outcome, grade.reason) == (outcome, reason)


def test_the_known_call_is_right_though_its_arguments_are_no_literals(pool: Pool) -> None:
    question = asked("['a', 'b', 0]", "f(list('ba') + [])")
    answers = ["f(list('ba') + [])", 'f(list("ba")+[])', "f(list('ab') + [])"]
    grades = grade_answers([(INPUT, question, answer) for answer in answers], pool.run)
    assert [grade.outcome for grade in grades] == ["correct", "correct", "wrong"]


def test_a_set_argument_keeps_the_order_in_which_it_is_written(pool: Pool) -> None:
    source = "def f(s):\n    return list(s)\n"
    for order in ("{8, 0}", "{0, 8}"):
        job = INPUT.job(asked("1"), f"f({order})")
        assert job is not None
        assert job.call == order
    question = Question("input", {"source": source, "entry": "f", "value": "[8, 0]"}, ("f({8, 0})",))
    grades = grade_answers([(INPUT, question, answer) for answer in ("f({8, 0})", "f({0, 8})")], pool.run)
    assert [grade.outcome for grade in grades] == ["correct", "wrong"]


def test_blanks_are_compared_one_by_one() -> None:
    test = "assert f(1) == ??\nassert f(2) == ??"
    question = Question(
        "assertion-completion", {"source": "def f(x): return x", "test": test}, ("assert f(1) == 1\nassert f(2) == 2",)
    )
    verdicts = {
        "assert f(1) == 1\nassert f(2) == 2": "correct",
        "assert f(1)==1 # so\n\nassert f(2) == 2": "correct",
        "assert f(1) == 1\nassert f(2) == 2.0": "wrong",
        "assert f(1) == 1": "wrong",
        "assert 1 == 1\nassert f(2) == 2": "wrong",
        "1\n2": "wrong",
    }
    assert {answer: graded(question, answer).outcome for answer in verdicts} == verdicts


@pytest.mark.parametrize(("size", "reasons"), [(4_000, []), (20_000, ["the value is too large to be compared"])])
def test_a_value_that_no_verifier_would_read_is_not_asked_about(size: int, reasons: list[str]) -> None:
    run = Run("def f(n):\n    return [1] * n\n", "f", f"{size}", "ok", str([1] * size))
    questions, skipped = OUTPUT.collect(run)
    assert list(skipped) == reasons
    for question in questions:
        assert graded(question, f"assert f({size}) == {question.gold[0]}").outcome == "correct"


@pytest.mark.parametrize(
    ("gold", "answer", "right"),
    [
        ("'a  b'", "'a b'", False),
        ("[1, 2]", "\u2003[1, 2]", False),
        ("[1, 2]", "[1,\n 2]", True),
        ("A new  List", "a new list", True),
    ],
)
def test_white_space_inside_a_string_is_a_part_of_a_value_that_is_asked_for(
    gold: str, answer: str, right: bool
) -> None:
    question = Question("code-question", {"source": "x", "question": "?"}, (gold,))
    assert graded(question, answer).outcome == ("correct" if right else "wrong")


TEXT_RUN = {
    "eval": "def f(x):\n    return [len(str(eval(x))), 0]\n",
    "eval beside a method eval": "class A:\n    def eval(self): ...\ndef f(x):\n    return [len(str(eval(x))), 0]\n",
    "exec": "def f(x):\n    exec(x)\n    return [1, 0]\n",
    "eval by another name": "e = eval\ndef f(x):\n    return [len(str(e(x))), 0]\n",
    "pickle": "import pickle\ndef f(x):\n    return [1, 0]\n",
    "any attribute": "def f(x):\n    return [len(getattr('', x)()), 0]\n",
    "any attribute by another name": "g = getattr\ndef f(x):\n    return [len(g('', x)()), 0]\n",
    "any attribute of several": "def f(x):\n    return [len(list(map(getattr, [''], [x]))), 0]\n",
    "any attribute by a method": "def f(x):\n    return [len(object.__getattribute__('', x)()), 0]\n",
    "a getter of any attribute": "def f(x):\n    return [len(getattr('', '__getattribute__')(x)()), 0]\n",
    "attrgetter by another name": "from operator import attrgetter as a\ndef f(x):\n    return [len(a(x)('')()), 0]\n",
    "any part of a class": "def f(x):\n    return [len(vars(str)[x]('')), 0]\n",
    "any part of a class's dict": "def f(x):\n    return [len(str.__dict__[x]('')), 0]\n",
    "a part of a class by another name": "d = vars(str)\ndef f(x):\n    return [len(d[x]('')), 0]\n",
    "a part of a class by a method": "def f(x):\n    return [len(str.__dict__.get(x)('')), 0]\n",
    "a member of a class": "import inspect\ndef f(x):\n    return [len(dict(inspect.getmembers(''))[x]()), 0]\n",
    "a timer": "import timeit\ndef f(x):\n    return [timeit.timeit(x, number=1), 0]\n",
    "any global": "def f(x):\n    return [len(str(globals()[x])), 0]\n",
}


@pytest.mark.parametrize("source", TEXT_RUN.values(), ids=list(TEXT_RUN))
def test_no_answer_is_run_as_code_by_a_program_that_runs_text(source: str) -> None:
    """Such a call could write any value into the pipe that its process answers through, and end."""
    question = Question("input", {"source": source, "entry": "f", "value": "[1, 0]"}, ("f('1')",))
    forged = graded(question, """f('__import__("os").write(4, b"[1, 0]")')""")
    assert forged.outcome == "wrong"
    assert "runs text as code" in forged.reason
    assert INPUT.job(question, "f('1')") is not None
    assert not INPUT.collect(Run(source, "f", "'1'", "ok", "[1, 0]")).questions


@pytest.mark.parametrize(
    "body",
    ["bool(re.compile(x).match('a'))", "getattr(x, 'upper')() == 'A'", "x.locals == x", "str.__dict__['upper'] == x"],
)
def test_a_program_that_compiles_a_pattern_or_reads_a_known_attribute_runs_no_text(body: str) -> None:
    source = f"import re\ndef f(x):\n    return {body}\n"
    assert len(INPUT.collect(Run(source, "f", "'a'", "ok", "True")).questions) == 1


def test_an_argument_of_more_digits_than_python_writes_is_no_guess() -> None:
    assert "the first argument" not in OUTPUT.guesses(output("1", "1" * 5000))


def test_the_answer_of_a_perfect_model_to_a_question_without_one_is_a_sentence() -> None:
    question = Question("input", {"source": "def f(x):\n    return x", "entry": "f", "call": "1", "value": "1"}, ())
    with pytest.raises(DataError, match="has no right answer: `gold` is empty"):
        INPUT.render(question, STYLES["reasoning"])
