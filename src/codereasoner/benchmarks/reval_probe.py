"""Run one REval program in the worker, and read its states as REval does. Never imported by the library.

The text of this file is the source of a Job (see reval_truth.py). Its functions are the entries; their arguments are
literals. REval's rules, which are its published ground truth:

- A state is made by a line event of any function of the program, with a copy of the locals as they are before the
  line, without modules, functions and iterators. Return and exception events make states without locals. An event on
  the line of the last state goes into that state.
- A line is covered when it has a state; its next lines are those of the states after its states, -1 after the last.
- The value after a line is read from the locals of the state that follows it; where no visit has one, it is Nil.

REval evaluates the text of an answer as Python, and so does this file: inside the isolation, and nowhere else.
"""

from __future__ import annotations

import ast
import builtins
import copy
import importlib
import itertools
import re
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from codereasoner.benchmarks.comprehension_frames import compiled
    from codereasoner.benchmarks.reval_libraries import prepare
    from codereasoner.benchmarks.reval_parsing import between_marks

Names: TypeAlias = dict[str, Any]
"""Names and what they are bound to."""
State: TypeAlias = tuple[int, Names]
"""A line, and a copy of the locals before it."""

PROGRAM, TEST = "<reval program>", "<reval test>"
SKIPPED = ("module", "function", "builtin_function_or_method")
AT_HAND = {"np": "numpy", "pd": "pandas", "json": "json", "re": "re", "os": "os", "sys": "sys"}
NIL, ERROR = "Nil", "ERROR"


def truths(code: str, entry: str, test: str, asked: list[list[Any]], limit: int) -> list[object]:
    """Return for each (given, index, points) the truth of its points, or the exception of its run as text.

    The truth of a (line, expression) is: covered, the next lines, the distinct [type, repr] after it or None, the
    visits. `given` holds the arguments of a function as a tuple; of a class, the `index`-th test class runs.
    """

    def truth(given: str, index: int, points: list[tuple[int, str]]) -> list[list[object]]:
        states = watch(make_call(load(code), entry, given, test, index))
        return [point_truth(states, line, expression, limit) for line, expression in points]

    return [result_or_error(truth, *each) for each in asked]


def grade_states(code: str, entry: str, test: str, asked: list[list[object]]) -> list[object]:
    """Return for each (given, index, points, answers, reasoned) the official verdicts on the texts of each point."""

    def verdicts(
        given: str, index: int, points: list[tuple[int, str]], answers: list[list[str]], reasoned: bool
    ) -> list[list[bool]]:
        states = watch(make_call(load(code), entry, given, test, index))
        actual = [value_after(states, line, expression) for line, expression in points]
        return [
            [same_state(parse_state(text, reasoned), values) for text in texts]
            for values, texts in zip(actual, answers, strict=True)
        ]

    return [result_or_error(verdicts, *each) for each in asked]


def run_outputs(code: str, entry: str, test: str, asked: list[tuple[int, str]]) -> list[bool]:
    """Return for each (index, completed test) whether it passes, as REval runs it."""

    def run(index: int, completed: str) -> None:
        names = load(code)
        if test:
            run_method(names, test_class(names, entry, test, index), completed)
        else:
            exec(compile(completed, TEST, "exec"), names)  # noqa: S102 - see the top of the file

    return [attempt(run, *each)[0] for each in asked]


def blank_values(code: str, entry: str, test: str, asked: list[tuple[int, str]]) -> list[object]:
    """Return for each (index, test that calls `noted`) the repr of every value passed to it, or the exception."""

    def note(index: int, body: str) -> list[str]:
        names = load(code)
        seen: list[str] = []

        def noted(value: object) -> object:
            seen.append(repr(value))
            return value

        names["noted"] = noted
        run_method(names, test_class(names, entry, test, index), body)
        return seen

    return [result_or_error(note, *each) for each in asked]


def point_truth(states: Sequence[State], line: int, expression: str, limit: int) -> list[object]:
    """Return the truth of one probe point."""
    values = value_after(states, line, expression)
    distinct: list[list[str]] = []
    for value in values or ():
        pair = [type(value).__name__, repr(value)]
        if pair not in distinct and len(distinct) < limit:
            distinct.append(pair)
    covered = any(state[0] == line for state in states)
    visits = 0 if values is None else len(values)
    return [covered, sorted(next_lines(states, line)), None if values is None else distinct, visits]


def result_or_error(step: Callable[..., object], *arguments: object) -> object:
    """Return the result of the step, or `TypeName: message` of what it raised."""
    try:
        return step(*arguments)
    except Exception as error:  # noqa: BLE001 - a run that fails makes its own points unavailable, and no others
        return f"{type(error).__name__}: {error}"


