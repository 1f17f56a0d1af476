"""lines: every executed line, in order."""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise, zip_longest

from codereasoner.records import Run
from codereasoner.steps.source import numbered, statements
from codereasoner.steps.visits import visits
from codereasoner.task import CallFacts, Grade, Question, Skip, Task, Wrong
from codereasoner.tasks.calls import MAX_ANSWER, call_facts, graded, invocation, unfit_order
from codereasoner.tasks.path import next_below

MAX_LINES = 200  # of one run: more is copying, not reasoning

_NUMBER = re.compile(r"[0-9]{1,6}", re.ASCII)
_LIST = re.compile(r"\[?\s*+[0-9]{1,6}(?:[\s,]++[0-9]{1,6})*+[\s,]*+\]?", re.ASCII)


class Lines(Task):
    """List the lines that run, in order and as often as they run (CoCoNUT, arXiv:2501.16456).

    Correct if the whole list is; the parts are the share of right places, and the share before the first wrong one.
    """

    name = "lines"
    facts = CallFacts
    request = (
        "Each line has its number in front. Which lines run in this call, in order? Answer with their numbers, as in "
        "`2, 3, 4, 3, 5`; a line that runs several times is listed each time, "
        "as a loop's header before each pass and once more at the end."
    )

    unfit = staticmethod(unfit_order)

    def ask(self, run: Run) -> Iterator[Question | Skip]:
        """Ask one question about a run that does not go straight down."""
        found = [visit.line for visit in visits(run)]
        if len(found) > MAX_LINES:
            yield Skip(f"more than {MAX_LINES} lines run")
        elif all(next_below(run.source, line) == following for line, following in pairwise(found)):
            yield Skip("the run goes straight down")
        else:
            yield self.question(run, call_facts(run), [", ".join(map(str, found))], {"lines": len(found)})

    def guesses(self, question: Question) -> Mapping[str, str]:
        return {"every line once": ", ".join(map(str, statements(question.facts["source"])))}

    def statement(self, question: Question) -> str:
        return f"{numbered(question.facts['source'])}\n{invocation(question.facts)}  # lines, in order?"

    def verify(self, question: Question, answer: str, run: Run | None = None) -> Grade:
        """Compare the lists place by place."""
        text = answer.strip(" \t\r\n.")
        if len(answer) > MAX_ANSWER or not _LIST.fullmatch(text) or text.startswith("[") != text.endswith("]"):
            raise Wrong("not a list of line numbers")
        given, wanted = (map(int, _NUMBER.findall(each)) for each in (text, question.gold[0]))
        return graded(answer, "lines", [line == true for line, true in zip_longest(given, wanted)])

    def conclude_at(self, question: Question, state: Mapping[str, str], following: int | None) -> str:
        return f"The lines that ran are {question.gold[0]}."
