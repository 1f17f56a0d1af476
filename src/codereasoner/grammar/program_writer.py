"""One program of the grammar: a variable is followed through changes, branches and loops to what is returned."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from codereasoner.grammar import quotes
from codereasoner.grammar.draft import Draft, number, pick, pick_weighted
from codereasoner.grammar.forms import TYPES, showing
from codereasoner.grammar.names import constant
from codereasoner.grammar.statements import (
    INDENT,
    Change,
    apply,
    change,
    changes,
    choose,
    fitting_idioms,
    idiom,
    shown_by,
)
from codereasoner.grammar.values import Wanted, calls
from codereasoner.grammar.writer import DeadEnd, Var, Writer

LEVELS = (1, 2, 3, 4, 5)

STATEMENTS = {1: (0, 2), 2: (1, 3), 3: (1, 2), 4: (1, 2), 5: (1, 3)}
"""By level: how many steps lead from the first argument to the return; a loop is one step."""

_FIRST = {"str": 18, "ints": 6, "strs": 2, "counts": 1.5, "int": 1.25, "tup": 0.5, "intset": 0.5, "nested": 0.5}
_FIRST |= {"anys": 0.75, "lookup": 0.5, "table": 0.25, "names": 0.5, "tally": 0.75, "pairs": 0.25}
"""The kinds of the first argument, in about the proportions of CRUXEval; sets and tuples more often."""

HELPS = 0.6
"""How often a helper is tried at level 5; mostly there is no good place to call it, and the program goes without."""

_LEVEL_ONE = ("str", "ints", "int", "strs", "anys", "lookup", "table", "names")


class _Kind:
    def __init__(self, name: str, weight: float) -> None:
        self.name = name
        self.weight = weight


def draft(
    random: Random,
    level: int,
    types: Sequence[str],
    count: int,
    wanted: str = "",
    deep: bool = False,
    helps: bool = False,
    flat: bool = False,
    pure: bool = False,
) -> Draft:
    """One program of a level with up to `count` calls.

    A `wanted` construct is shown as often as it can be, in a `deep` one branches stand in branches, in a `flat` one
    there are none, `helps` gives it a helper function for sure, and a `pure` one has no method but the wanted one.
    """
    while True:
        most = 1 if random.random() < 0.25 else 2 if random.random() < 0.75 else 3
        writer = Writer(random, level, most, wanted, deep, flat, pure)
        try:
            helper = _helper(random, level) if helps or (level == 5 and random.random() < HELPS) else None
            if helper is not None:
                writer.helpers.append(helper[1])
                writer.taken |= helper[2]
            _body(writer, types)
        except DeadEnd:
            continue
        if helper is None or "helper call" in writer.constructs:
            return _finish(writer, helper[0] if helper else "", count)


def _body(writer: Writer, types: Sequence[str]) -> None:
    first = _first(writer, types)
    focus = writer.new_param(first)
    steps = number(writer.random, *STATEMENTS[writer.level])
    needs_loop = writer.level >= 3
    for index in range(steps):
        loop = needs_loop and (index == steps - 1 or writer.random.random() < 0.5)
        if loop:
            needs_loop = False
        focus = _tried(writer, focus, loop)
    if _is_wanting(writer) and showing(writer.wanted):
        _show(writer, focus)
    elif fitting := [each for each in changes() if writer.wanted in shown_by(each)] if _is_wanting(writer) else []:
        _show_change(writer, focus, pick(writer.random, fitting))
    else:
        _return(writer, focus)


def _is_wanting(writer: Writer) -> bool:
    """Is there a wanted construct that is not shown yet?"""
    return bool(writer.wanted) and writer.wanted not in writer.constructs


def _show_change(writer: Writer, focus: Var, chosen: Change) -> None:
    """The last lines, where the wanted construct changes a variable in place, which is then returned."""
    writer.most_params = max(2, writer.most_params)
    known = [focus] if focus.kind == chosen.kind else writer.visible(chosen.kind)
    var = pick(writer.random, known) if known else writer.new_param(chosen.kind)
    if var.low < chosen.needs:
        raise DeadEnd
    apply(writer, var, chosen, INDENT)
    other = focus.name != var.name and _is_changed(writer, focus.name)
    writer.lines.append(f"{INDENT}return {f'{focus.name}, {var.name}' if other else var.name}")


def _show(writer: Writer, focus: Var) -> None:
    """The last two lines, where the wanted construct is not there yet: it is shown, and its value is returned."""
    writer.most_params = max(2, writer.most_params)
    form = pick(writer.random, showing(writer.wanted))
    found = writer.write_form(form, focus if writer.random.random() < 0.6 else None, 1)
    name = writer.new_name(form.kind, "new")
    writer.lines.append(f"{INDENT}{name} = {found.text}")
    pair = f"{focus.name}, {name}"
    writer.lines.append(f"{INDENT}return {pair if _is_changed(writer, focus.name) else name}")


def _first(writer: Writer, types: Sequence[str]) -> str:
    names = _LEVEL_ONE if writer.level == 1 else tuple(_FIRST)
    owner = writer.wanted.partition(".")[0].partition(" ")[0]
    if owner in types and writer.random.random() < 0.7:
        types = (owner,)
    fitting = [_Kind(name, _FIRST[name]) for name in names if TYPES[name] in types]
    return pick_weighted(writer.random, fitting or [_Kind(name, _FIRST[name]) for name in names]).name


def _tried(writer: Writer, focus: Var, loop: bool) -> Var:
    """One step that works out; lines that lead nowhere are taken back."""
    for _ in range(6):
        saved = writer.save()
        try:
            return _step(writer, focus, loop)
        except DeadEnd:
            writer.restore(saved)
    raise DeadEnd


def _step(writer: Writer, focus: Var, loop: bool) -> Var:
    chance = writer.random.random()
    fitting = [] if writer.flat and not writer.wanted else fitting_idioms(writer, focus)
    if writer.wanted and writer.level < 3:
        fitting = [each for each in fitting if each.depth == 0 and writer.wanted in shown_by(each)]
    if loop or (fitting and (writer.level >= 3 or writer.wanted) and chance < 0.25):
        if not fitting:
            raise DeadEnd
        return idiom(writer, choose(writer, fitting), focus)
    if writer.level >= 2 and chance < 0.42 and not writer.flat:
        return _branch(writer, focus)
    if writer.level >= 2 and chance < 0.5 and not writer.flat:
        _guard(writer, focus)
        return focus
    if chance < 0.75 or focus.kind in ("bool", "pair", "pairs", "groups", "strset", "any"):
        return _assign(writer, focus)
    return change(writer, focus, INDENT)


def _assign(writer: Writer, focus: Var) -> Var:
    """A new variable that is made from the focus."""
    kinds = [_Kind(kind, weight) for kind, weight in _NEXT.items() if 0 < writer.reach.get((kind, focus.kind), 99) <= 2]
    if not kinds:
        raise DeadEnd
    kind = pick_weighted(writer.random, kinds).name
    found = writer.expr(kind, focus)
    if found.text == focus.name or found.text.startswith("'"):
        raise DeadEnd
    var = Var(writer.new_name(kind, "new"), kind, found.low)
    writer.lines.append(f"{INDENT}{var.name} = {found.text}")
    return writer.put(var)


_NEXT = {"str": 4, "ints": 4, "strs": 3, "int": 3, "counts": 2, "tup": 0.75, "intset": 0.75}
_NEXT |= {"pairs": 0.5, "nested": 0.5, "anys": 1, "lookup": 0.75, "table": 0.5}


def _branch(writer: Writer, focus: Var) -> Var:
    """The focus is changed in one way or another."""
    writer.constructs.append("if")
    writer.lines.append(f"{INDENT}if {writer.expr('bool', focus).text}:")
    before = focus
    focus = change(writer, before, INDENT * 2)
    low = focus.low
    if writer.level >= 4 and writer.random.random() < 0.2:
        writer.lines.append(f"{INDENT}elif {writer.expr('bool', before).text}:")
        low = min(low, change(writer, before, INDENT * 2).low)
        writer.constructs.append("elif")
    if writer.random.random() < 0.65:
        writer.lines.append(f"{INDENT}else:")
        changed = writer.lines[-2]
        low = min(low, change(writer, before, INDENT * 2).low)
        if writer.lines[-1] == changed:
            raise DeadEnd
        writer.constructs.append("else")
    else:
        low = min(low, before.low)
    return writer.put(replace(focus, low=low))


_EMPTY = {"str": "''", "int": "0", "tup": "()"} | dict.fromkeys(("ints", "strs", "anys"), "[]")
_EMPTY |= dict.fromkeys(("counts", "lookup", "table", "names", "tally"), "{}")


def _guard(writer: Writer, focus: Var) -> None:
    """An early return."""
    empty = _EMPTY.get(focus.kind)
    if empty is None or any(" return " in line for line in writer.lines):
        raise DeadEnd
    writer.constructs.append("early return")
    writer.lines.append(f"{INDENT}if {writer.expr('bool', focus).text}:")
    value = pick(writer.random, (empty, focus.name, "-1", "False", repr(pick(writer.random, ("no", "none", "yes")))))
    if writer.random.random() < 0.4:
        value = writer.expr(focus.kind, focus).text
    writer.guard = value
    writer.lines.append(f"{INDENT * 2}return {value}")


def _return(writer: Writer, focus: Var) -> None:
    writer.lines.append(f"{INDENT}return {_result(writer, focus)}")
    given = writer.lines[-1].strip().removeprefix("return ")
    if given == writer.guard or (given == focus.name and not _is_changed(writer, focus.name)):
        raise DeadEnd


def _is_changed(writer: Writer, name: str) -> bool:
    """Is a variable made or changed anywhere, or is it an argument as it came?"""
    change = re.compile(
        rf"(?<!\w){name}(\[[^\]]*\])*( [-+*/%]*= |\.\w+\(|, \w+ = )|del {name}\[|, {name} = |for .*{name} in "
    )
    return any(change.search(line.partition(" == ")[0]) for line in writer.lines[:-1])


def _result(writer: Writer, focus: Var) -> str:
    chance = writer.random.random()
    if focus.kind == "strs" and chance < 0.45:
        writer.constructs.append("str.join")
        return f"{pick(writer.random, (chr(39) * 2, constant(writer.random, 'sep') or ''))}.join({focus.name})"
    plain = 0.25 if len(writer.lines) == 0 else 0.55
    if chance < plain:
        return focus.name
    if chance < plain + 0.06:
        others = [var for var in writer.scope if var.name != focus.name and var.name not in writer.hidden]
        if others:
            writer.constructs.append("tuple")
            pair = [focus.name, pick(writer.random, others).name]
            return ", ".join(pair if writer.random.random() < 0.6 else pair[::-1])
    kinds = [_Kind(kind, weight) for kind, weight in _RETURNED.items() if writer.reach.get((kind, focus.kind), 99) <= 2]
    kind = pick_weighted(writer.random, kinds).name if writer.random.random() < 0.5 and kinds else focus.kind
    return writer.expr(kind, focus).text


_RETURNED = {"str": 8, "ints": 4, "strs": 2, "int": 4, "bool": 4, "counts": 2, "tup": 1, "float": 1, "pairs": 0.5}
_RETURNED |= {"anys": 2, "lookup": 1, "table": 1, "names": 0.5, "tally": 0.5}


def _helper(random: Random, level: int) -> tuple[str, tuple[str, str, str], set[str]]:
    """A helper function: its text, its name with the kinds of its argument and value, and the names in it."""
    writer = Writer(random, level - 2, 1)
    takes = pick(random, ("str", "char", "int", "int", "ints"))
    gives = pick(random, {"str": ("str", "int"), "char": ("str",), "int": ("int",), "ints": ("int", "ints")}[takes])
    name = writer.new_name("helper")
    param = writer.put(replace(writer.new_param(takes), low=0))
    if random.random() < 0.5:
        writer.lines.append(f"{INDENT}if {writer.expr('bool', param).text}:")
        writer.lines.append(f"{INDENT * 2}return {writer.expr(gives, param).text}")
    found = writer.expr(gives, param)
    if found.text == param.name or writer.lines[-1:] == [f"{INDENT * 2}return {found.text}"]:
        raise DeadEnd
    writer.lines.append(f"{INDENT}return {found.text}")
    text = "\n".join([f"def {name}({param.name}):", *writer.lines]) + "\n\n"
    return text, (name, "str" if takes == "str" else takes, gives), writer.taken


def _finish(writer: Writer, helper: str, count: int) -> Draft:
    header = f"def f({', '.join(param.name for param in writer.params)}):"
    source = helper + "\n".join([header, *writer.lines])
    found = sorted(set(writer.constructs))
    features = {
        "difficulty": writer.level,
        "statements": len(writer.lines),
        "depth": max(len(line) - len(line.lstrip()) for line in writer.lines) // len(INDENT) - 1,
        "helper": bool(helper),
        "constructs": found,
        "types": [TYPES[param.kind] for param in writer.params],
    }
    random, params = writer.random, tuple(writer.params)
    style = quotes.choose(random)
    wanted = Wanted(tuple(writer.letters), tuple(writer.figures), found, writer.level, bool(writer.relied), style)
    return Draft(
        quotes.written(source, style, random),
        "f",
        lambda: calls(random, params, wanted, count),
        frozenset(writer.taken),
        features,
    )
