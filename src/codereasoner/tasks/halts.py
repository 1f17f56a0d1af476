"""halts: whether a call ends within a number of executed lines."""

from collections.abc import Generator, Mapping, Sequence
from random import Random

from codereasoner.records import Job, Run
from codereasoner.steps.source import numbered
from codereasoner.steps.visits import visits
from codereasoner.task import NO_PLACE, CallFacts, NewLines, Question, Skip
from codereasoner.tasks.calls import call_facts, depends_on_chance, invocation, unfit_order
from codereasoner.tasks.yes_no import YesNo

LEAST = 4  # executed lines, below which there is nothing to count
MOST = 400  # lines within which a call that the time limit ended is asked about; as many as a trace may have

_ENTRY = "_lines_before_the_end"
_COUNTING = """\
def {name}(*values, **named):
    import sys
    count = 0
    class Enough(BaseException):
        pass
    def local(frame, event, argument):
        nonlocal count
        if event == "line":
            count += 1
            if count > {limit}:
                raise Enough
        return local
    def enter(frame, event, argument):
        code = frame.f_code
        own = code.co_filename != {name}.__code__.co_filename and code.co_name[0] != "<"
        return local if own else None
    sys.settrace(enter)
    try:
        {entry}(*values, **named)
    except BaseException:
        pass
    sys.settrace(None)
    return count
"""


class LimitFacts(CallFacts):
    """The facts of a question about a call and a number of executed lines."""

    limit: int


class Halts(YesNo):
    """Predict whether a call ends, by returning or raising, within a number of executed lines.

    Asked in pairs, with a number that is large enough and one that is not. A call that the time limit ended is run once
    more until it has executed more lines than are asked about; one that does not come so far is left out, as a single
    line takes its time.
    """

    name = "halts"
    facts = LimitFacts
    outcomes = ("ok", "raised", "timeout")
    executes = True
    request = (
        "Each line has its number in front. Does this call end, by returning or by an exception, before more lines "
        "have run than the last comment says? Every execution of a line counts, and a loop's header runs before each "
        "pass and once more at the end. Answer yes or no."
    )

    def unfit(self, run: Run) -> str:
        """Take whole traces whose lines have one order, and calls that the time limit ended."""
        return depends_on_chance(run) if run.outcome == "timeout" else unfit_order(run, self.outcomes)

    def ask(self, run: Run) -> Generator[Question | Skip | list[Job], Sequence[Run], None]:
        """Ask two questions about a run, or one about a call that does not end."""
        random = Random(f"halts/{run.id}")
        if run.outcome == "timeout":
            limit = random.randint(LEAST, MOST)
            counting = _COUNTING.format(name=_ENTRY, entry=run.entry, limit=limit)
            [counted] = yield [Job(run.source, _ENTRY, run.call, harness=counting)]
            if counted.value == str(limit + 1):
                yield self._question(run, limit, "no")
            else:
                yield Skip("a few lines take all of the time")
            return
        count = len(visits(run))
        if count < LEAST:
            yield Skip(f"fewer than {LEAST} lines run")
            return
        pair = [
            self._question(run, random.randint(count, 2 * count), "yes"),
            self._question(run, random.randint(count // 2, count - 1), "no"),
        ]
        yield from random.sample(pair, 2)

    def ask_again(self, question: Question, run: Run, lines: NewLines, names: Mapping[str, str]) -> Question | Skip:
        """Ask with a number on the same side of the lines that run now."""
        if run.outcome == "timeout":
            return Skip("the call timeout")
        return next((each for each in self.collect(run).questions if each.gold == question.gold), Skip(NO_PLACE))

    def _question(self, run: Run, limit: int, gold: str) -> Question:
        return self.question(run, call_facts(run) | {"limit": limit}, [gold])

    def statement(self, question: Question) -> str:
        facts = question.facts
        return f"{numbered(facts['source'])}\n{invocation(facts)}  # ends within {facts['limit']} executed lines?"

    def conclude(self, question: Question) -> str:
        return f"That is {'within' if question.gold[0] == 'yes' else 'more than'} {question.facts['limit']} lines."
