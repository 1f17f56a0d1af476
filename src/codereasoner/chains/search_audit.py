"""Check that a chain that looks for a call earns it: its steps to an argument, and that there are any.

A step is computed again: "take `wanted[::2]`, 'ac'", "`x = x + 1` must give 3, which it does if x is 2". The call that
returns the wanted value must be derived: each of its arguments is what a step before it gives, part of a computation
that holds ("len('abc') = 3"), a constant of the program, a part of the wanted value, one of the simplest values, by how
much a call missed the wanted value, or a number that follows others that were tried. It is not enough that it occurs in
the text. A chain that names the call before anything leads to it has known it.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial

from codereasoner import literals
from codereasoner.chains.abstract_execution import names_set
from codereasoner.chains.argument_candidates import WANTED
from codereasoner.chains.claimed_literals import literal_end
from codereasoner.chains.events import read_events
from codereasoner.chains.expressions import computed
from codereasoner.chains.inverse_operations import MAX_SOLVED, Needs, solve, solving
from codereasoner.chains.inversion import FAILURES, is_certain, undo_statement, with_lengths
from codereasoner.chains.statement_lines import header
from codereasoner.chains.value_claims import calls
from codereasoner.records import Run
from codereasoner.steps.source import names_in, nodes_of, parse_any, parse_expression, parse_source, split_lines, walk

_TAKES = re.compile(r"take `([^`\n]+)`, (?=\S)")
_GIVES = re.compile(r"`([^`\n]+)` must give (?=\S)")
_LEAVES = re.compile(r"`([^`\n]+)` must (?:give|leave) (?=\S)")
_IF = re.compile(r",? (?:which it (?:does|may) |and )if ([^\W\d]\w*) is (?=\S)")
_MUST_BE = re.compile(r"`([^`\n]+)` must be (true|false)\b")
_EQUALS = re.compile(r"(?:==?|->|→|\b(?:is|equals|gives|returns)\b)[ \t`*$]*")
_ENDS_IN_NAME = re.compile(r"(?<![\w.])(?!True|False|None)[^\W\d]\w*\Z")
_BEGINS = re.compile(r"(?<![\w.'\"\])}])[\w('\"\[{-]")
_OPERATES = re.compile(r"[-+*/%@&|^<>(\[]")  # no computation that could be checked is without one of these
_MARKS = re.compile(r"</?\w+>|\[/?[A-Z]+\]|\\boxed\b|```\w*|\bassert\b")  # around an answer
_LITERALS = ast.Constant | ast.List | ast.Tuple | ast.Dict | ast.Set | ast.UnaryOp
_LONGEST_NAMELESS = 1  # items of a value that a chain may try without saying where it comes from


@dataclass(frozen=True)
class Step:
    """One step of a search: where it stands, its words, and whether it holds."""

    start: int
    end: int
    said: str
    holds: bool


def steps_of_search(chain: str, runs: Mapping[str, Run], wanted: str) -> Iterator[Step]:
    """Yield the steps of a chain that can be checked, in order, and the call that nothing leads to, if there is one.

    `runs` holds the run of each call that the chain names, by its arguments in canonical form.
    """
    yield from _taken(chain, wanted)
    yield from _undone(chain)
    yield from _decided(chain, runs)
    yield from _unearned(chain, runs, wanted)


def _taken(chain: str, wanted: str) -> Iterator[Step]:
    for match in _TAKES.finditer(chain):
        stop = literal_end(chain, match.end())
        node = parse_expression(match[1])
        if stop is None or node is None:
            continue
        value = computed(node, {WANTED: wanted})
        yield Step(match.start(), stop, chain[match.start() : stop], _is(value, chain[match.end() : stop]))


def _undone(chain: str) -> Iterator[Step]:
    for match, result, needs, stop in _undoings(chain, _GIVES):
        tree = parse_any(match[1])
        if "which it may" in chain[match.end() : stop] or tree is None or len(tree.body) != 1:
            continue
        if needs:
            yield Step(match.start(), stop, chain[match.start() : stop], is_certain(tree.body[0], needs, result))


def _decided(chain: str, runs: Mapping[str, Run]) -> Iterator[Step]:
    """Yield what tests of the call that is named next must be, which they are whenever it comes to them."""
    entry = next((run.entry for run in runs.values()), "")
    named = [(start, runs[call]) for start, _, call in calls(chain, entry) if call in runs] if entry else []
    for match in _MUST_BE.finditer(chain):
        run = next((run for start, run in named if start > match.start()), None)
        if run is not None:
            tests = (each for each in read_events(run) if isinstance(each.node, ast.If | ast.While))
            ways = {each.taken for each in tests if ast.unparse(each.node.test) == match[1]}  # type: ignore[union-attr]
            yield Step(match.start(), match.end(), match[0], ways == {match[2] == "true"})


def _undoings(chain: str, opening: re.Pattern[str]) -> Iterator[tuple[re.Match[str], object, dict[str, object], int]]:
    """Yield each step back: its beginning with the code, the result, what gives it by name, and where it ends."""
    for match in opening.finditer(chain):
        stop = literal_end(chain, match.end())
        if stop is None:
            continue
        result = _read(chain[match.end() : stop])
        needs: dict[str, object] = {}
        while (said := _IF.match(chain, stop)) and (end := literal_end(chain, said.end())):
            needs[said[1]] = _read(chain[said.end() : end])
            stop = end
        yield match, result, needs, stop


def _unearned(chain: str, runs: Mapping[str, Run], wanted: str) -> Iterator[Step]:
    if not runs:
        return
    meant = _read(wanted)
    entry, source = next((run.entry, run.source) for run in runs.values())
    known = _Known(source, meant)
    seen: set[str] = set()
    for start, end, call in calls(chain, entry):
        run = runs.get(call)
        if call in seen or run is None:
            continue
        seen.add(call)
        arguments = _arguments(call)
        result = NotImplemented if run.outcome != "ok" or run.value is None else _read(run.value)
        if literals.equal(result, meant):
            if _is_alone(chain, start, end, meant):
                return
            known.learn(chain[:start], entry, wanted)
            if not all(known.leads_to(each, place) for place, each in enumerate(arguments)):
                yield Step(start, end, f"{entry}({call}), to which nothing leads", False)
            return
        known.hear(arguments, result)


def _is_alone(chain: str, start: int, end: int, meant: object) -> bool:
    """Return whether a text is a call without reasoning: nothing else but the value and the marks of an answer."""
    before, after = (_MARKS.sub("", text) for text in (chain[:start], chain[end:]))
    said = after.strip(" \t\n=`")
    return not re.search(r"\w", before) and (not re.search(r"\w", said) or literals.equal(_read(said), meant))


class _Known:
    """The values that a chain may use: those of the program and the wanted one, and what its steps derive from them."""

    def __init__(self, source: str, wanted: object) -> None:
        self.source, self.wanted = source, wanted
        self.values: list[object] = [*_parts_of(wanted), *_constants(source)]
        self.tried: list[list[object]] = []

    def hear(self, arguments: list[object], result: object) -> None:
        """Take a call that failed: its arguments, and what it returned, are known now."""
        self.tried.append(arguments)
        self.values += arguments
        if result is not NotImplemented:
            self.values += [*_parts_of(result), *_amounts(result, self.wanted)]

    def learn(self, text: str, entry: str, wanted: str) -> None:
        """Take what the steps and the computations of a text derive, in its order."""
        found: list[tuple[int, object, list[object]]] = []  # where, what is derived, and from what
        for match in _TAKES.finditer(text):
            stop = literal_end(text, match.end())
            node = parse_expression(match[1])
            if stop is not None and node is not None:
                value = computed(node, {WANTED: wanted})
                if _is(value, text[match.end() : stop]):
                    found.append((match.start(), value, _constants_in(walk(node))))
        for match, result, needs, _ in _undoings(text, _LEAVES):
            if self._gives(match[1], needs, result):
                found += [(match.start(), each, [result]) for each in needs.values()]
        found += self._computed(text, entry)
        for _, value, basis in sorted(found, key=lambda each: each[0]):
            if all(map(self.leads_to, basis)):
                self.values.append(value)

    def _gives(self, code: str, needs: Needs, result: object) -> bool:
        """Return whether a statement of the program that is quoted gives the result, as far as that can be told."""
        for node in _statements_of(self.source).get(code.rstrip(":"), ()):
            if is_certain(node, needs, result):
                return True
            befores = _befores(node, result)
            if any(all(literals.equal(each.get(name), needs[name]) for name in needs) for each in befores):
                return True
        return False

    def _computed(self, text: str, entry: str) -> Iterator[tuple[int, object, list[object]]]:
        """Yield what computations in a text derive: `7 - 3 = 4` gives 4, `len('abc') = 3` gives 'abc'."""
        for line in re.finditer(r"[^\n;]+", text):
            operator = _OPERATES.search(line[0])
            for match in _EQUALS.finditer(line[0], operator.end()) if operator else ():
                end = literal_end(line[0], match.end())
                if end is None:
                    continue
                right, left = _read(line[0][match.end() : end]), line[0][: match.start()].rstrip(" \t`*$")
                if "#" not in left and _ENDS_IN_NAME.search(left):
                    continue  # words, or a computation with a variable
                for begin in _BEGINS.finditer(left):
                    node = parse_expression(left[begin.start() :].strip())
                    if not isinstance(node, ast.BinOp | ast.Call | ast.Subscript):
                        continue
                    if entry not in names_in(node):
                        value = computed(node, {})
                        if value is not NotImplemented and literals.equal(value, right):
                            used = _constants_in(walk(node))
                            yield line.start() + begin.start(), right, used
                            yield from ((line.start() + begin.start(), each, [right]) for each in used)
                    break

    def leads_to(self, value: object, place: int = -1) -> bool:
        """Return whether a value is known, one of the simplest, or made of such."""
        if any(literals.equal(value, each) for each in self.values) or self._is_simple(value):
            return True
        if isinstance(value, str):
            return isinstance(self.wanted, str) and value in self.wanted
        if isinstance(value, list | tuple | set | frozenset | dict):
            items = [*value, *value.values()] if isinstance(value, dict) else list(value)
            return all(map(self.leads_to, items))
        before = [each[place] for each in self.tried if 0 <= place < len(each)]
        return isinstance(value, int | float) and any(isinstance(each, int | float) for each in before)

    @staticmethod
    def _is_simple(value: object) -> bool:
        if isinstance(value, str | bytes):
            return len(value) <= _LONGEST_NAMELESS
        return value is None or value is ... or isinstance(value, bool) or value in (0, 1, 2, -1)


def _befores(node: ast.stmt, result: object) -> Iterator[Needs]:
    """Yield what a statement needs to give a result: to return it, or to leave it in one of the variables it sets."""
    names = {name for each in walk(node) for name in names_set(each)}
    ways: list[Callable[[], Needs]] = [partial(undo_statement, node, {name: result}) for name in sorted(names)]
    if isinstance(node, ast.Return) and node.value is not None:
        ways.append(partial(solve, node.value, result))
    for way in ways:
        try:
            with solving([MAX_SOLVED]):
                found = way()
        except FAILURES:
            continue
        yield found


def _parts_of(value: object) -> list[object]:
    """Return a value, its items and theirs, and its length."""
    if isinstance(value, str | bytes):
        return [value, len(value)]
    if not isinstance(value, list | tuple | set | frozenset | dict):
        return [value]
    items = [*value, *value.values()] if isinstance(value, dict) else list(value)
    return [value, len(value), *(part for each in items for part in _parts_of(each))]


def _amounts(result: object, wanted: object) -> Iterator[int]:
    """Yield by how much a value is too long or too large, with both signs, and how many times as long it is."""
    match result, wanted:
        case (int(found), int(meant)) if type(result) is type(wanted) is int:
            pass
        case (str() | list() | tuple(), str() | list() | tuple()):
            found, meant = len(result), len(wanted)
            yield from (found // meant,) if meant else ()
        case _:
            return
    yield from (found - meant, meant - found)


@lru_cache(maxsize=256)
def _statements_of(source: str) -> Mapping[str, Sequence[ast.stmt]]:
    """Return the statements of a program's functions by their headers."""
    found: dict[str, list[ast.stmt]] = {}
    lines, tree = tuple(split_lines(source)), parse_source(source)
    functions = [each for each in nodes_of(source) if isinstance(each, ast.FunctionDef)] if tree is not None else []
    for node in (node for each in functions for node in walk(with_lengths(each))):
        if isinstance(node, ast.stmt):
            found.setdefault(header(node, lines).rstrip(":"), []).append(node)
    return found


@lru_cache(maxsize=256)
def _constants(source: str) -> Sequence[object]:
    return _constants_in(nodes_of(source)) if parse_source(source) is not None else []


def _constants_in(nodes: Iterable[ast.AST]) -> list[object]:
    """Return the constants among the nodes of a tree, and its whole literals: `[1, 2]` is one value."""
    found: list[object] = []
    for node in nodes:
        if isinstance(node, _LITERALS):
            with suppress(literals.LiteralError):
                found.append(literals.value_of(node))
    return found


def _arguments(call: str) -> list[object]:
    return [literals.value_of(each) for _, each in literals.parse_arguments(call)]


def _read(text: str) -> object:
    try:
        return literals.read(text)
    except literals.LiteralError:
        return NotImplemented


def _is(value: object, text: str) -> bool:
    return value is not NotImplemented and literals.equal(value, _read(text))
