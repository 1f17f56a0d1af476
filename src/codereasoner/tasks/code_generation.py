"""code-generation: a function by its description."""

import re
from collections.abc import Generator
from typing import TypedDict

from codereasoner.answer_formats import Fenced, last_fence
from codereasoner.records import Job, Run
from codereasoner.steps.source import parse_any
from codereasoner.styles import Style
from codereasoner.task import Grade, Question, Task, Wrong
from codereasoner.tasks import replay
from codereasoner.tasks.replay_programs import ASKED, NOTED

PREAMBLE = "from typing import *\n"
WHOLE = "reached_the_end"  # what a published scorer's check is called by
MAX_ANSWER = 20_000  # characters
MAX_ROUNDS = 12  # each tells one call more of those that depend on the one before; else they depend on chance

_FUTURE = re.compile(r"^from __future__ import .*$", re.MULTILINE)


class SpecificationFacts(TypedDict):
    """The facts of a description; optional are `signature`, and `shown`, the tests that the prompt shows."""

    specification: str
    entry: str
    tests: str


class CodeGeneration(Task):
    """Write code from a description; tests decide, in another process than the code.

    The code is asked for the values of calls and nothing else. Tests of the form `CALL == LITERAL` are decided by
    comparing those values here. All other tests run in a process without the code, where a stand-in for the function
    replays the values: it first learns which calls the tests make, and is given their values in the next run.
    """

    name = "code-generation"
    facts = SpecificationFacts
    answers = "code"
    request = "Write the Python function that is described. Answer with its code, and nothing else."

    def statement(self, question: Question) -> str:
        facts = question.facts
        parts = (facts["specification"], facts.get("signature", ""), facts.get("shown", ""))
        return "\n\n".join(part.strip("\n") for part in parts if part.strip())

    def parse(self, question: Question, completion: str, style: Style) -> str | None:
        """Return the code with the assertions in it: they are part of it."""
        return last_fence(completion) if isinstance(style.format, Fenced) else style.parse(completion)

    def job(self, question: Question, answer: str) -> Job | None:
        """Run the code on the calls of the tests; None if the tests must run before their calls are known."""
        tests = _equalities(question)
        if tests is None:
            return None
        return _job(answer, replay.asking(question.facts["entry"], tests.calls))

    def verify(self, question: Question, answer: str, run: Run | None = None) -> bool:
        """Accept code for which every equality holds, as Python compares values."""
        tests = _equalities(question)
        if tests is None or run is None:
            raise Wrong("the tests were not run")
        for (kind, items), wanted in zip(replay.outcomes(run, len(tests.calls)), tests.values, strict=True):
            if kind[:1].isupper():
                raise Wrong(f"a call raises {kind}")
            if kind != "value" or not bool(items == [wanted]):
                raise Wrong("a test has another value")
        return True

    def examine(self, question: Question, answer: str) -> Generator[Job, Run, Grade]:
        """Decide equalities by one run; run other tests without the code, which is asked for the values they lack."""
        if _equalities(question) is not None:
            return (yield from super().examine(question, answer))
        facts = question.facts
        head = PREAMBLE + _head(question)
        made = told = replay.InTurn()
        for _ in range(MAX_ROUNDS + 1):  # the last one has nothing to learn
            run = yield Job(replay.replaying(facts["tests"], facts["entry"], head, made, told), NOTED, "")
            before, made = made, replay.calls(run)
            if not made.count:
                raise Wrong("the tests never call the function, so they cannot tell right code from wrong")
            if made == before:
                return Grade("correct", answer)
            asking = replay.asking_in_turn(facts["entry"], made)
            told = replay.outcomes_in_turn((yield _job(answer, asking)), made)
        raise Wrong("the tests make other calls in each run")


def whole_tests(question: Question) -> str:
    """Return the tests as a published scorer runs them, after the code."""
    tests, entry = question.facts["tests"], question.facts["entry"]
    return f"{tests}\n" + (f"check({entry})\n" if "def check(" in tests else "")


def _equalities(question: Question) -> replay.Equalities | None:
    return replay.equalities(question.facts["tests"], question.facts["entry"], _head(question))


def _head(question: Question) -> str:
    """Return the definitions that the description gives, which the tests may use."""
    described: str = question.facts["specification"]
    return described if is_code(described) else ""


def is_code(described: str) -> bool:
    """Return whether a description is the head of a program, with what the function needs before it."""
    tree = parse_any(described)
    return tree is not None and bool(tree.body) and "def " in described


def _job(answer: str, asking: str) -> Job:
    """Return the job that runs the code of the answer and reports the outcomes of calls."""
    if len(answer) > MAX_ANSWER:
        raise Wrong(f"longer than {MAX_ANSWER} characters")
    future = _FUTURE.findall(answer)  # goes before the preamble, as nothing may precede it
    source = "\n".join([*future, PREAMBLE + (_FUTURE.sub("", answer) if future else answer), ""])
    return Job(source, ASKED, "", harness=asking, model_text=True)
