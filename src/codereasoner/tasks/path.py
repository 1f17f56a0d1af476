"""path: the line that runs right after another."""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from codereasoner.records import Run
from codereasoner.steps.source import has_constant_loop, numbered, split_lines, statements
from codereasoner.steps.visits import Visit, visits
from codereasoner.task import NO_PLACE, Misreading, NewLines, Question, Skip, Task, Wrong
from codereasoner.tasks.calls import call_facts, invocation, unfit_trace
from codereasoner.tasks.coverage import LineFacts

MAX_TIME = 20  # visits of a line that are asked about: later ones only test counting

_NUMBER = re.compile(r"(?:line )?(-1|[0-9]{1,6})\.?", re.IGNORECASE | re.ASCII)


class VisitFacts(LineFacts):
    """The facts of a question about one visit of a line."""

    time: int  # 1 for the first; 0 for any


class Path(Task):
    """Predict which line runs right after the n-th time that a line runs.

    Asked in pairs, one step to the line below and one to somewhere else. `time` 0 in a question's facts means
    any time: every line that ever follows is then right; -1 means the end of the run. REval's
    questions are such.
    """

    name = "path"
    facts = VisitFacts
    request = (
        "Each line has its number in front. Which line runs right after the line that the last comment names has run "
        "for the n-th time? Answer with its number, or -1 where the call ends."
    )
    limit = 4  # questions about one run

    unfit = staticmethod(unfit_trace)

    def ask(self, run: Run) -> Iterator[Question | Skip]:
        """Ask up to `limit` questions, half of them about steps that do not lead to the line below."""
        found = list(turns(run))
        yield from (each for each in found if isinstance(each, Skip))
        moves = [each for each in found if isinstance(each, Turn)]
        if len({turn.jumps for turn in moves}) < 2:
            yield Skip("every step is a jump" if moves and moves[0].jumps else "the run goes straight down")
            return
        yield from (self._about(run, turn) for turn in pick(moves, self.limit, Random(f"path/{run.id}")))

    def ask_again(self, question: Question, run: Run, lines: NewLines, names: Mapping[str, str]) -> Question | Skip:
        """Ask about the same time of the line that the statement is on now."""
        wanted = {"line": lines.get(question.facts["line"], 0), "time": question.facts["time"]}
        found = [each for each in turns(run) if isinstance(each, Turn) and each.facts() == wanted]
        return self._about(run, found[0]) if found else Skip(NO_PLACE)

    def _about(self, run: Run, turn: Turn) -> Question:
        features = {"time": turn.time, "jumps": turn.jumps}
        return self.question(run, call_facts(run) | turn.facts(), [turn.gold], features)

    def guesses(self, question: Question) -> Mapping[str, str]:
        source = question.facts["source"]
        below = next_below(source, question.facts["line"])
        return {"the line below": str(below), "the end": "-1", "two below": str(next_below(source, below))}

    def statement(self, question: Question) -> str:
        facts = question.facts
        return f"{numbered(facts['source'])}\n{invocation(facts)}  # {asked(facts)}?"

    def verify(self, question: Question, answer: str, run: Run | None = None) -> bool:
        """Accept the same number, or the line's own text where no other line reads the same."""
        return is_line(answer, question.facts["source"], question.gold)

    def conclude_at(self, question: Question, state: Mapping[str, str], following: int | None) -> str:
        gold, moment = question.gold[0], f"That was line {question.facts['line']}, time {question.facts['time']}"
        if following is None:
            return f"{moment}, and the call ends there." if gold == "-1" else ""
        return f"{moment}; line {gold} runs next." if gold == str(following) else ""

    def locate_error(self, question: Question, answer: str, run: Run | None) -> Misreading | None:
        """Name the line after which another one was expected."""
        return Misreading("next line", line=question.facts["line"])


@dataclass(frozen=True)
class Turn:
    """A step from a line to the next."""

    index: int  # the place of the visit in the trace
    line: int
    time: int
    following: int  # -1: the end
    jumps: bool  # is it another line than the one below?
    branch: bool  # does the line decide what follows?

    @property
    def gold(self) -> str:
        """The right answer."""
        return str(self.following)

    def facts(self) -> dict[str, object]:
        """Return the facts of a question about it."""
        return {"line": self.line, "time": self.time}


def asked(facts: Mapping[str, object]) -> str:
    """Return the question in a few words: `line after line 3, time 2`."""
    when = f"time {facts['time']}" if facts["time"] else "any time"
    return f"line after line {facts['line']}, {when}"


def is_line(answer: str, source: str, golds: tuple[str, ...]) -> bool:
    """Return whether the answer names one of the right lines, or raise Wrong if it names none."""
    text = answer.strip(" \t\r\n")
    number = _NUMBER.fullmatch(text)
    if number:
        return str(int(number[1])) in golds
    lines = enumerate(split_lines(source), start=1)
    named = [place for place, line in lines if text and text in (line.strip(), f"{place}\t{line}".strip())]
    if len(named) != 1:
        raise Wrong("not a line's number" if not named else "several lines read so; a number is needed")
    return str(named[0]) in golds


def turns(run: Run) -> Iterator[Turn | Skip]:
    """Yield every step from one line to the next that has one reading, and a Skip for each that has several."""
    plain = statements(run.source)
    endless = has_constant_loop(run.source)
    for visit in visits(run):
        if visit.line not in plain or visit.nth > MAX_TIME:
            continue
        if reason := _unfit(visit, plain, endless):
            yield Skip(reason)
            continue
        following = visit.following or -1
        jumps = following != next_below(run.source, visit.line)
        branch = isinstance(plain[visit.line], ast.If | ast.For | ast.While)
        yield Turn(visit.index, visit.line, visit.nth, following, jumps, branch)


def pick(moves: list[Turn], limit: int, random: Random) -> list[Turn]:
    """Pick as many jumps as steps down, in trace order: deciding lines first, each (line, next line) once."""
    chosen: list[Turn] = []
    halves = [[turn for turn in moves if turn.jumps is jumps] for jumps in (True, False)]
    ways = [{(turn.line, turn.following): turn for turn in random.sample(half, len(half))} for half in halves]
    count = min(limit // 2, *(len(way) for way in ways))
    for way in ways:
        turns = sorted(way.values(), key=lambda turn: not turn.branch)
        chosen += turns[:count]
    return sorted(chosen, key=lambda turn: turn.index)


def next_below(source: str, line: int) -> int:
    """Return the number of the next line below that holds code; -1 where there is none."""
    found = _lines_of_code(source)
    place = bisect_right(found, line)
    return found[place] if place < len(found) else -1


@lru_cache(maxsize=64)
def _lines_of_code(source: str) -> tuple[int, ...]:
    texts = enumerate(map(str.strip, split_lines(source)), start=1)
    return tuple(number for number, text in texts if text and not text.startswith("#"))


def _unfit(visit: Visit, plain: Mapping[int, ast.AST], endless: bool) -> str:
    if visit.unclear:
        return visit.unclear
    if isinstance(plain[visit.line], ast.Return):
        return "the line returns from the call"
    if visit.following is not None and visit.following not in plain:
        return "the next line is a part of a statement"
    if endless and visit.following is not None and visit.following <= visit.line:
        return "a loop whose test is a constant"
    return ""
