"""state: the value and type of a variable after a line."""

from __future__ import annotations

import ast
import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from codereasoner import literals
from codereasoner.records import Run
from codereasoner.steps.source import numbered, statements
from codereasoner.steps.visits import Visit, visits
from codereasoner.task import NO_PLACE, Misreading, NewLines, Question, Skip, Task, Wrong
from codereasoner.tasks.calls import call_facts, invocation, longest, unfit_trace
from codereasoner.tasks.path import MAX_TIME, VisitFacts

MAX_VALUE = 200  # characters of a value that is worth asking for

_TYPE = re.compile(r"\s*([A-Za-z_][\w.]*)(?:\[.*\])?\s*", re.DOTALL | re.ASCII)
_TYPE_NAMES = {"none": "nonetype", "string": "str", "integer": "int", "boolean": "bool"}


class VariableFacts(VisitFacts):
    """The facts of a question about a variable after one visit of a line."""

    variable: str


class State(Task):
    """Predict a variable's value and type when a line has finished, for the n-th time that the line runs.

    Asked where the line changes the variable and does not itself name the value. `time` 0 in a question's facts
    means any time: every value the variable ever has after the line is then right, and the answer `Nil` where
    it has none; REval's questions are such.
    """

    name = "state"
    facts = VariableFacts
    request = (
        "Each line has its number in front. What is the value of the variable that the last comment names, right after "
        "the line has finished for the n-th time? Answer with the literal and its type in the form `[1, 2]; list`."
    )
    limit = 4  # questions about one run

    unfit = staticmethod(unfit_trace)

    def ask(self, run: Run) -> Iterator[Question | Skip]:
        """Ask up to `limit` questions, if possible half of them beyond the first time of a line."""
        found = list(changes(run))
        yield from (each for each in found if isinstance(each, Skip))
        if not found:
            yield Skip("no line changes a variable")
        moments = [each for each in found if isinstance(each, Moment)]
        yield from (self._about(run, moment) for moment in pick(moments, self.limit, Random(f"state/{run.id}")))

    def ask_again(self, question: Question, run: Run, lines: NewLines, names: Mapping[str, str]) -> Question | Skip:
        """Ask about the same variable after the same time of the line that the statement is on now."""
        facts, variable = question.facts, question.facts["variable"]
        wanted = {"line": lines.get(facts["line"], 0), "time": facts["time"], "variable": names.get(variable, variable)}
        found = [each for each in changes(run) if isinstance(each, Moment) and each.facts() == wanted]
        return self._about(run, found[0]) if found else Skip(NO_PLACE)

    def _about(self, run: Run, moment: Moment) -> Question:
        return self.question(run, call_facts(run) | moment.facts(), [moment.gold], {"time": moment.time})

    def guesses(self, question: Question) -> Mapping[str, str]:
        constants = {"0": "0; int", "1": "1; int", "''": "''; str", "[]": "[]; list", "True": "True; bool"}
        return constants if question.facts["time"] else constants | {"Nil": "Nil"}

    def statement(self, question: Question) -> str:
        facts = question.facts
        return f"{numbered(facts['source'])}\n{invocation(facts)}  # {asked(facts)}?"

    def verify(self, question: Question, answer: str, run: Run | None = None) -> bool:
        """Accept the same value of the same type; a type that is given must be the value's own."""
        return is_state(answer, question.gold)

    def conclude_at(self, question: Question, state: Mapping[str, str], following: int | None) -> str:
        """Name the variable's value."""
        facts, value = question.facts, state.get(question.facts["variable"])
        if value is None or question.gold[0].rpartition(";")[0].strip() != value:
            return ""
        return f"That was line {facts['line']}, time {facts['time']}: {facts['variable']} = {value}."

    def locate_error(self, question: Question, answer: str, run: Run | None) -> Misreading | None:
        """Compare the answer with the variable's value at that line and time."""
        facts, true = question.facts, question.gold[0].rpartition(";")[0]
        claimed = answer.rpartition(";")[0] or answer
        return Misreading("variable", claimed, true, facts["line"], facts.get("time", 1) or 1, facts["variable"])


