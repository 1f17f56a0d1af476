"""call-graph: the functions of a program that call one another in a run, and how often."""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping

from codereasoner.records import Run
from codereasoner.steps.source import parse_source
from codereasoner.task import CallFacts, Grade, Question, Skip, Task, Wrong
from codereasoner.tasks.calls import MAX_ANSWER, STEP, call_facts, callers, invocation, unfit_trace

_PAIR = re.compile(r"[ \t]*([^\W\d]\w{0,99})[ \t]*->[ \t]*([^\W\d]\w{0,99})[ \t]*:[ \t]*([0-9]{1,6})[ \t]*")


class CallGraph(Task):
    """Predict which functions of the program call which in a run, and how often.

    What a comprehension or a lambda calls counts for the function that runs it, and so does what a built-in calls, such
    as the key of `sorted`. Correct if every pair and number is; the part `pairs` is the share of right ones.
    """

    name = "call-graph"
    facts = CallFacts
    request = (
        "Which functions of the program call which during this call, and how often? Write each pair on a line of its "
        "own with the number of calls, as in `f -> g: 2`. The outermost call itself is not counted."
    )

    def unfit(self, run: Run) -> str:
        """Take whole traces of programs in which a name is one function, without generators and handled exceptions."""
        if reason := unfit_trace(run):
            return reason
        names = {step.frame: step.value for step in run.steps if step.event == "call"}
        events = {step.event for step in run.steps if not names.get(step.frame, "").startswith("<")}
        if events & {"yield", "exception"}:
            return "a generator or an exception leaves a function on the way"
        defined = Counter(_functions(run.source).values())
        called = {name for name in names.values() if not name.startswith("<")}
        return "" if all(defined[name] == 1 for name in called) else "a called name is not one function"

    def ask(self, run: Run) -> Iterator[Question | Skip]:
        """Ask one question about a run with a call of one of the program's functions."""
        outer = callers(run)
        names = {step.frame: step.value for step in run.steps if step.event == "call"}
        pairs: Counter[tuple[str, str]] = Counter()
        for frame in outer:
            caller = outer[frame]
            while names[caller].startswith("<") and caller in outer:
                caller = outer[caller]
            if not names[frame].startswith("<") and not names[caller].startswith("<"):
                pairs[names[caller], names[frame]] += 1
        if not pairs:
            yield Skip("no function of the program is called on the way")
            return
        yield self.question(run, call_facts(run), [_written(pairs)], {"calls": sum(pairs.values())})

    def guesses(self, question: Question) -> Mapping[str, str]:
        functions = _functions(question.facts["source"])
        pairs = Counter(
            (name, node.func.id)
            for function, name in functions.items()
            for node in ast.walk(function)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions.values()
        )
        return {"every call once": _written(pairs)} if pairs else {}

    def statement(self, question: Question) -> str:
        return f"{question.facts['source'].rstrip()}\n{invocation(question.facts)}  # which function calls which?"

    def verify(self, question: Question, answer: str, run: Run | None = None) -> Grade:
        """Compare pairs and numbers, in any order."""
        given, wanted = _read(answer), _read(question.gold[0])
        share = len(given.items() & wanted.items()) / len(given.keys() | wanted.keys())
        parts = {"pairs": share}
        return Grade("correct" if share == 1 else "wrong", answer, "" if share == 1 else STEP, parts)

    def conclude_at(self, question: Question, state: Mapping[str, str], following: int | None) -> str:
        return "So the calls are " + question.gold[0].replace("\n", ", ") + "."


def _functions(source: str) -> dict[ast.AST, str]:
    tree = parse_source(source)
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return {node: node.name for node in ast.walk(tree) if isinstance(node, kinds)} if tree is not None else {}


def _written(pairs: Mapping[tuple[str, str], int]) -> str:
    return "\n".join(f"{caller} -> {called}: {count}" for (caller, called), count in pairs.items())


def _read(text: str) -> dict[tuple[str, str], int]:
    """Return the number of calls by caller and called function."""
    lines = [line for line in text.split("\n") if line.strip(" \t\r")] if len(text) <= MAX_ANSWER else []
    found = [_PAIR.fullmatch(line.rstrip("\r")) for line in lines]
    pairs = {(match[1], match[2]): int(match[3]) for match in found if match}
    if not pairs or len(pairs) < len(found):
        raise Wrong("not lines of the form: CALLER -> CALLED: NUMBER")
    return pairs
