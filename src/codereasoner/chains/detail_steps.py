"""The detail `steps`: sentences with line numbers and the code, for models that can read."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain

from codereasoner.chains.callers import can_yield
from codereasoner.chains.detail_terse import literal_claims
from codereasoner.chains.entered_blocks import stored
from codereasoner.chains.events import Event
from codereasoner.chains.expressions import computed
from codereasoner.chains.known_values import Unknown, text_of
from codereasoner.chains.operations import Operations, evaluate_all, parts
from codereasoner.chains.pure_operations import MAX_LENGTH
from codereasoner.chains.statement_lines import header
from codereasoner.errors import counted
from codereasoner.records import Run
from codereasoner.steps.marks import attributes, contents, is_mark, items, kind, shown
from codereasoner.steps.source import split_lines, walk

MOST_OPERATIONS = 12  # of one statement; more would hide what it does
MOST_CHANGES = 8  # of one object, likewise


class Sentences:
    """Writes the sentences of the events of one run."""

    def __init__(self, run: Run) -> None:
        self.source = run.source
        self.lines = tuple(split_lines(run.source))
        self.operations = Operations(run.source)

    def sentence(self, event: Event) -> str:
        """Return the sentence of an event; "" if another one says it all."""
        clause = self._clause(event)
        if not clause or event.kind in ("call", "resume"):
            return clause
        place = f"Line {event.line}"
        if event.node is not None:
            place += f", `{header(event.node, self.lines)}`"
        return f"{place}: {clause}."

    def _clause(self, event: Event) -> str:
        name = event.function
        match event.kind:
            case "call":
                return _call(event, self.source)
            case "resume":
                return f"{name} resumes at line {event.line}."
            case "wait":
                return f"{name} waits"
            case "yield":
                return f"{name} yields {event.value}"
            case "exception":
                is_closed = event.value.startswith("GeneratorExit") and (event.node is None or can_yield(event.node))
                return f"{name} is closed" if is_closed else f"raises {event.value}"
            case "return" if isinstance(event.scope, ast.ClassDef):
                return ""
            case "return" if event.node is None and event.value == "None":
                return f"{name} ends and returns {event.value}"
            case "return":
                return f"{'' if event.waits else self._operations(event)}{name} returns {event.value}"
        return self._statement(event)

    def _statement(self, event: Event) -> str:
        node = event.node
        clause = " and ".join([*literal_claims(event.values), *_objects(event, self.source)])
        if event.raised:
            return clause
        match node:
            case ast.If() if event.taken is None:
                return f"{clause}, the test is made" if clause else "the test is made"
            case ast.If(test=test) | ast.While(test=test) if event.taken is not None:
                otherwise = "the loop ends" if isinstance(node, ast.While) else "the body is skipped"
                then = "the body runs" if event.taken else otherwise
                return (f"{clause}, " if clause else "") + self._test(test, event, then)
            case ast.While(test=ast.Constant()):
                return "the body runs until the loop is left" if event.visit == 1 else ""
            case ast.Assert(test=test):
                return self._test(test, event, "the assertion holds", taken=True)
            case ast.Match(subject=subject):
                known = self._known(subject, event)
                return "the cases are tried" + (f" with {known}" if known else "")
            case ast.Break():
                return "the loop is to be left" if event.waits else "the loop is left"
            case ast.Continue():
                return f"the next pass of the loop {'is to begin' if event.waits else 'begins'}"
            case ast.Pass():
                return "nothing happens"
            case ast.Return(value=value) if event.waits:
                known = "None" if value is None else self._known(value, event) or "its value"
                return f"{self._operations(event)}{known} is to be returned"
            case ast.Return() | ast.Raise() | ast.Try() | ast.TryStar():
                return ""
            case ast.For() | ast.AsyncFor() if event.taken is None and not clause:
                return ""
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return f"{node.name} is defined"
            case ast.Import() | ast.ImportFrom():
                return "imported"
        if event.taken is not None:
            begins = self._operations(event) if isinstance(node, ast.For) and event.visit == 1 else ""
            return begins + _entered(event, clause)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield) and not clause:
            return ""  # that it resumes is told
        if event.removed and (not clause or isinstance(node, ast.Delete)):
            return " and ".join([*filter(None, [clause]), f"{', '.join(event.removed)} no longer exists"])
        if clause:
            return self._operations(event) + clause
        ends = _ENDS.get(type(node.value), "") if isinstance(node, ast.Expr) else ""
        if node is None:
            return ""  # of no statement of the line is known what it did
        return self._global(event) or self._printed(event) or ends or "no local variable changes"

    def _printed(self, event: Event) -> str:
        """`'a 1' is printed`, if the values can be computed."""
        match event.node:
            case ast.Expr(value=ast.Call(func=ast.Name(id="print"), args=[_, *_] as args, keywords=keywords)):
                values = [value for _, value in evaluate_all(args, event.before)]
                constants = [(each.arg, each.value) for each in keywords if isinstance(each.value, ast.Constant)]
                how = {str(name): node.value for name, node in constants if isinstance(node.value, str)}
                if len(how) < len(keywords) or not how.keys() <= {"sep", "end"}:
                    return ""
                if not self.operations.calls_own(event.node) and not any(map(_is_unordered, values)):
                    text = how.get("sep", " ").join(map(str, values)) + how.get("end", "").removesuffix("\n")
                    return f"{_text(text) or 'a long text'} is printed"
        return ""

    def _global(self, event: Event) -> str:
        """Describe an assignment to a global variable, with the value if it can be computed."""
        match event.node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name not in event.state:
                known = self._known(value, event)
                return f"the global variable {name} is set" + (f" to {known}" if known else "")
            case ast.AugAssign(target=ast.Name(id=name)) if name not in event.state:
                return f"the global variable {name} is set"
        return ""

    def _known(self, expression: ast.expr, event: Event) -> str:
        """The value of an expression of a statement as text; "" if it cannot be computed or is too long."""
        if event.node is None or self.operations.calls_own(event.node):
            return ""
        return _text(computed(expression, event.before))

    def _test(self, test: ast.expr, event: Event, then: str, taken: bool | None = None) -> str:
        """`3 > 2 is true, the body runs`: the comparison, if it can be computed, and what follows."""
        taken = event.taken if taken is None else taken
        truth = "true" if taken else "false"
        known_call = f"{call} is " if (call := _call_of(test, event.before)) else ""
        if event.node is None or self.operations.shadows(event.node):
            return f"{known_call}{truth}, {then}"
        found, value = _some_operations([test], event.before, 0)
        comparisons = [_in_words(each) for each in found]
        if value is NotImplemented and comparisons and isinstance(test, ast.BoolOp):
            return ", ".join([*comparisons, f"the test is {truth}", then])  # of its first parts alone
        if value is NotImplemented or bool(value) is not taken:
            return f"{known_call}{truth}, {then}"
        if not comparisons:
            known = ast.unparse(test) if isinstance(value, bool) else _text(value)
            return f"{known} is {truth}, {then}" if known else f"{truth}, {then}"
        if not comparisons[-1].endswith(f" is {truth}"):
            comparisons.append(f"so the test is {truth}")
        return ", ".join([*comparisons, then])

    def _operations(self, event: Event) -> str:
        """`'abc'[::2] is 'ac', `: the operations of a statement of several."""
        node = event.node
        if node is None or self.operations.shadows(node) or isinstance(node, ast.While | ast.AsyncFor):
            return ""
        within = {type(each) for part in parts(node) for each in walk(part)}
        if not within & _CHOOSES and self.operations.calls_own(node):
            return ""
        if isinstance(node, ast.For) and ast.GeneratorExp in within:
            return ""  # its passes are made as the loop asks for them
        least = 1 if isinstance(node, ast.For) or within & _DECIDES or any(map(_reads_attribute, parts(node))) else 2
        operations, _ = _some_operations(parts(node), event.before or event.state, least)
        return "".join(f"{_in_words(each)}, " for each in operations)


@lru_cache(maxsize=8192)
def _reads_attribute(expression: ast.expr) -> bool:
    """Return whether an expression reads `p.x`, which the sentence of its statement does not give the value of."""
    methods = {each.func for each in walk(expression) if isinstance(each, ast.Call)}
    read = (each for each in walk(expression) if isinstance(each, ast.Attribute) and each not in methods)
    return any(read) and not isinstance(expression, ast.JoinedStr)  # whose operation is its code


def _some_operations(expressions: Sequence[ast.expr], state: Mapping[str, str], least: int) -> tuple[list[str], object]:
    """Return the operations of expressions, and the value of the last one; NotImplemented if it cannot be computed.

    Where there are too many, those of passes are left out; if there are fewer than `least`, all.
    """
    value: object = NotImplemented
    for brief in (False, True):
        trails = evaluate_all(expressions, state, brief)
        found = list(chain.from_iterable(lines for lines, _ in trails))
        value = trails[-1][1] if trails else value
        if least <= len(found) <= MOST_OPERATIONS:
            return found, value
    return [], value


def _is_unordered(value: object) -> bool:
    """Return whether a value is not known, or may have a set in it, whose order nobody knows."""
    return value is NotImplemented or ("{" in _text(value) and not isinstance(value, str))


def _call_of(test: ast.expr, state: Mapping[str, str]) -> str:
    """`is_odd(3)`: the call that a test is, with its arguments; "" if it is none, or one of them cannot be computed."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return f"not {call}" if (call := _call_of(test.operand, state)) else ""
    if not isinstance(test, ast.Call) or not isinstance(test.func, ast.Name) or test.keywords:
        return ""
    if any(isinstance(each, ast.NamedExpr) for each in walk(test)):
        return ""  # it changes what the next argument is
    arguments = [_text(computed(each, state)) for each in test.args]
    return f"{test.func.id}({', '.join(arguments)})" if all(arguments) else ""


