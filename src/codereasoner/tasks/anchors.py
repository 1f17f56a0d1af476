"""anchors: the values at marked lines, then the value that the call returns."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from random import Random

from codereasoner import literals
from codereasoner.errors import DataError
from codereasoner.literals import LiteralError
from codereasoner.records import Run
from codereasoner.steps.source import lines_in_loops, split_lines, statements
from codereasoner.steps.visits import visits
from codereasoner.task import CallFacts, Grade, Question, Skip, Task, Wrong
from codereasoner.tasks import state
from codereasoner.tasks.calls import call_facts, invocation, refuse_long, says_nothing, unfit_trace
from codereasoner.tasks.output import Output, outer_arguments, unfit_output


class AnchorFacts(CallFacts):
    """The facts of a question about the values at anchors."""

    anchors: list[tuple[int, list[str]]]  # lines, with the names that each assigns


class Anchors(Task):
    """Predict the intermediate values at anchors, then the output: one step on each line, the output on the last.

    Anchors stand after assignments of the called function, none of them in a loop, at most ten (StepCodeReasoner,
    arXiv:2605.11922). Those that the run does not reach have no line in the answer. Correct when the output is: the
    steps are graded apart, in the parts `step 1`, `step 2`, ..., and `steps`, the share of them that is right.
    """

    name = "anchors"
    facts = AnchorFacts
    request = (
        "Comments such as `# x?` are anchors. For each anchor that the call reaches, in order, write the variable and "
        "its value, as in `x = 3`, each on a line of its own. On the last line write the value that the call returns."
    )
    limit = 10  # anchors in one program
    conclude = staticmethod(says_nothing)

    def unfit(self, run: Run) -> str:
        """Take whole traces with a value that can be asked for."""
        return unfit_output(run) or unfit_trace(run)

    def ask(self, run: Run) -> Iterator[Question | Skip]:
        """Ask one question about a run that reaches at least one anchor."""
        if sum(step.event == "call" and step.value == run.entry for step in run.steps) != 1:
            yield Skip("the function calls itself")
            return
        reached, spoilt = _reached(run)
        placed = [(line, names) for line, names in _assignments(run) if line not in spoilt]
        if len(placed) > self.limit:
            placed = sorted(Random(f"anchors/{run.id}").sample(placed, self.limit))
        lines = {line for line, _ in placed}
        steps = [f"{name} = {text}" for line, name, text in reached if line in lines]
        if not steps:
            yield Skip("no assignment outside of loops is reached")
            return
        anchors = [[line, list(names)] for line, names in placed]
        gold = "\n".join([*steps, run.value or ""])
        yield self.question(run, call_facts(run) | {"anchors": anchors}, [gold], {"steps": len(steps)})

    def check(self, question: Question) -> None:
        """Refuse a question whose right answer has no step."""
        super().check(question)
        if len(_lines(question.gold[0])) < 2:
            raise DataError(
                f"question '{question.id}' of the task '{self.name}': `gold` must have steps, such as `x = 3`, and the "
                f"output below them, not {question.gold[0]!r:.40}"
            )

    def guesses(self, question: Question) -> Mapping[str, str]:
        return outer_arguments(question.facts["call"])

    def statement(self, question: Question) -> str:
        facts = question.facts
        lines = split_lines(facts["source"].rstrip())
        for line, names in facts["anchors"]:
            lines[line - 1] += f"  # {'? '.join(names)}?"
        return "\n".join([*lines, f"{invocation(facts)}  # anchors, then the value?"])

    def verify(self, question: Question, answer: str, run: Run | None = None) -> Grade:
        """Grade by the output alone; the parts are `final`, `step 1` and so on, and `steps`."""
        refuse_long(question, answer)
        (*golds, value), (*lines, last) = _lines(question.gold[0]), _lines(answer)
        right = [number < len(lines) and state.is_assignment(lines[number], gold) for number, gold in enumerate(golds)]
        parts = {f"step {number}": float(held) for number, held in enumerate(right, start=1)}
        parts["steps"] = sum(right) / max(len(golds), len(lines))
        try:
            final = Output().verify(Question("output", question.facts, (value,)), last)
            reason = "the final value is wrong"
        except (Wrong, LiteralError) as error:
            final, reason = False, str(error)
        parts["final"] = float(final)
        return Grade("correct", answer, "", parts) if final else Grade("wrong", answer, reason, parts)


def _assignments(run: Run) -> list[tuple[int, tuple[str, ...]]]:
    """Return the plain lines of the called function that assign to names outside of loops, with the names."""
    looped = lines_in_loops(run.source)
    first = next(step.line for step in run.steps if step.event == "call" and step.frame == 0)
    inside = _lines_of_function(run.source, first)
    return [
        (line, names)
        for line, node in statements(run.source).items()
        if line in inside and line not in looped and (names := _names(node))
    ]


def _lines_of_function(source: str, first: int) -> range:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and first in (node.lineno, *(each.lineno for each in node.decorator_list)):
            return range(node.lineno, (node.end_lineno or node.lineno) + 1)
    return range(0)


def _names(node: ast.AST) -> tuple[str, ...]:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AugAssign(target=ast.Name(id=name)):
            return (name,)
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
            return (name,)
        case ast.Assign(targets=[ast.Tuple(elts=parts)]):
            names = [part.id for part in parts if isinstance(part, ast.Name)]
            return tuple(names) if len(names) == len(parts) == len(set(names)) else ()
    return ()


def _reached(run: Run) -> tuple[list[tuple[int, str, str]], set[int]]:
    """Return each (line, variable, value) that the run passes, and the lines whose values cannot be asked about."""
    anchors: Mapping[int, Sequence[str]] = dict(_assignments(run))
    reached: list[tuple[int, str, str]] = []
    spoilt: set[int] = set()
    for visit in visits(run):
        if visit.frame != 0 or visit.line not in anchors:
            continue
        for name in anchors[visit.line]:
            text = visit.after.get(name, "<unbound>")
            if text.startswith("<") or len(text) > state.MAX_VALUE or visit.raised:
                spoilt.add(visit.line)
            reached.append((visit.line, name, text))
    return reached, spoilt


def _lines(answer: str) -> list[str]:
    lines = literals.items(answer)
    return [*lines[:-1], lines[-1].removeprefix("return ")] if lines else [""]
