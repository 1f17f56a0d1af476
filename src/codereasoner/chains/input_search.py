"""Search for a call that returns a wanted value, from that value and the text of the program alone.

First the program is inverted (inversion.py). Then arguments are tried that are made from the wanted value and from the
program's constants (argument_candidates.py), and what a call returns decides what is tried next. Every call is run; the
search ends with the first that returns the wanted value. The call that the question was made from is never looked at.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product

from codereasoner import extend, literals
from codereasoner.chains.argument_candidates import WANTED, Candidate, constants, derived, kinds, made, repaired, simple
from codereasoner.chains.inversion import invert
from codereasoner.records import Job, Run
from codereasoner.steps.source import parse_source
from codereasoner.task import Question, Runner

MAX_RUNS = 12  # calls that are run, including those that the program cannot take, which the chain leaves out
MAX_AT_LIMITS = 3  # calls that used up their time or memory, after which no other is run
MAX_PARAMETERS = 4
MAX_CHOICES = 8  # arguments that are combined with those of the other parameters, for each parameter
NOT_FOUND = "no call was found"


@dataclass(frozen=True)
class Proposal:
    """A call to try, and the sentences that lead to it."""

    arguments: Mapping[str, Candidate]
    lines: tuple[str, ...]
    call: str


@dataclass(frozen=True)
class Try:
    """A call that was tried, and its traced run."""

    lines: tuple[str, ...]
    run: Run


def searches(question: Question) -> bool:
    """Return whether a question asks for a call that returns a value."""
    return extend.task_of(question).direction == "backward"


def search_calls(
    questions: Sequence[Question], runner: Runner, most: int = 3, origins: Sequence[str] = ()
) -> list[tuple[Try, ...]]:
    """Return the calls tried for each question, the last of which returns the wanted value; none: there is no such.

    At most `most` calls fail before it. The searches go on side by side, so that the runner has many jobs at once.
    origins: the origin of each program, whose programs may share a process (default: none may).
    """
    found = [_Search(*each, most) for each in zip(questions, origins or [""] * len(questions), strict=True)]
    for _ in range(MAX_RUNS):
        asked = [(each, job) for each in found if (job := each.next_job()) is not None]
        if not asked:
            break
        for (each, _), run in zip(asked, runner([job for _, job in asked]), strict=True):
            each.hear(run)
    return [tuple(each.tries) if each.is_found else () for each in found]


class _Search:
    def __init__(self, question: Question, origin: str, most: int) -> None:
        self.source, self.entry, self.wanted = (question.facts[name] for name in ("source", "entry", "value"))
        self.origin, self.most = origin, most
        self.tries: list[Try] = []
        self.is_found = False
        self.proposals: Iterator[Proposal] = iter(())
        self.asked: set[str] = set()
        self.at_limits = 0
        self.open: Proposal | None = None
        try:
            self.value = literals.read(self.wanted)
        except literals.LiteralError:  # a value of more items than are read
            return
        tree = parse_source(self.source)
        nodes = tree.body if tree else []
        functions = [each for each in nodes if isinstance(each, ast.FunctionDef) and each.name == self.entry]
        if functions and not functions[-1].decorator_list:
            self.function = functions[-1]
            self.known = constants(self.function)
            self.kinds = kinds(self.function)
            self.keywords = {each.arg for each in self.function.args.kwonlyargs}
            self.proposals = chain(self._inverted(), self._combined())

    def next_job(self) -> Job | None:
        """Return the next call to run; None: the search is over."""
        if self.is_found or len(self.tries) > self.most or self.at_limits == MAX_AT_LIMITS:
            return None
        self.open = next((each for each in self.proposals if each.call not in self.asked), None)
        if self.open is None:
            return None
        self.asked.add(self.open.call)
        return Job(self.source, self.entry, self.open.call, record="trace", origin=self.origin)

    def hear(self, run: Run) -> None:
        """Take the run of the call that was asked for last; one that the program cannot take is passed over."""
        assert self.open is not None
        self.at_limits += run.outcome in ("timeout", "memory", "output")
        if run.outcome != "ok" or run.value is None or not run.steps or run.cut:
            return
        try:
            result = literals.read(run.value)
        except literals.LiteralError:
            return
        self.tries.append(Try(self.open.lines, run))
        self.is_found = literals.equal(result, self.value)
        self.proposals = chain(self._repaired(self.open, result), self.proposals)

    def _inverted(self) -> Iterator[Proposal]:
        for each in invert(self.source, self.function, self.value):
            rest = {name: self._choices(kind)[0] for name, kind in self.kinds.items() if name not in each.arguments}
            given = {name: _as_kind(value, self.kinds[name]) for name, value in each.arguments.items()}
            named = set(rest) | {
                name for name, one in given.items() if not literals.equal(one.value, each.arguments[name])
            }
            yield self._propose({name: rest.get(name) or given[name] for name in self.kinds}, each.lines, named)

    def _combined(self) -> Iterator[Proposal]:
        """Yield every combination of arguments, those nearest to the wanted value first."""
        if not 0 < len(self.kinds) <= MAX_PARAMETERS:
            return
        lists = [self._ranked(kind) for kind in self.kinds.values()]
        rows = sorted(product(*lists), key=lambda row: sum(cost for cost, _ in row) + 3 * _derived_count(row))
        for row in rows:
            yield self._propose({name: one for name, (_, one) in zip(self.kinds, row, strict=True)})

    def _ranked(self, kind: type | None) -> list[tuple[int, Candidate]]:
        return list(enumerate(self._choices(kind, is_main=True)))[:MAX_CHOICES]

    def _choices(self, kind: type | None, is_main: bool = False) -> list[Candidate]:
        found: list[type] = [type(self.value), str, int] if kind is None else [kind]
        codes = [code for each in found for code in simple(each, self.known)]
        if is_main and self.value not in ((), [], "", {}, 0):
            codes = derived(found[0], self.value, self.known) + codes
        return list(made(codes, self.wanted))

    def _repaired(self, tried: Proposal, result: object) -> Iterator[Proposal]:
        for name, candidate in tried.arguments.items():
            for better in made(repaired(candidate, result, self.value), self.wanted):
                yield self._propose({**tried.arguments, name: better}, (), {name})

    def _propose(
        self, arguments: Mapping[str, Candidate], lines: Iterable[str] = (), named: set[str] | None = None
    ) -> Proposal:
        choices = [_choice(name, each) for name, each in arguments.items() if named is None or name in named]
        texts = [f"{name}={each.text}" if name in self.keywords else each.text for name, each in arguments.items()]
        return Proposal(arguments, (*lines, *choices), ", ".join(texts))


def _derived_count(row: Sequence[tuple[int, Candidate]]) -> int:
    """Return by how much the number of arguments made from the wanted value differs from one."""
    return abs(sum(WANTED in one.code for _, one in row) - 1)


def _as_kind(value: object, kind: type | None) -> Candidate:
    """Return the argument that an inversion found; no items are an empty string where the program wants a string."""
    value = kind() if kind is not None and value in ([], "") else value
    return Candidate(literals.write(value), value)


def _choice(name: str, candidate: Candidate) -> str:
    """For text take `wanted[::2]`, 'ctj'."""
    if candidate.code == candidate.text:
        return f"For {name} take {candidate.text}."
    return f"For {name} take `{candidate.code}`, {candidate.text}."
