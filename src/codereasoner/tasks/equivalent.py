"""equivalent: whether two programs return the same for a call."""

from __future__ import annotations

import ast
from collections.abc import Generator, Mapping, Sequence
from random import Random

from codereasoner import literals
from codereasoner.records import Job, Run
from codereasoner.rewrites.rewrite_draft import Unfit
from codereasoner.rewrites.rewriting import rewrite
from codereasoner.steps.source import parse_source
from codereasoner.task import CallFacts, Question, Skip
from codereasoner.tasks.calls import call_facts, invocation
from codereasoner.tasks.mutants import mutants
from codereasoner.tasks.output import unfit_output
from codereasoner.tasks.yes_no import YesNo

MOST = 6  # mutants of one program that are run
KINDS = ("rename", "reformat", "conditions", "unroll", "reroll", "for-while", "comprehensions", "inline", "commute")
"""Rewrites that say nothing about whether the meaning is kept."""


class OtherFacts(CallFacts):
    """The facts of a question about a call and two programs."""

    other: str  # the second program
    returned: str  # what it returns, or the class of the exception that it raises


class Equivalent(YesNo):
    """Tell whether two programs return the same for a call.

    The second one is the first with a small change (a mutant), or a mutant or the program itself after a rewrite that
    keeps its meaning. Asked in pairs of one kind, one that agrees and one that does not, so that the kind of the
    difference says nothing. The truth comes from running both.
    """

    name = "equivalent"
    facts = OtherFacts
    observes = "value"
    executes = True
    request = (
        "Two programs define a function of the same name. Do both return the same value for the call in the last line? "
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
        others = mutants(run.source)
        others = random.sample(others, min(MOST, len(others)))
        found = yield [Job(other, run.entry, run.call, origin=run.shared) for other in others]
        same, different = _sorted(run, found)
        if not different:
            yield Skip("no mutant returns another value")
            return
        if not same or random.random() < 0.5:
            pair = _rewritten([random.choice([run.source, *same]), random.choice([*different])], run, random)
            found = yield [Job(other, run.entry, run.call, origin=run.shared) for other in pair]
            same, different = _sorted(run, found)
        if not same or not different:
            yield Skip("the program cannot be rewritten, and no mutant returns the same")
            return
        pair = [random.choice(sorted(same)), random.choice(sorted(different))]
        for other in random.sample(pair, 2):
            facts = call_facts(run) | {"other": other, "returned": {**same, **different}[other]}
            yield self.question(run, facts, ["yes" if other in same else "no"])

    def ask_again(
        self, question: Question, run: Run, lines: Mapping[int, int], names: Mapping[str, str]
    ) -> Question | Skip:
        """Ask about the rewritten program and the same second one."""
        facts, gold = {**question.facts, "source": run.source}, question.gold
        return self.question(run, facts, gold) if run.value is not None else Skip("the value has no literal")

    def statement(self, question: Question) -> str:
        """Show both programs, and the call."""
        facts = question.facts
        first, second = facts["source"].rstrip(), facts["other"].rstrip()
        return f"{first}\n\n# ---- the second program\n{second}\n\n{invocation(facts)}  # the same in both?"

    def conclude(self, question: Question) -> str:
        """Say what the second program comes to."""
        returned = question.facts["returned"]
        return f"The second program gives {returned}, {'too' if question.gold[0] == 'yes' else 'so they differ'}."


def _sorted(run: Run, found: Sequence[Run]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the programs that return what the run did, and those that end otherwise, each with what it came to."""
    same: dict[str, str] = {}
    different: dict[str, str] = {}
    for each in found:
        if each.outcome == "ok" and each.value is not None:
            is_same = literals.equal(literals.read(each.value), literals.read(run.value or ""))
            (same if is_same else different)[each.source] = each.value
        elif each.outcome == "raised" and not each.exception.startswith(("RecursionError", "MemoryError")):
            different[each.source] = each.exception.partition(":")[0]
    return same, different


def _rewritten(sources: Sequence[str], run: Run, random: Random) -> list[str]:
    """Return the programs after one kind of rewrite that fits all of them; none where no kind does."""
    for kind in random.sample(KINDS, len(KINDS)):
        try:
            return [rewrite(kind, each, run.entry, [run.call], run.id).source for each in sources]
        except Unfit:
            continue
    return []


def _has_set(source: str) -> bool:
    tree = parse_source(source)
    return tree is None or any(
        isinstance(node, ast.Set | ast.SetComp) or (isinstance(node, ast.Name) and node.id in ("set", "frozenset"))
        for node in ast.walk(tree)
    )
