"""Writes one program: expressions that are well typed by construction, from the forms and the variables in scope."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Any, TypeAlias

from codereasoner.grammar.draft import pick
from codereasoner.grammar.forms import ACCEPTS, UNKNOWN, Candidates, Form, Hole, possible, reach
from codereasoner.grammar.names import constant, pool


class DeadEnd(Exception):
    """What was begun cannot be finished with what there is; the caller tries something else."""


@dataclass(frozen=True)
class Var:
    """A variable in scope. `low` is its least length, or for an integer its least value."""

    name: str
    kind: str
    low: int = 0


@dataclass(frozen=True)
class Expr:
    """A written expression."""

    text: str
    atom: bool = True
    low: int = 0
    names: tuple[str, ...] = ()  # the constructs of its outermost form
    kind: str = ""


PARAMETER_LOW = {"int": 1, "float": UNKNOWN, "char": 1, "str": 3}
"""The least length or value of an argument; 2 for the kinds that are not named."""


Saved: TypeAlias = tuple[tuple[int, ...], list[Var], set[str], set[str]]


class Writer:
    """The state of a program that is being written: parameters, variables, lines and what was used."""

    def __init__(
        self,
        random: Random,
        level: int,
        most_params: int,
        wanted: str = "",
        deep: bool = False,
        flat: bool = False,
        pure: bool = False,
    ) -> None:
        self.random = random
        self.level = level
        self.most_params = most_params
        self.wanted = wanted  # a construct that is to be shown
        self.deep = deep  # are branches to stand in branches?
        self.flat = flat  # is there to be no control flow?
        self.pure = pure  # are there to be no methods but the wanted one?
        self.params: list[Var] = []
        self.scope: list[Var] = []
        self.hidden: set[str] = set()  # accumulators that must not be read now: they would grow without end
        self.taken: set[str] = {"f"}  # every name that stands in the program
        self.constructs: list[str] = []
        self.letters: list[str] = []  # constant strings; arguments will contain them
        self.figures: list[int] = []  # constant numbers
        self.relied: list[int] = []  # the least lengths and values without which it would fail
        self.helpers: list[tuple[str, str, str]] = []  # name, kind of its argument, kind of its value
        self.lines: list[str] = []
        self.in_while = False  # a loop that `continue` would keep from ending
        self.loop_over = ""  # the name of what the current loop goes over
        self.guard = ""  # what an early return gives
        self.inside = False  # a comprehension: there is none in another
        self.reach = reach(level)

    # ---- variables

    def new_name(self, kind: str, role: str = "") -> str:
        """A name that is not taken, as a person would choose it for this kind and role."""
        names = pool(kind, role)
        free = [name for name in names if name not in self.taken] or [f"{names[0]}{len(self.taken)}"]
        name = pick(self.random, free[:4])
        self.taken.add(name)
        return name

    def new_param(self, kind: str) -> Var:
        """One more parameter of the function."""
        if len(self.params) >= self.most_params or kind in _NO_PARAMS:
            raise DeadEnd
        var = Var(self.new_name(kind), kind, PARAMETER_LOW.get(kind, 2))
        self.params.append(var)
        self.scope.append(var)
        return var

    def visible(self, kind: str, low: int | None = None) -> list[Var]:
        """The variables that may stand where a kind is wanted."""
        kinds = ACCEPTS.get(kind, (kind,))
        return [
            var
            for var in self.scope
            if var.kind in kinds and var.name not in self.hidden and (low is None or var.low >= low)
        ]

    def put(self, var: Var) -> Var:
        """A variable has come into being, or has another kind or least length than before."""
        self.scope = [each for each in self.scope if each.name != var.name]
        self.scope.append(var)
        return var

    def save(self) -> Saved:
        """What `restore` needs to take back everything that is written from now on."""
        lengths = tuple(len(part) for part in self._growing())
        return lengths, list(self.scope), set(self.hidden), set(self.taken)

    def restore(self, saved: Saved) -> None:
        """Take back what was written since `save`; a saved state can be restored once."""
        lengths, self.scope, self.hidden, self.taken = saved
        for part, length in zip(self._growing(), lengths, strict=True):
            del part[length:]

    def _growing(self) -> tuple[list[Any], ...]:
        return self.lines, self.params, self.constructs, self.letters, self.figures, self.relied

    # ---- expressions

    def expr(self, kind: str, must: Var | None = None) -> Expr:
        """An expression of a kind, which mentions a variable where it must."""
        return self._fill(Hole(kind), must, self._depth())

    def fill(self, hole: Hole, must: Var | None) -> str:
        """The code for a hole of a statement."""
        found = self._fill(hole, must, self._depth())
        if hole.iterated and "list" in found.names:
            raise DeadEnd
        return found.text

    def _depth(self) -> int:
        """How deep forms may stand in forms: mostly not at all, as people write."""
        return 1 if self.random.random() < 0.6 else 2

    def _fill(self, hole: Hole, must: Var | None, depth: int) -> Expr:
        if hole.low:
            self.relied.append(hole.low)
        text = constant(self.random, hole.kind)
        if text is not None:
            if must is not None:
                raise DeadEnd
            self._remember(hole.kind, text)
            return Expr(text, low=1, kind=hole.kind)
        found = self._mention(hole, must, depth) if must is not None else self._free(hole, depth)
        if hole.iterated and found.kind == "char":
            raise DeadEnd
        loose = any(word in found.text for word in (" if ", " and ", " or "))
        if found.atom or not hole.place or (hole.place == "=" and not loose):
            return found
        return replace(found, text=f"({found.text})", atom=True)

    def _mention(self, hole: Hole, must: Var, depth: int) -> Expr:
        fits = must.kind in ACCEPTS.get(hole.kind, (hole.kind,)) and (hole.low is None or must.low >= hole.low)
        if hole.variable and not fits:
            raise DeadEnd
        if fits and (hole.variable or depth <= 0 or self.random.random() < 0.6):
            return _of(must)
        return self._by_form(hole, must, depth)

    def _free(self, hole: Hole, depth: int) -> Expr:
        known = self.visible(hole.kind, hole.low)
        if hole.variable or (hole.low is not None and hole.low > 0):
            if not known and hole.kind in _SELDOM_PARAMS and not self.wanted and self.random.random() < 0.65:
                raise DeadEnd
            var = pick(self.random, known) if known else self.new_param(hole.kind)
            return _of(var)
        chance = self.random.random()
        if depth > 0 and chance < _NEST[self.level]:
            return self._by_form(hole, None, depth)
        if known and chance < 0.75:
            var = pick(self.random, known)
            return _of(var)
        if (
            hole.kind in _LITERALS
            and hole.place != "."
            and not hole.iterated
            and (chance < _LITERALS[hole.kind] or len(self.params) >= self.most_params)
        ):
            return self._literal(hole.kind)
        if len(self.params) < self.most_params and hole.kind not in _NO_PARAMS:
            var = self.new_param(hole.kind)
            return _of(var)
        if known:
            return _of(pick(self.random, known))
        return self._by_form(hole, None, depth)

    def _literal(self, kind: str) -> Expr:
        text = constant(self.random, f"{kind} literal") or ""
        self._remember(kind, text)
        return Expr(text, low=int(text) if kind == "int" else 0, kind=kind)

    def _remember(self, kind: str, text: str) -> None:
        if text[:1] == "'":
            self.letters.append(text[1:-1])
        elif kind == "int":
            self.figures.append(int(text))

    def _by_form(self, hole: Hole, must: Var | None, depth: int) -> Expr:
        if must is not None and (helper := self._helper(hole.kind, must)):
            return helper
        candidates = possible(
            hole.kind, self.level, must.kind if must else "", depth, self.inside, self.wanted, self.pure
        )
        if hole.low is not None:
            candidates = Candidates(tuple(form for form in candidates.forms if (form.low or 0) >= (hole.low or 0)))
        for _ in range(4):
            if not candidates.forms or depth < 0:
                break
            form = candidates.pick(self.random)
            try:
                return self.write_form(form, must, depth - 1)
            except DeadEnd:
                continue
        raise DeadEnd

    def _helper(self, kind: str, must: Var) -> Expr | None:
        for name, takes, gives in self.helpers:
            if gives == kind and must.kind in ACCEPTS.get(takes, (takes,)) and self.random.random() < 0.7:
                self.constructs.append("helper call")
                return Expr(f"{name}({must.name})")
        return None

    def write_form(self, form: Form, must: Var | None, depth: int) -> Expr:
        """The code of a form, which mentions a variable where it must.

        Raises:
            DeadEnd: one of its holes cannot be filled.
        """
        saved = self.save()
        try:
            found = self._fill_form(form, must, depth)
        except DeadEnd:
            self.restore(saved)
            raise
        self.constructs.extend(form.names)
        return found

    def _fill_form(self, form: Form, must: Var | None, depth: int) -> Expr:
        local = {
            short: Var(self.new_name(kind, "each"), kind, int(kind == "char")) for short, kind in form.locals.items()
        }
        where = self._place_of(form, must, depth)
        parts: list[Expr] = []
        for index, hole in enumerate(form.holes):
            if hole.mention:
                parts.append(self._in_comprehension(hole, local, depth))
            else:
                parts.append(self._fill(hole, must if index == where else None, depth))
        self._refuse_silly(form, parts)
        text = form.texts[0] + "".join(part.text + after for part, after in zip(parts, form.texts[1:], strict=True))
        for short, var in local.items():
            text = text.replace(f"@{short}", var.name)
        text = text.replace("$", parts[0].text) if parts else text
        low = form.low if form.low is not None else parts[0].low + (form.shift or 0)
        return Expr(text, form.atom, low, form.names, form.kind)

    def _in_comprehension(self, hole: Hole, local: dict[str, Var], depth: int) -> Expr:
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

    def _place_of(self, form: Form, must: Var | None, depth: int) -> int:
        """The hole in which the variable will be mentioned."""
        if must is None:
            return -1
        places = [
            index
            for index, hole in enumerate(form.holes)
            if not hole.mention and self.reach.get((hole.kind, must.kind), 99) <= depth
        ]
        if not places:
            raise DeadEnd
        return places[0] if self.random.random() < 0.7 else pick(self.random, places)

    def _refuse_silly(self, form: Form, parts: list[Expr]) -> None:
        """No person writes `x - x`, `a.upper().lower()` or `sorted(sorted(x))`."""
        texts = [part.text for part in parts if not part.text.isdigit()]
        if len(texts) != len(set(texts)) and not form.locals:
            raise DeadEnd
        own = {_GROUPS[name] for name in form.names if name in _GROUPS}
        if any(_GROUPS.get(name) in own for part in parts for name in part.names):
            raise DeadEnd
        if parts and parts[0].kind == "char" and not _NOT_OF_A_CHAR.isdisjoint(form.names):
            raise DeadEnd
        if all(part.text[:1] in "'0123456789" for part in parts) and parts:
            raise DeadEnd


def _of(var: Var) -> Expr:
    return Expr(var.name, low=var.low, kind=var.kind)


_NEST = {1: 0.1, 2: 0.15, 3: 0.15, 4: 0.18, 5: 0.2}
"""By level: how often a hole that could hold a variable or a constant holds another form."""

_LITERALS = {"int": 0.7, "str": 0.75, "char": 0.7, "float": 0.8}
"""The kinds that have literals, and up to which chance one stands where no form and no variable does."""

_SELDOM_PARAMS = frozenset(
    ["counts", "lookup", "table", "names", "tally", "pairs", "anys", "any", "nested", "tup", "intset"]
)
"""What a function seldom takes only to ask something about it; what it is about it takes first."""

_NO_PARAMS = frozenset(["bool", "pair", "groups", "strset"])
_CASE = ("upper", "lower", "swapcase", "title", "capitalize", "casefold")
_WRAPS = (
    "list",
    "tuple",
    "set",
    "bool",
    "sorted",
    "reversed",
    "list.copy",
    "set.copy",
    "dict.copy",
    "str.join",
    "range",
)
_GROUPS = (
    {f"str.{name}": "case" for name in _CASE}
    | {f"str.{name}": "strip" for name in ("strip", "lstrip", "rstrip")}
    | {f"str.{name}": "pad" for name in ("center", "ljust", "rjust", "zfill")}
    | dict.fromkeys(_WRAPS, "wrap")
    | {name: name for name in ("abs", "str", "conditional expression", "str.encode", "bool and", "bool or")}
    | {"str[:]": "slice", "list[:]": "slice", "tuple[:]": "slice"}
)
"""Constructs of one group are not put straight into each other."""

_ODD_METHODS = (
    *("join", "split", "rsplit", "splitlines", "partition", "rpartition", "count", "find", "rfind", "index", "rindex"),
    *("title", "capitalize", "istitle", "removeprefix", "removesuffix", "expandtabs", "startswith", "endswith"),
    "translate",
)
_NOT_OF_A_CHAR = frozenset(
    [f"str.{method}" for method in _ODD_METHODS]
    + ["str[:]", "str[i]", "list", "sorted", "set", "len", "min", "max", "reversed", "filter", "map"]
)
"""What is done to strings and is odd where the string is known to be one character."""