def _text(value: object) -> str:
    """The literal of a value; "" if there is none, or a long one."""
    try:
        return "" if value is NotImplemented else text_of(value)
    except Unknown:
        return ""


def _objects(event: Event, source: str) -> Iterator[str]:
    """`p.x = 3` for each part that changed of a variable without a literal; all where the statement binds it anew.

    Left out are attributes such as `_finished` of a library's object that the program does not name.
    """
    bound = set() if event.node is None or isinstance(event.node, ast.AugAssign) else stored(event.node)
    for name, value in event.values.items():
        if is_mark(value) and (name in bound or value != event.before.get(name)):
            found = _changes(name, "" if name in bound else event.before.get(name, ""), value)
            is_own = f"class {kind(value)}" in source
            told = [each for each in found if is_own or not _is_private(each, source)]
            yield from told or ([_whole(name, value)] if name in bound or not found else [])


def _is_private(change: str, source: str) -> bool:
    return any(name not in source for name in _PRIVATE.findall(change.partition(" ")[0]))


_PRIVATE = re.compile(r"\.(_\w+)")


def _changes(path: str, before: str, after: str, depth: int = 3) -> list[str]:
    """`p.x = 3`, `p.next is of type Node` for each part of an object that changed; the literals alone if it is much."""
    was, now = _parts(before, after), _parts(after, after)
    gone = [path + key for key in was if key not in now]
    is_open = "..." in after or contents(after)[:1] in ("[", "(")  # what is gone may only have another place
    if depth == 0 or kind(before) not in ("", kind(after)) or (gone and is_open):
        return []
    changed = {path + key: (was.get(key, ""), each) for key, each in now.items() if was.get(key) != each}
    plain = [f"{place} = {each}" for place, (_, each) in changed.items() if not is_mark(each)]
    found = plain + [f"{place} no longer exists" for place in gone]
    for place, (old, each) in changed.items():
        if is_mark(each):
            found += _changes(place, old, each, depth - 1) or [_whole(place, each)]
    return found if len(found) <= MOST_CHANGES else plain


