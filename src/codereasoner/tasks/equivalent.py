"""equivalent: whether two programs return the same for each of some calls."""

import ast
from collections.abc import Generator, Iterable, Mapping, Sequence
from random import Random

from codereasoner.records import Job, Run
from codereasoner.rewrites.input_mutation import mutate
from codereasoner.rewrites.rewrite_draft import Unfit
from codereasoner.rewrites.rewriting import rewrite
from codereasoner.steps.source import parse_source
from codereasoner.task import CallFacts, NewLines, Question, Skip
from codereasoner.tasks.calls import are_equal, call_facts, invocation
from codereasoner.tasks.mutants import mutants
from codereasoner.tasks.output import unfit_output
from codereasoner.tasks.yes_no import YesNo

MOST = 6  # mutants of one program that are run
CALLS = 3  # calls of a question at most: the known one, and others with arguments of the same types
KINDS = ("rename", "reformat", "conditions", "unroll", "reroll", "for-while", "comprehensions", "inline", "commute")
"""Rewrites that say nothing about whether the meaning is kept."""


class OtherFacts(CallFacts):
    """The facts of a question about calls and two programs."""

    calls: list[str]  # their arguments, the known call first
    values: list[str]  # what the first program returns for each
    other: str  # the second program
    returned: list[str]  # what it returns for each, or the class of the exception that it raises


class Equivalent(YesNo):
    """Decide whether two programs return the same for each of some calls.

    The second one is the first with a small change (a mutant), or a mutant or the program itself after a rewrite that
    keeps its meaning. Asked in pairs of one kind, one that agrees and one that does not, so that the kind of the
    difference says nothing. The truth comes from running both.
    """

    name = "equivalent"
    facts = OtherFacts
    observes = "value"
    executes = True
    request = (
        "Two programs define a function of the same name. Do both return the same value for each call after them? "
        "Answer yes or no."
    )

    def unfit(self, run: Run) -> str:
        """Take runs with a value that can be compared, of programs in which the order of sets decides nothing."""
        if reason := unfit_output(run):
            return reason
        return "the program or the call has a set" if _has_set(run.source) or _has_set(run.expression) else ""

    def ask(self, run: Run) -> Generator[Question | Skip | list[Job], Sequence[Run], None]:
        """Ask about one pair: mutants, or rewritten programs."""
        random = Random(f"equivalent/{run.id}")
        values = yield from _values(run, random)
        others = mutants(run.source)
        others = random.sample(others, min(MOST, len(others)))
        same, different = yield from _sorted(others, run, values)
        if not different:
            yield Skip("no mutant returns another value")
            return
        if not same or random.random() < 0.5:
            pair = _rewritten([random.choice([run.source, *same]), random.choice([*different])], run, values, random)
            same, different = yield from _sorted(pair, run, values)
        if not same or not different:
            yield Skip("the program cannot be rewritten, and no mutant returns the same")
            return
        pair = [random.choice(sorted(same)), random.choice(sorted(different))]
        for other in random.sample(pair, 2):
            known = {"calls": [*values], "values": [*values.values()]}
            facts = call_facts(run) | known | {"other": other, "returned": {**same, **different}[other]}
            yield self.question(run, facts, ["yes" if other in same else "no"])

    def ask_again(self, question: Question, run: Run, lines: NewLines, names: Mapping[str, str]) -> Question | Skip:
        """Ask about the rewritten program and the same second one."""
        facts, gold = {**question.facts, "source": run.source}, question.gold
        return self.question(run, facts, gold) if run.value is not None else Skip("the value has no literal")

    def statement(self, question: Question) -> str:
        facts = question.facts
        first, second = facts["source"].rstrip(), facts["other"].rstrip()
        calls = [invocation(facts), *(f"{facts['entry']}({call})" for call in facts["calls"][1:])]
        return f"{first}\n\n# ---- the second program\n{second}\n\n" + "\n".join(
            f"{call}  # the same in both?" for call in calls
        )

    def conclude(self, question: Question) -> str:
        """Say what the second program comes to, call by call."""
        facts = question.facts
        ends = [f"The second program gives {facts['returned'][0]}, {_verdict(facts, 0)}."]
        for place, call in enumerate(facts["calls"][1:], start=1):
            known = f"{facts['entry']}({call}) returns {facts['values'][place]}"
            ends.append(f"{known}; the second program gives {facts['returned'][place]}, {_verdict(facts, place)}.")
        return "\n".join(ends)


def _verdict(facts: Mapping[str, Sequence[str]], place: int) -> str:
    return "too" if are_equal(facts["values"][place], facts["returned"][place]) else "so they differ"


def _values(run: Run, random: Random) -> Generator[list[Job], Sequence[Run], dict[str, str]]:
    """Return what the program returns for the call of a run and for some more, by their arguments."""
    more = [call for _ in range(CALLS - 1) if (call := mutate(run.call, random)) and not _has_set(f"f({call})")]
    found = yield [Job(run.source, run.entry, call, origin=run.shared) for call in more]
    values = {each.call: each.value for each in found if each.outcome == "ok" and each.value is not None}
    return {run.call: "", **values} | {run.call: run.value or ""}


def _sorted(
    sources: Sequence[str], run: Run, values: Mapping[str, str]
) -> Generator[list[Job], Sequence[Run], tuple[dict[str, list[str]], dict[str, list[str]]]]:
    """Return the programs that return these values, and those that end otherwise, each with what its calls came to."""
    found = yield [Job(source, run.entry, call, origin=run.shared) for source in sources for call in values]
    same: dict[str, list[str]] = {}
    different: dict[str, list[str]] = {}
    for place, source in enumerate(sources):
        ends = [_end(each) for each in found[place * len(values) : (place + 1) * len(values)]]
        known = [end for end in ends if end is not None]
        if len(known) == len(values):
            (same if all(map(are_equal, values.values(), known)) else different)[source] = known
    return same, different


def _end(run: Run) -> str | None:
    """Return the value of a run or the class of its exception; None where limits decided, or there is no literal."""
    if run.outcome == "raised" and not run.exception.startswith(("RecursionError", "MemoryError")):
        return run.exception.partition(":")[0]
    return run.value if run.outcome == "ok" else None


def _rewritten(sources: Sequence[str], run: Run, calls: Iterable[str], random: Random) -> list[str]:
    """Return the programs after one kind of rewrite that fits all of them; none where no kind does."""
    for kind in random.sample(KINDS, len(KINDS)):
        try:
            return [rewrite(kind, each, run.entry, [*calls], run.id).source for each in sources]
        except Unfit:
            continue
    return []


def _has_set(source: str) -> bool:
    tree = parse_source(source)
    return tree is None or any(
        isinstance(node, ast.Set | ast.SetComp) or (isinstance(node, ast.Name) and node.id in ("set", "frozenset"))
        for node in ast.walk(tree)
    )
