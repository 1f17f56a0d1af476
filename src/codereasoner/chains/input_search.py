"""Search for a call that returns a wanted value, from that value and the text of the program alone.

First the program is inverted (inversion.py). Then arguments are tried that are made from the wanted value and from the
program's constants (argument_candidates.py), and what a call returns decides what is tried next. Every call is run; the
search ends with the first that returns the wanted value. The call that the question was made from is never looked at.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice, product, tee

from codereasoner import extend, literals
from codereasoner.chains.argument_candidates import (
    WANTED,
    Candidate,
    constants,
    derived,
    kinds,
    made,
    repaired,
    simple,
    varied,
)
from codereasoner.chains.dry_run import dry_run
from codereasoner.chains.inversion import Inversion, invert
from codereasoner.chains.module_values import module_values
from codereasoner.records import Job, Run
from codereasoner.steps.source import function_named, nodes_of, parse_source
from codereasoner.task import Question, Runner

MAX_RUNS = 12  # calls that are run, including those that the program cannot take, which the chain leaves out
MAX_AT_LIMITS = 3  # calls that used up their time or memory, after which no other is run
MAX_PARAMETERS = 4
MAX_CHOICES = 8  # arguments that are combined with those of the other parameters, for each parameter
MAX_NEAR = 3  # arguments made from the wanted value that are tried before the simplest ones
MAX_COMBINED = 100  # combinations of arguments that are tried, as long as there are runs left
MAX_DRY = 1_000  # operations and statements of all dry runs of one question
NOT_FOUND = "no call was found"


@dataclass(frozen=True)
class Proposal:
    """A call to try, and the sentences that lead to it."""

    arguments: Mapping[str, Candidate]
    lines: tuple[str, ...]
    call: str
    is_dry: bool = False  # a dry run found it


@dataclass(frozen=True)
class Try:
    """A call that was tried, and its traced run."""

    lines: tuple[str, ...]
    run: Run
    is_dry: bool = False  # a dry run found it


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
        self.left = [MAX_DRY]
        self.open: Proposal | None = None
        try:
            self.value = literals.read(self.wanted)
        except literals.LiteralError:  # a value of more items than are read
            return
        tree = parse_source(self.source)
        function = function_named(tree, self.entry) if tree else None
        if tree and function and not function.decorator_list:
            self.function = function
            self.known = constants(nodes_of(self.source))
            self.outside = {name: literals.read(text) for name, text in module_values(self.source).fixed.items()}
            self.kinds = kinds(self.function)
            self.keywords = {each.arg for each in self.function.args.kwonlyargs}
            self.proposals = chain.from_iterable(self._proposals())

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
        self.tries.append(Try(self.open.lines, run, self.open.is_dry))
        self.is_found = literals.equal(result, self.value)
        self.proposals = chain(self._repaired(self.open, result), self.proposals)

    def _proposals(self) -> Iterator[Iterable[Proposal]]:
        """Yield first what a dry run does not refute, and what one finds; then the others, whose failure tells more."""
        inversions = list(invert(self.source, self.function, self.value))
        first = [next(self._completed(each)) for each in inversions]
        refuted = [each for each in first if self._gives_wanted(each) is False]
        yield [each for each in first if each not in refuted]
        completed = chain.from_iterable(map(self._completed, inversions))
        tried_dry, combined = tee(self._combined())
        yield islice(self._found_dry(chain(completed, tried_dry)), 1)
        yield refuted
        yield combined

    def _found_dry(self, proposals: Iterable[Proposal]) -> Iterator[Proposal]:
        for each in proposals:
            if self.left[0] <= 0:
                return
            if self._gives_wanted(each):
                yield replace(each, is_dry=True)

    def _gives_wanted(self, proposal: Proposal) -> bool | None:
        """Return whether a dry run of a call returns the wanted value; None if it cannot tell."""
        values = self.outside | {name: one.value for name, one in proposal.arguments.items()}
        result = dry_run(self.function, values, self.left)
        return None if result is NotImplemented else literals.equal(result, self.value)

    def _completed(self, found: Inversion) -> Iterator[Proposal]:
        """Yield the calls of an inversion, with every argument for the parameters that it leaves open."""
        given = {name: _as_kind(value, self.kinds[name]) for name, value in found.arguments.items()}
        changed = {name for name, one in given.items() if not literals.equal(one.value, found.arguments[name])}
        rest = {name: self._choices(kind) for name, kind in self.kinds.items() if name not in given}
        for row in product(*rest.values()):
            chosen = given | dict(zip(rest, row, strict=True))
            yield self._propose({name: chosen[name] for name in self.kinds}, found.lines, changed | set(rest))

    def _combined(self) -> Iterator[Proposal]:
        """Yield combinations of arguments, those nearest to the wanted value first, MAX_COMBINED or a few more."""
        if not 0 < len(self.kinds) <= MAX_PARAMETERS:
            return
        each = max(MAX_CHOICES, int(MAX_COMBINED ** (1 / len(self.kinds))))
        choices = (islice(self._choices(kind, is_main=True), each) for kind in self.kinds.values())
        lists = [[(cost, WANTED in one.code, one) for cost, one in enumerate(some)] for some in choices]
        for row in sorted(product(*lists), key=_distance):
            yield self._propose({name: one for name, (_, _, one) in zip(self.kinds, row, strict=True)})

    def _choices(self, kind: type | None, is_main: bool = False) -> Iterator[Candidate]:
        found: list[type] = [type(self.value), str, int] if kind is None else [kind, str] if kind is list else [kind]
        plain = [code for each in found for code in simple(each, self.known)]
        codes = [*plain, *(code for each in found for code in varied(each, self.known))]
        if is_main and self.value not in ((), [], "", {}, 0):
            near = [code for each in found for code in derived(each, self.value, self.known)]
            codes = [*near[:MAX_NEAR], *plain, *near[MAX_NEAR:], *codes]
        return made(codes, self.wanted)

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


def _distance(row: Sequence[tuple[int, bool, Candidate]]) -> int:
    """Return how late a combination is tried: best is one argument made from the wanted value, and simple ones."""
    return sum([cost for cost, _, _ in row]) + 3 * abs(sum([is_made for _, is_made, _ in row]) - 1)


def _as_kind(value: object, kind: type | None) -> Candidate:
    """Return the argument that an inversion found; no items are an empty string where the program wants a string."""
    value = kind() if kind is not None and value in ([], "") else value
    text = literals.write(value)
    return Candidate(text, value, text)


def _choice(name: str, candidate: Candidate) -> str:
    """For text take `wanted[::2]`, 'ctj'."""
    if candidate.code == candidate.text:
        return f"For {name} take {candidate.text}."
    return f"For {name} take `{candidate.code}`, {candidate.text}."