@dataclass(frozen=True)
class Moment:
    """The value of a variable after one visit of a line."""

    index: int  # the place of the visit in the trace
    line: int
    variable: str
    time: int
    gold: str

    def facts(self) -> dict[str, object]:
        """Return the facts of a question about it."""
        return {"line": self.line, "variable": self.variable, "time": self.time}


def asked(facts: Mapping[str, object]) -> str:
    """Return the question in a few words: `x after line 3, time 2`."""
    when = f"time {facts['time']}" if facts["time"] else "any time"
    return f"{facts['variable']} after line {facts['line']}, {when}"


def is_state(answer: str, golds: tuple[str, ...]) -> bool:
    """Return whether an answer is one of the right states.

    Raises:
        Wrong, LiteralError: it is not, and the message is the reason.
    """
    if answer in golds:
        return True
    if answer.strip(" []\t\r\n").lower() == "nil":
        return "Nil" in golds
    text, type_name = _split(answer)
    value = literals.read(text, longest(max(golds, key=len)))
    if type_name and _TYPE_NAMES.get(type_name, type_name) != type(value).__name__.lower():
        raise Wrong(f"the value is no {type_name[:40]}")
    return literals.key(value) in map(_key, golds)


def is_assignment(line: str, gold: str) -> bool:
    """Return whether a line such as `x = 3` names the variable and the value of the right one."""
    (name, _, text), (known, _, value) = line.partition("="), gold.partition("=")
    try:
        return name.strip(" \t") == known.strip() and is_state(text.strip(" \t"), (value.strip(),))
    except (Wrong, literals.LiteralError):
        return False


def changes(run: Run) -> Iterator[Moment | Skip]:
    """Yield every moment at which a line changed a variable to a value worth asking for, and a Skip for each other."""
    plain = statements(run.source)
    for visit in visits(run):
        if not visit.changes or visit.line not in plain or visit.nth > MAX_TIME:
            continue
        if isinstance(plain[visit.line], ast.Return):
            yield Skip("the line returns from the call")
            continue
        if visit.unclear or visit.raised:
            yield Skip(visit.unclear or "the line raises")
            continue
        for variable, text in visit.changes.items():
            reason = _unfit(text, variable, visit, plain[visit.line])
            yield Skip(reason) if reason else Moment(visit.index, visit.line, variable, visit.nth, gold(text))


def pick(moments: list[Moment], limit: int, random: Random) -> list[Moment]:
    """Pick moments in trace order: each (line, variable) once, and every other one beyond a line's first time."""
    later = [moment for moment in moments if moment.time > 1]
    first = [moment for moment in moments if moment.time == 1]
    queues = [random.sample(each, len(each)) for each in (later, first)]
    chosen: dict[tuple[int, str], Moment] = {}
    while len(chosen) < limit and any(queues):
        for queue in queues:
            while queue:
                moment = queue.pop()
                if (moment.line, moment.variable) not in chosen:
                    chosen[moment.line, moment.variable] = moment
                    break
    return sorted(list(chosen.values())[:limit], key=lambda moment: (moment.index, moment.variable))


def gold(text: str) -> str:
    """Return the right answer for a value: `3; int`."""
    return f"{text}; {type(literals.read(text)).__name__}"


def _unfit(text: str, variable: str, visit: Visit, statement: ast.AST) -> str:
    if len(text) > MAX_VALUE and text[:1] != "<":
        return f"the value is longer than {MAX_VALUE} characters"
    try:
        literals.read(text)
    except literals.LiteralError:  # a mark, or a program has forged its trace
        return "the value has no literal"
    if isinstance(statement, ast.Assign) and literals.is_literal(statement.value):
        return "the line names the value"
    return ""


def _split(answer: str) -> tuple[str, str]:
    """Return the value and, in lower case, the type of `VALUE; TYPE`; "" where no type is given."""
    text, _, tail = answer.rpartition(";")
    named = _TYPE.fullmatch(tail)
    return (text, named[1].lower()) if text and named else (answer, "")


@lru_cache(maxsize=65536)
def _key(gold: str) -> Hashable:
    """Return the key of a right answer; of none that a value has, where a benchmark's answer has no literal."""
    try:
        return literals.key(literals.read(_split(gold)[0]))
    except literals.LiteralError:
        return gold, "no literal"
