"""whitebox: the value that a call returns, and states and steps of the same run."""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from random import Random

from codereasoner import literals
from codereasoner.errors import DataError
from codereasoner.literals import LiteralError
from codereasoner.records import Run
from codereasoner.steps.source import numbered
from codereasoner.task import CallFacts, Grade, Question, Skip, Task, Wrong
from codereasoner.tasks import path, state
from codereasoner.tasks.calls import call_facts, invocation, refuse_long, says_nothing, unfit_trace
from codereasoner.tasks.output import Output, outer_arguments, unfit_output

_NUMBERING = re.compile(r"^[0-9]{1,2}[.)][ \t]+(?=\S)")


class WhiteBoxFacts(CallFacts):
    """The facts of several questions about one run."""

    questions: list[dict[str, object]]  # each with `kind`, "state" or "path", and the facts of that task


class WhiteBox(Task):
    """Predict the output and, in the order of the run, states and steps of the same run, one answer on each line.

    Correct when all of it is. The credit is ExecVerify's reward (arXiv:2603.11226): 2 x (0.5 x output + 0.5 x share of
    the questions that are right), from 0 to 2, and nothing for the questions where the output is wrong.
    """

    name = "whitebox"
    best = 2.0
    facts = WhiteBoxFacts
    request = (
        "Each line has its number in front. Give the value that the call returns, then the answer to each comment "
        "below it, each on a line of its own: a variable's value and type, as in `3; int`, or the number of the line "
        "that runs next (-1 where the call ends)."
    )
    limit = 5  # questions of each kind about one run
    conclude = staticmethod(says_nothing)

    def unfit(self, run: Run) -> str:
        """Take whole traces with a value that can be asked for."""
        return unfit_output(run) or unfit_trace(run)

    def ask(self, run: Run) -> Iterator[Question | Skip]:
        """Ask one question about a run with at least one state or step to ask about."""
        random = Random(f"whitebox/{run.id}")
        moments = [each for each in state.changes(run) if isinstance(each, state.Moment)]
        turns = [each for each in path.turns(run) if isinstance(each, path.Turn)]
        states = state.pick(moments, self.limit, random)
        steps = path.pick(turns, self.limit + 1, random)
        steps = random.sample(steps, min(len(steps), self.limit))
        asked = [(each.index, {"kind": "state", **each.facts()}, each.gold) for each in states]
        asked += [(each.index, {"kind": "path", **each.facts()}, each.gold) for each in steps]
        if not asked:
            yield Skip("nothing on the way can be asked about")
            return
        asked.sort(key=lambda each: (each[0], each[1]["kind"]))
        facts = call_facts(run) | {"questions": [each[1] for each in asked]}
        answer = "\n".join([run.value or "", *(each[2] for each in asked)])
        yield self.question(run, facts, [answer], {"questions": len(asked)})

    def check(self, question: Question) -> None:
        """Refuse a question whose right answer is not one line for the output and one for each of its questions."""
        super().check(question)
        given, asked = len(answers_in(question.gold[0])), len(question.facts["questions"])
        if not asked or given != 1 + asked:
            raise DataError(
                f"question '{question.id}' of the task '{self.name}': `gold` must have the output and, for each of its "
                f"questions, an answer, a line for each; it has {given} lines and {asked} questions"
            )

    def guesses(self, question: Question) -> Mapping[str, str]:
        facts = question.facts
        below = [str(path.next_below(facts["source"], each["line"])) for each in facts["questions"]]
        rest = [
            line if each["kind"] == "path" else "1; int" for each, line in zip(facts["questions"], below, strict=True)
        ]
        return {name: "\n".join([value, *rest]) for name, value in outer_arguments(facts["call"]).items()}

    def statement(self, question: Question) -> str:
        facts = question.facts
        lines = [f"# {_asked(each)}?" for each in facts["questions"]]
        return "\n".join([numbered(facts["source"]), f"{invocation(facts)}  # returns?", *lines])

    def verify(self, question: Question, answer: str, run: Run | None = None) -> Grade:
        """Grade in parts: `output`, `state`, `path`, and `questions`, the share of states and steps that are right."""
        refuse_long(question, answer)
        lines, golds = answers_in(answer), answers_in(question.gold[0])
        if len(lines) > len(golds):
            return Grade("wrong", answer, "more answers than questions", _parts(question, [False] * len(golds)), 0.0)
        right = [
            number < len(lines) and _holds(partial(_is_right, question, number, lines[number], golds[number]))
            for number in range(len(golds))
        ]
        parts = _parts(question, right)
        credit = 2 * (0.5 + 0.5 * parts["questions"]) if right[0] else 0.0
        if all(right):
            return Grade("correct", answer, "", parts, credit)
        reason = "a question is wrong" if right[0] else "the output is wrong"
        return Grade("wrong", answer, "answers are missing" if len(lines) < len(golds) else reason, parts, credit)


def answers_in(text: str) -> list[str]:
    """Split a text into answers: one a line without a number in front; a literal may go on over several lines."""
    return [_NUMBERING.sub("", item, count=1) for item in literals.items(text)]


def _is_right(question: Question, number: int, answer: str, gold: str) -> bool:
    if number == 0:
        return Output().verify(Question("output", question.facts, (gold,)), answer)
    if question.facts["questions"][number - 1]["kind"] == "state":
        return state.is_state(answer, (gold,))
    return path.is_line(answer, question.facts["source"], (gold,))


def _holds(check: partial[bool]) -> bool:
    try:
        return check()
    except (Wrong, LiteralError):
        return False


def _parts(question: Question, right: list[bool]) -> dict[str, float]:
    """Return the share of right answers among the states, the steps, and both."""
    kinds = [each["kind"] for each in question.facts["questions"]]
    parts = {"output": float(right[0])}
    for kind in sorted(set(kinds)):
        held = [each for each, of in zip(right[1:], kinds, strict=True) if of == kind]
        parts[kind] = sum(held) / len(held)
    return parts | {"questions": sum(right[1:]) / len(kinds)}


def _asked(asked: Mapping[str, object]) -> str:
    return state.asked(asked) if asked["kind"] == "state" else path.asked(asked)