def attempt(step: Callable[..., Any], *arguments: object) -> tuple[bool, Any]:
    """Return (True, result), or (False, None) after an exception: REval counts every ordinary one as a failure."""
    try:
        return True, step(*arguments)
    except Exception:  # noqa: BLE001 - the rule of the published scorer, kept inside the isolation
        return False, None


# ---- running


def run_method(names: Names, case: Any, completed: str) -> None:
    """Run a completed test as a method of the test case, after its set-up."""
    exec(compile(as_method(completed), TEST, "exec"), names)  # noqa: S102 - see the top of the file
    case.reval_output = names["reval_output"]
    instance = case()
    instance.setUp()
    instance.reval_output()


def load(code: str) -> Names:
    """Return the names that the program defines."""
    prepare(code)
    names: Names = {"__name__": "program"}
    exec(compiled(code, PROGRAM, names), names)  # noqa: S102
    return names


def make_call(names: Names, entry: str, given: str, test: str, index: int) -> Callable[[], object]:
    """Return the call to watch: the function with its arguments, or a test method of an instance that is set up."""
    if not test:
        function, arguments = names[entry], eval(given, names)  # noqa: S307
        return lambda: function(*arguments)
    case = test_class(names, entry, test, index)
    instance = case()
    instance.setUp()
    method = next(name for name in vars(case) if name.startswith("test"))
    return lambda: getattr(instance, method)()


def test_class(names: Names, entry: str, test: str, index: int) -> Any:
    """Return the `index`-th test case of the class, in the order of the test's source."""
    unittest = importlib.import_module("unittest")
    exec(compile(test, TEST, "exec"), names)  # noqa: S102
    cases = [
        value
        for name, value in names.items()
        if isinstance(value, type) and re.match(entry + "Test.*", name) and issubclass(value, unittest.TestCase)
    ]
    return cases[index]


def as_method(completed: str) -> str:
    """Return the completed test as the body of a method: every line indented but those inside triple quotes."""
    lines = ["def reval_output(self):"]
    quoted = False
    for line in completed.split("\n"):
        lines.append(line if quoted else "\t" + line)
        if "'''" in line or '"""' in line:
            quoted = not quoted
    return "\n".join(lines).replace("assert", "self.assert")


def watch(call: Callable[[], object]) -> list[State]:
    """Return the states of a call: (line, copied locals)."""
    states: list[State] = []

    def local(frame: types.FrameType, event: str, argument: object) -> object:
        line = frame.f_lineno
        if not states or states[-1][0] != line:
            states.append((line, {}))
        if event == "line":
            states[-1] = (line, {n: copy.deepcopy(v) for n, v in frame.f_locals.items() if not hidden(v)})
        return local

    def enter(frame: types.FrameType, event: str, argument: object) -> Any:
        return local if frame.f_code.co_filename == PROGRAM else None

    sys.settrace(enter)
    try:
        call()
    finally:
        sys.settrace(None)
    return states


def hidden(value: object) -> bool:
    """Return whether REval leaves this value out of a state."""
    return value.__class__.__name__ in SKIPPED or isinstance(value, Iterator)


# ---- reading states


def next_lines(states: Sequence[State], line: int) -> set[int]:
    """Return the lines of the states after those of a line; -1 after the last, and for a line without states."""
    places = [place for place, state in enumerate(states) if state[0] == line]
    return {states[place + 1][0] if place + 1 < len(states) else -1 for place in places} or {-1}


def value_after(states: Sequence[State], line: int, expression: str) -> list[Any] | None:
    """Return the values of the expression after the line, one for each visit that has one; None is Nil."""
    places = [place for place, state in enumerate(states) if state[0] == line]
    after = [states[min(place + 1, len(states) - 1)][1] for place in places]
    return attempt(lambda: values_of(ast.parse(expression, mode="eval").body, after))[1] or None


def values_of(node: ast.AST, after: Sequence[Names]) -> list[object]:
    """Return all values of an expression; parts are combined in every way, as REval combines them."""
    match node:
        case ast.Constant(value=value):
            return [value] if after else []
        case ast.Name(id=name):
            return [held[name] for held in after if name in held]
        case ast.Attribute(value=owner, attr=name):
            return [getattr(each, name) for each in values_of(owner, after) if hasattr(each, name)]
        case ast.Subscript(value=owner, slice=key):
            return list(elements(itertools.product(values_of(owner, after), values_of(key, after))))
        case ast.Tuple(elts=parts):
            return list(itertools.product(*(values_of(part, after) for part in parts)))
    return []