def _parts(text: str, after: str) -> dict[str, str]:
    """Return the attributes of an object, and its items unless they are soon told, by what stands behind its name."""
    found = {f".{key}": each for key, each in attributes(text).items() if key[:2] != "__"}
    if is_mark(text) and not _is_short(contents(after)):
        found |= {f"[{key}]": each for key, each in items(text).items() if each != "..."}
    return found


def _whole(path: str, mark: str) -> str:
    """`y is of type deque and holds [1, 3]`, or `2 items` if they are long; `level is <Level.HIGH: 2>`."""
    if "." in mark.partition(" ")[0] or shown(mark) != mark:
        return f"{path} is {shown(mark)}"
    inside, found = contents(mark), items(mark)
    if not _is_short(inside):
        inside = counted(len(found), "item") if found and "..." not in found.values() else ""
    return f"{path} is of type {kind(mark)}" + (f" and holds {inside}" if inside else "")


def _is_short(inside: str) -> bool:
    """Return whether what is between the brackets of a container is a literal, and not long."""
    return 0 < len(inside) <= MAX_LENGTH and "<" not in inside


def _call(event: Event, source: str) -> str:
    if isinstance(event.scope, ast.ClassDef):
        return f"The body of class {event.function} runs."
    others = event._replace(values={name: value for name, value in event.values.items() if name not in _OWNERS})
    held = (each for each in _objects(others, source) if " = " in each)
    arguments = " and ".join([*literal_claims(event.values), *held])
    outer = " and ".join(literal_claims(event.outer))
    clause = f"{event.function} is called" + (f" with {arguments}" if arguments else "")
    return clause + (f"; it reads {outer} from outside." if outer else ".")


def _entered(event: Event, clause: str) -> str:
    """Describe whether a block is entered that has no test: a loop, a handler, a case."""
    match event.node, event.taken:
        case (ast.For() | ast.AsyncFor(), True):
            return f"pass {event.visit}, {clause}" if clause else f"pass {event.visit}"
        case (ast.For() | ast.AsyncFor(), False):
            return "nothing is left, the loop ends"
        case (ast.With() | ast.AsyncWith(), True):
            return clause or "the block begins"
        case (ast.With() | ast.AsyncWith(), False):
            return "the block ends"
        case (ast.ExceptHandler(), True):
            return "it handles the exception" + (f", {clause}" if clause else "")
        case (ast.match_case(), True):
            return "it matches" + (f", {clause}" if clause else "")
    return "it does not match" + (f", {clause}" if clause else "")


def _in_words(operation: str) -> str:
    """`3 > 2 -> True` as `3 > 2 is true`; the item of a pass of a comprehension, `c 'a'`, as `with c 'a'`."""
    left, arrow, right = operation.rpartition(" -> ")
    if not arrow:
        return f"with {operation}"
    return f"{left} is {_TRUTH.get(right, right)}"


_ENDS = {ast.YieldFrom: "nothing is left to yield", ast.Await: "what is awaited is done"}

_OWNERS = ("self", "cls")  # of whom a method's own statements tell

_CHOOSES = {ast.BoolOp, ast.IfExp}
"""Expressions of which parts may not be computed."""

_DECIDES = {ast.Lambda, ast.IfExp, ast.BoolOp, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp}
"""Expressions in which one operation does not say by itself what was computed."""

_TRUTH = {"True": "true", "False": "false"}
