"""debugger: where a move of a debugger leads, forward or back, and what the local variables are there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from codereasoner import literals
from codereasoner.records import Run
from codereasoner.steps.source import numbered
from codereasoner.steps.visits import Visit, visits
from codereasoner.task import NO_PLACE, Grade, NewLines, Question, Skip, Task, Wrong
from codereasoner.tasks.calls import STEP, call_facts, callers, invocation, refuse_long, unfit_order
from codereasoner.tasks.path import MAX_TIME, VisitFacts, next_below
from codereasoner.tasks.state import MAX_VALUE, is_assignment

LONGEST = 2_000  # characters of a right answer: more variables are copying, not reasoning
PLACES = 12  # of a run from which each move is tried
MOVES = ("step", "next", "out", "to")
END = "-1"

_NUMBER = re.compile(r"(?:line )?(-1|[0-9]{1,6})\.?", re.IGNORECASE | re.ASCII)


class MoveFacts(VisitFacts):
    """The facts of a question about a move from one visit of a line."""

    move: str  # one of MOVES, or the same after `back `
    to: int  # the line to run to; 0 for another move


class Debugger(Task):
    """Predict where a debugger stops after a move, and the local variables there (arXiv:2603.09951).

    A debugger stands before a line and stops before a line. `next` and `out` stop in the same function or one that
    called it, a move back where the same move forward would have come from. Each run is asked about several moves.
    Correct if the line and all variables are; the parts are `line` and `variables`.
    """

    name = "debugger"
    facts = MoveFacts
    request = (
        "Each line has its number in front. A debugger stands before the line that the last comment names, which is "
        "about to run for the n-th time. Where does it stop after the move? `step` goes to the next line that runs, "
        "`next` does so without stopping in functions that are called, `out` goes on until the function has returned, "
        "and `to line N` until line N is about to run; `back` moves go to where the same lines were about to run "
        "before. Answer with the number of the line, or -1 if the call ends first, then each local variable there "
        "as in `x = 3`, on lines of their own."
    )
    limit = 4  # questions about one run

    def unfit(self, run: Run) -> str:
        """Take whole traces whose lines have one order, without generators and handled exceptions."""
        if any(step.event in ("yield", "exception") for step in run.steps):
            return "a generator or an exception leaves a function on the way"
        return unfit_order(run)

    def ask(self, run: Run) -> Iterator[Question | Skip]:
        """Ask about up to `limit` different moves, each from where it does not lead to the line below if possible."""
        trace, random = _Trace(visits(run), callers(run)), Random(f"debugger/{run.id}")
        moves = [f"{way}{move}" for way in ("", "back ") for move in MOVES]
        found = [each for move in random.sample(moves, len(moves)) if (each := self._pick(run, trace, move, random))]
        if not found:
            yield Skip("no move leads anywhere")
        for facts, gold in found[: self.limit]:
            yield self.question(run, call_facts(run) | facts, [gold], {"move": facts["move"]})

    def _pick(self, run: Run, trace: _Trace, move: str, random: Random) -> tuple[dict[str, object], str] | None:
        """Return the facts and the right answer of a question about this move; None if there is none."""
        found = []
        for place in random.sample(range(len(trace.found)), min(PLACES, len(trace.found))):
            here = trace.found[place]
            to = random.choice(trace.lines) if move.endswith("to") else 0
            stop = trace.stop(place, move, to)
            gold = trace.seen(stop)
            if here.nth > MAX_TIME or gold is None or (stop is None and to in (0, here.line)):
                continue
            first, last = sorted((place, place if stop is None else stop))
            below = next_below(run.source, trace.found[first].line) == trace.found[last].line
            plain = stop is None or (last - first == 1 and below)
            found.append((plain, {"line": here.line, "time": here.nth, "move": move, "to": to}, gold))
        best = min(found, key=lambda each: each[0], default=None)
        return best[1:] if best else None

    def ask_again(self, question: Question, run: Run, lines: NewLines, names: Mapping[str, str]) -> Question | Skip:
        """Ask about the same move from the same time of the line that the statement is on now."""
        facts, trace = question.facts, _Trace(visits(run), callers(run))
        line, to = lines.get(facts["line"], 0), lines.get(facts["to"], 0)
        places = [place for place, each in enumerate(trace.found) if (each.line, each.nth) == (line, facts["time"])]
        if not places or bool(to) != bool(facts["to"]):
            return Skip(NO_PLACE)
        gold = trace.seen(trace.stop(places[0], facts["move"], to))
        if gold is None:
            return Skip("the answer is long, or a variable has no short literal")
        moved = {"line": line, "time": facts["time"], "move": facts["move"], "to": to}
        return self.question(run, call_facts(run) | moved, [gold], {"move": facts["move"]})

    def guesses(self, question: Question) -> Mapping[str, str]:
        return {"the line below": str(next_below(question.facts["source"], question.facts["line"])), "the end": END}

    def statement(self, question: Question) -> str:
        facts = question.facts
        place = f"at line {facts['line']}, time {facts['time']}"
        return f"{numbered(facts['source'])}\n{invocation(facts)}  # {place}: {_move(facts)}?"

    def verify(self, question: Question, answer: str, run: Run | None = None) -> Grade:
        """Compare the line, and the variables in any order."""
        refuse_long(question, answer)
        (true, *wanted), (line, *given) = literals.items(question.gold[0]), literals.items(answer) or [""]
        number = _NUMBER.fullmatch(line)
        if not number:
            raise Wrong("not a line's number")
        known = {_name(each): each for each in given}
        right = [_name(each) in known and is_assignment(known[_name(each)], each) for each in wanted]
        parts = {"line": float(str(int(number[1])) == true)}
        if wanted:
            parts["variables"] = sum(right) / max(len(wanted), len(given))
        is_right = all(part == 1 for part in parts.values()) and len(given) == len(wanted)
        return Grade("correct" if is_right else "wrong", answer, "" if is_right else STEP, parts)

    def conclude_at(self, question: Question, state: Mapping[str, str], following: int | None) -> str:
        """Say what a move back leads to; a move forward goes on."""
        return self.conclude(question) if question.facts["move"].startswith("back ") else ""

    def conclude(self, question: Question) -> str:
        """Say where the move leads; the answer has the variables, whose values there are not those of now."""
        facts, line = question.facts, literals.items(question.gold[0])[0]
        where = "the call ends" if line == END else f"it stops before line {line}"
        return f"From line {facts['line']}, time {facts['time']}, after {_move(facts)}, {where}."


@dataclass(frozen=True)
class _Trace:
    """The visits of a run, and the frame that called each frame."""

    found: Sequence[Visit]
    outer: Mapping[int, int]
    lines: Sequence[int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", sorted({visit.line for visit in self.found}))

    def stop(self, place: int, move: str, to: int) -> int | None:
        """Return the place of the visit at which a move stops; None if the run ends first, on its side."""
        places = range(place - 1, -1, -1) if move.startswith("back ") else range(place + 1, len(self.found))
        frame: int | None = self.found[place].frame
        if move.endswith("out"):
            frame = self.outer.get(self.found[place].frame)
        around = set()
        while frame is not None:
            around.add(frame)
            frame = self.outer.get(frame)
        for index in places:
            visit = self.found[index]
            if (visit.line == to) if to else (move.endswith("step") or visit.frame in around):
                return index
        return None

    def seen(self, stop: int | None) -> str | None:
        """Return the right answer for a stop; None where it is long or a variable has no short literal."""
        if stop is None:
            return END
        visit = self.found[stop]
        if any(text.startswith("<") or len(text) > MAX_VALUE for text in visit.before.values()):
            return None
        gold = "\n".join([str(visit.line), *(f"{name} = {text}" for name, text in visit.before.items())])
        return gold if len(gold) <= LONGEST else None


def _move(facts: Mapping[str, object]) -> str:
    return f"`{facts['move']} line {facts['to']}`" if facts["to"] else f"`{facts['move']}`"


def _name(line: str) -> str:
    return line.partition("=")[0].strip(" \t")