def elements(pairs: Any) -> Iterator[Any]:
    for owner, key in pairs:
        try:
            found = owner[key]
        except (TypeError, KeyError, IndexError):
            continue
        yield found


# ---- the official reading of an answer "value; type"


def parse_state(text: str, reasoned: bool) -> object:
    """Return ERROR, NIL, or (value, type)."""
    if reasoned and "[/THOUGHT]" not in text:
        return ERROR
    for quote, plain in (("\u2018", "'"), ("\u2019", "'"), ("\u201c", '"'), ("\u201d", '"')):
        text = text.replace(quote, plain)
    text = between_marks(text.strip()).strip()
    if text.capitalize() == NIL or text == "[Nil]":
        return NIL
    value, semicolon, kind = text.rpartition(";")
    if not semicolon:
        return ERROR
    value = value.strip()
    if value.capitalize() == NIL:
        return NIL
    read, pair = attempt(typed_value, value, type_name(kind.strip().lower()))
    return pair if read else ERROR


def type_name(kind: str) -> str:
    """Return a type's name without `<class ...>` and generics, and with the official aliases."""
    wrapped = re.match(r"<class '(.*)'>", kind)
    kind = wrapped[1] if wrapped else kind
    generic = re.match(r"(.*)\[.*\]", kind)
    kind = generic[1] if generic else kind
    kind = {"string": "str", "integer": "int"}.get(kind, kind)
    return "tuple" if "," in kind or "tuple" in kind else kind


def typed_value(value: str, kind: str) -> tuple[object, object]:
    """Return the value by the rule of its type.

    Raises:
        Exception: of any kind, where it cannot be read.
    """
    if kind == "str":
        quoted, content = attempt(evaluate, value)
        return (content if quoted else value), str
    if kind in ("datetime.datetime", "datetime"):
        return parse_date(value), locate(kind)
    if kind in ("numpy.ndarray", "np.ndarray"):
        return importlib.import_module("numpy").array(evaluate(value)), locate(kind)
    if value == "None" or kind == "NoneType":
        return None, type(None)
    found: object = locate(kind)
    if not isinstance(found, type):
        raise ValueError(f"{kind} is no type")
    if found.__module__ == "builtins":
        return evaluate(value), found
    made, instance = attempt(lambda: found(evaluate(value)))
    return (instance if made else found(value)), found


def locate(path: str) -> object:
    """Return what a dotted path names, in modules first and then among the built-ins; None where it is nothing."""
    found: object = builtins
    rest = [part for part in path.split(".") if part]  # `int.` is int, as pydoc.locate has it
    while rest and found is not None:
        name = rest[0] if found is builtins else f"{getattr(found, '__name__', '')}.{rest[0]}"
        if found is builtins or isinstance(found, types.ModuleType):
            try:
                found = importlib.import_module(name)
            except ImportError:
                found = getattr(found, rest[0], None)
        else:
            found = getattr(found, rest[0], None)
        rest = rest[1:]
    return found


def evaluate(text: str) -> object:
    """Return the value of a text as Python, with the modules that the published scorer has at hand."""
    names: Names = {"__builtins__": builtins}
    for alias, module in AT_HAND.items():
        if re.search(rf"\b{alias}\b", text):
            names[alias] = importlib.import_module(module)
    return eval(text, names)  # noqa: S307


def parse_date(text: str) -> object:
    try:
        return importlib.import_module("dateutil.parser").parse(text)
    except ImportError:
        return importlib.import_module("datetime").datetime.fromisoformat(text)


def same_state(answer: Any, actual: list[Any] | None) -> bool:
    """Compare as the scorer does: the type of any visit, and the value of any visit."""
    if answer is ERROR or answer is NIL or actual is None:
        return answer is NIL and actual is None
    value, kind = answer
    if all(kind != type(each) for each in actual) or type(value) != kind:  # noqa: E721 - types are compared, not their kin
        return False
    if kind is float:
        return any(attempt(close, value, each) == (True, True) for each in actual)
    try:
        return value in actual
    except ValueError:  # an array has no truth value
        return any(same_array(value, each) for each in actual)


def close(value: float, actual: Any) -> bool:
    return bool(abs(value - actual) < 1e-6)


def same_array(value: object, actual: object) -> bool:
    numpy = importlib.import_module("numpy")
    if isinstance(value, numpy.ndarray) and isinstance(actual, numpy.ndarray):
        return bool(attempt(numpy.allclose, value, actual)[1])
    return bool(attempt(lambda: bool(value == actual))[1])
