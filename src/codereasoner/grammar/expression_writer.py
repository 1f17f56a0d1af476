"""Write expressions that are well typed by construction, from the table of expressions and the variables in scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple, TypeAlias

from codereasoner.grammar.candidates import ACCEPTS, FAR, possible, reach
from codereasoner.grammar.draft import number, pick
from codereasoner.grammar.templates import UNKNOWN, Entry, Expression, Hole, constants, words


class DeadEnd(Exception):
    """The attempt cannot be finished with the variables in scope; the caller tries something else."""


@dataclass(frozen=True)
class Spec:
    """The program that is wanted."""

    level: int
    types: Sequence[str] = ()  # of the first argument
    construct: str = ""  # to be shown as often as it can be
    nested: bool = False  # branches contain branches
    helper: bool = False  # there is a helper function for sure
    straight: bool = False  # there is no control flow
    pure: bool = False  # there is no method but that of the construct


class Var(NamedTuple):
    """A variable in scope. `low` is its least length, or for an integer its least value."""

    name: str
    kind: str
    low: int = 0


class Text(NamedTuple):
    """A written expression."""

    text: str
    atom: bool = True
    low: int = 0
    shows: frozenset[str] = frozenset()  # constructs of its outermost expression
    kind: str = ""


@dataclass(frozen=True)
class Helper:
    """A helper function that the program can call."""

    name: str
    takes: str
    gives: str


PARAMETER_LOW = {"int": 1, "float": UNKNOWN, "char": 1, "str": 3}
"""The least length or value of an argument; 2 for the other kinds."""

Saved: TypeAlias = tuple[tuple[int, ...], list[Var], set[str], set[str]]


class Writer:
    """The state of a program that is being written: parameters, variables, lines, and what was used."""

    def __init__(self, random: Random, spec: Spec, most_params: int) -> None:
        self.random = random
        self.spec = spec
        self.level = spec.level
        self.most_params = most_params
        self.params: list[Var] = []
        self.scope: list[Var] = []
        self.hidden: set[str] = set()  # accumulators that must not be read now: they would grow without end
        self.taken: set[str] = {"f"}  # every name in the program
        self.constructs: list[str] = []
        self.entries: list[Entry] = []  # of the tables
        self.letters: list[str] = []  # constant strings; arguments will contain them
        self.figures: list[int] = []  # constant numbers
        self.relied: list[int] = []  # the least lengths and values without which it would fail
        self.helper: Helper | None = None
        self.lines: list[str] = []
        self.in_while = False  # in a loop that `continue` would keep from ending
        self.loop_over = ""  # the name of what the current loop iterates over
        self.guard = ""  # the value of an early return
        self.inside = False  # in a comprehension: there is none in another
        self.reach = reach(spec.level)

    def is_wanting(self) -> bool:
        """Return whether there is a wanted construct that is not shown yet."""
        return bool(self.spec.construct) and self.spec.construct not in self.constructs

    # ---- variables

    def new_name(self, kind: str, role: str = "") -> str:
        """Take a name that is free, as a person would choose it for a kind and a role: "new", "each" or "index"."""
        names = words().get(f"{kind} {role}") or words()[kind]
        free = [name for name in names if name not in self.taken] or [f"{names[0]}{len(self.taken)}"]
        name = pick(self.random, free[:4])
        self.taken.add(name)
        return name

    def new_param(self, kind: str) -> Var:
        """Add a parameter to the function."""
        if len(self.params) >= self.most_params or kind in _NO_PARAMS:
            raise DeadEnd
        var = Var(self.new_name(kind), kind, PARAMETER_LOW.get(kind, 2))
        self.params.append(var)
        self.scope.append(var)
        return var

    def visible(self, kind: str, low: int | None = None) -> list[Var]:
        """Return the variables that can take the place of a kind."""
        kinds = ACCEPTS.get(kind, (kind,))
        return [
            var
            for var in self.scope
            if var.kind in kinds and var.name not in self.hidden and (low is None or var.low >= low)
        ]

    def put(self, var: Var) -> Var:
        """Add a variable to the scope, or replace it where its kind or least length is another now."""
        self.scope = [each for each in self.scope if each.name != var.name]
        self.scope.append(var)
        return var

    def save(self) -> Saved:
        """Return the state that `restore` needs to take back all that is written from now on."""
        return tuple(map(len, self._growing())), list(self.scope), set(self.hidden), set(self.taken)

    def restore(self, saved: Saved) -> None:
        """Take back what was written since `save`; a saved state can be restored once."""
        lengths, self.scope, self.hidden, self.taken = saved
        for part, length in zip(self._growing(), lengths, strict=True):
            del part[length:]

    def _growing(self) -> tuple[list[str] | list[Var] | list[int] | list[Entry], ...]:
        return self.lines, self.params, self.constructs, self.entries, self.letters, self.figures, self.relied

    # ---- expressions

    def expr(self, kind: str, must: Var | None = None) -> Text:
        """Write an expression of a kind, which mentions a variable where it must."""
        return self._fill(Hole(kind), must, self._depth())

    def fill(self, hole: Hole, must: Var | None) -> str:
        """Write the code for a hole of a statement."""
        found = self._fill(hole, must, self._depth())
        if hole.iterated and "list" in found.shows:
            raise DeadEnd
        return found.text

    def use(self, entry: Entry, shows: Sequence[str]) -> None:
        """Record that an entry of the tables is used, with the constructs that it shows."""
        self.entries.append(entry)
        self.constructs.extend(shows)

    def _depth(self) -> int:
        """Return the depth of nested expressions: mostly none, as people write."""
        return 1 if self.random.random() < 0.6 else 2

    def _fill(self, hole: Hole, must: Var | None, depth: int) -> Text:
        if hole.low:
            self.relied.append(hole.low)
        if hole.kind in constants():
            text = pick(self.random, constants()[hole.kind])
            if must is not None:
                raise DeadEnd
            self._remember(hole.kind, text)
            return Text(text, low=1, kind=hole.kind)
        found = self._mention(hole, must, depth) if must is not None else self._free(hole, depth)
        if hole.iterated and found.kind == "char":
            raise DeadEnd
        loose = any(word in found.text for word in (" if ", " and ", " or "))
        if found.atom or not hole.place or (hole.place == "=" and not loose):
            return found
        return found._replace(text=f"({found.text})", atom=True)

    def _mention(self, hole: Hole, must: Var, depth: int) -> Text:
        fits = must.kind in ACCEPTS.get(hole.kind, (hole.kind,)) and (hole.low is None or must.low >= hole.low)
        if hole.variable and not fits:
            raise DeadEnd
        if fits and (hole.variable or depth <= 0 or self.random.random() < 0.6):
            return _name(must)
        return self._expression(hole, must, depth)

    def _free(self, hole: Hole, depth: int) -> Text:
        known = self.visible(hole.kind, hole.low)
        if hole.variable or (hole.low is not None and hole.low > 0):
            wanted = self.spec.construct
            if not known and hole.kind in _SELDOM_PARAMS and not wanted and self.random.random() < 0.65:
                raise DeadEnd
            return _name(pick(self.random, known) if known else self.new_param(hole.kind))
        chance = self.random.random()
        if depth > 0 and chance < _NEST[self.level]:
            return self._expression(hole, None, depth)
        if known and chance < 0.75:
            return _name(pick(self.random, known))
        can_add = len(self.params) < self.most_params
        literal = hole.kind in _LITERALS and hole.place != "." and not hole.iterated
        if literal and (chance < _LITERALS[hole.kind] or not can_add):
            return self._literal(hole.kind)
        if can_add and hole.kind not in _NO_PARAMS:
            return _name(self.new_param(hole.kind))
        if known:
            return _name(pick(self.random, known))
        return self._expression(hole, None, depth)

    def _literal(self, kind: str) -> Text:
        random = self.random
        if kind == "int":
            text = str(number(random, 1, 9) if random.random() < 0.75 else pick(random, (0, 10, 12, 15, 20)))
        elif kind == "char":
            text = repr(pick(random, _LETTERS if random.random() < 0.7 else _SIGNS))
        else:
            text = pick(random, constants()["word" if kind == "str" else "decimal"])
        self._remember(kind, text)
        return Text(text, low=int(text) if kind == "int" else 0, kind=kind)

    def _remember(self, kind: str, text: str) -> None:
        if text[:1] == "'":
            self.letters.append(text[1:-1])
        elif kind == "int":
            self.figures.append(int(text))

    def _expression(self, hole: Hole, must: Var | None, depth: int) -> Text:
        if must is not None and (call := self._helper_call(hole.kind, must)):
            return call
        spec, mention = self.spec, must.kind if must else ""
        candidates = possible(hole.kind, self.level, mention, depth, self.inside, spec.construct, spec.pure)
        if hole.low is not None:
            candidates = candidates.at_least(hole.low)
        for _ in range(4):
            if not candidates.found or depth < 0:
                break
            try:
                return self.write_expression(candidates.pick(self.random), must, depth - 1)
            except DeadEnd:
                continue
        raise DeadEnd

    def _helper_call(self, kind: str, must: Var) -> Text | None:
        helper = self.helper
        if helper is None or helper.gives != kind or must.kind not in ACCEPTS.get(helper.takes, (helper.takes,)):
            return None
        if self.random.random() >= 0.7:
            return None
        self.constructs.append("helper call")
        return Text(f"{helper.name}({must.name})")

    def write_expression(self, expression: Expression, must: Var | None, depth: int) -> Text:
        """Write an expression, which mentions a variable where it must.

        Raises:
            DeadEnd: one of its holes cannot be filled.
        """
        saved = self.save()
        try:
            found = self._write(expression, must, depth)
        except DeadEnd:
            self.restore(saved)
            raise
        self.use(expression, expression.code.shows)
        return found

    def _write(self, expression: Expression, must: Var | None, depth: int) -> Text:
        local = {
            short: Var(self.new_name(kind, "each"), kind, int(kind == "char"))
            for short, kind in expression.locals.items()
        }
        where = self._place(expression, must, depth)
        parts: list[Text] = []
        for index, hole in enumerate(expression.code.holes):
            if hole.mention:
                parts.append(self._in_comprehension(hole, local, depth))
            else:
                parts.append(self._fill(hole, must if index == where else None, depth))
        _refuse_silly(expression, parts)
        text = expression.code.filled([part.text for part in parts], {short: var.name for short, var in local.items()})
        low = expression.low if expression.low is not None else parts[0].low + expression.shift
        return Text(text, expression.atom, low, expression.shows, expression.kind)

    def _in_comprehension(self, hole: Hole, local: dict[str, Var], depth: int) -> Text:
        scope, params, each = self.scope, len(self.params), local[hole.mention]
        self.scope = [*scope, *local.values()]
        self.inside = True
        try:
            found = self._fill(hole, each, max(depth, 1))
        finally:
            self.scope, self.inside = scope + self.params[params:], False
        if found.text == each.name:
            raise DeadEnd
        return found

    def _place(self, expression: Expression, must: Var | None, depth: int) -> int:
        """Return the hole in which the variable will be mentioned."""
        if must is None:
            return -1
        places = [
            index
            for index, hole in enumerate(expression.code.holes)
            if not hole.mention and self.reach.get((hole.kind, must.kind), FAR) <= depth
        ]
        if not places:
            raise DeadEnd
        return places[0] if self.random.random() < 0.7 else pick(self.random, places)


def _refuse_silly(expression: Expression, parts: Sequence[Text]) -> None:
    """Refuse what no person writes: `x - x`, `a.upper().lower()`, `sorted(sorted(x))`."""
    texts = [part.text for part in parts if not part.text.isdigit()]
    if len(texts) != len(set(texts)) and not expression.locals:
        raise DeadEnd
    own = {_GROUPS[name] for name in expression.shows if name in _GROUPS}
    if own and any(_GROUPS.get(name) in own for part in parts for name in part.shows):
        raise DeadEnd
    if parts and parts[0].kind == "char" and not _NOT_OF_A_CHAR.isdisjoint(expression.shows):
        raise DeadEnd
    if parts and all(part.text[:1] in "'0123456789" for part in parts):
        raise DeadEnd


def _name(var: Var) -> Text:
    return Text(var.name, low=var.low, kind=var.kind)


_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_SIGNS = ",-_ .0123456789ABCXYZ!@#"

_NEST = {1: 0.1, 2: 0.15, 3: 0.15, 4: 0.18, 5: 0.2}
"""By level: how often a hole that could hold a variable or a constant holds another expression."""

_LITERALS = {"int": 0.7, "str": 0.75, "char": 0.7, "float": 0.8}
"""The kinds that have literals, and the chance up to which one is written where no expression and no variable is."""

_SELDOM_PARAMS = frozenset(
    ["counts", "lookup", "table", "names", "tally", "pairs", "anys", "any", "nested", "tup", "intset"]
)
"""Kinds that a function rarely takes only to ask something about them; its main argument comes first."""

_NO_PARAMS = frozenset(["bool", "pair", "groups", "strset"])

_GROUPS: dict[str, str] = {
    name: group
    for group, names in {
        "case": "str.upper str.lower str.swapcase str.title str.capitalize str.casefold",
        "strip": "str.strip str.lstrip str.rstrip",
        "pad": "str.center str.ljust str.rjust str.zfill",
        "slice": "str[:] list[:] tuple[:]",
        "wrap": "list tuple set bool sorted reversed list.copy set.copy dict.copy str.join range",
    }.items()
    for name in names.split()
} | {name: name for name in ("abs", "str", "conditional expression", "str.encode", "bool and", "bool or")}
"""Constructs of one group are not put straight into each other."""

_STRING_METHODS = (
    "join split rsplit splitlines partition rpartition count find rfind index rindex title capitalize istitle"
    " removeprefix removesuffix expandtabs startswith endswith translate"
)
_NOT_OF_A_CHAR = frozenset(
    [f"str.{method}" for method in _STRING_METHODS.split()]
    + ["str[:]", "str[i]", "list", "sorted", "set", "len", "min", "max", "reversed", "filter", "map"]
)
"""Operations on strings that are odd where the string is known to be one character."""
