"""Write one program: a variable goes through changes, branches and loops to the value that is returned."""

import re
from collections.abc import Mapping
from random import Random

from codereasoner.grammar import quotes
from codereasoner.grammar.candidates import FAR, showing
from codereasoner.grammar.constructs import TYPES
from codereasoner.grammar.draft import Draft, Features, number, pick, pick_weighted
from codereasoner.grammar.expression_writer import DeadEnd, Helper, Spec, Var, Writer
from codereasoner.grammar.statement_writer import apply, change, choose, fitting_idioms, write_idiom
from codereasoner.grammar.templates import INDENT, Change, changes, constants
from codereasoner.grammar.values import Arguments, Wanted, draw_calls

LEVELS = (1, 2, 3, 4, 5)

STATEMENTS = {1: (0, 2), 2: (1, 3), 3: (1, 2), 4: (1, 2), 5: (1, 3)}
"""By level: how many steps lead from the first argument to the return; a loop is one step."""

HELPERS = 0.6
"""The share of programs at level 5 for which a helper is tried; mostly there is no good place to call it."""

_FIRST = {"str": 18, "ints": 6, "strs": 2, "counts": 1.5, "int": 1.25, "tup": 0.5, "intset": 0.5, "nested": 0.5}
_FIRST |= {"anys": 0.75, "lookup": 0.5, "table": 0.25, "names": 0.5, "tally": 0.75, "pairs": 0.25}
"""The kinds of the first argument, in about the proportions of CRUXEval; sets and tuples more often."""

_NEXT = {"str": 4, "ints": 4, "strs": 3, "int": 3, "counts": 2, "tup": 0.75, "intset": 0.75}
_NEXT |= {"pairs": 0.5, "nested": 0.5, "anys": 1, "lookup": 0.75, "table": 0.5}
"""The kinds of a new variable that is made from another one."""

_RETURNED = {"str": 8, "ints": 4, "strs": 2, "int": 4, "bool": 4, "counts": 2, "tup": 1, "float": 1, "pairs": 0.5}
_RETURNED |= {"anys": 2, "lookup": 1, "table": 1, "names": 0.5, "tally": 0.5}
"""The kinds of what is returned."""

_LEVEL_ONE = ("str", "ints", "int", "strs", "anys", "lookup", "table", "names")

_EMPTY = {"str": "''", "int": "0", "tup": "()"} | dict.fromkeys(("ints", "strs", "anys"), "[]")
_EMPTY |= dict.fromkeys(("counts", "lookup", "table", "names", "tally"), "{}")


def write_program(random: Random, spec: Spec, count: int) -> Draft:
    """Write one program with up to `count` calls."""
    while True:
        most = 1 if random.random() < 0.25 else 2 if random.random() < 0.75 else 3
        writer = Writer(random, spec, most)
        text = ""
        try:
            if spec.helper or (spec.level == 5 and random.random() < HELPERS):
                text = _write_helper(writer)
            _body(writer)
        except DeadEnd:
            continue
        if not text or "helper call" in writer.constructs:
            return _finish(writer, text, count)


def _body(writer: Writer) -> None:
    focus = writer.new_param(_first(writer))
    steps = number(writer.random, *STATEMENTS[writer.level])
    needs_loop = writer.level >= 3
    for index in range(steps):
        loop = needs_loop and (index == steps - 1 or writer.random.random() < 0.5)
        if loop:
            needs_loop = False
        focus = _tried(writer, focus, loop)
    construct = writer.spec.construct if writer.is_wanting() else ""
    if construct and showing(construct):
        _show(writer, focus)
    elif construct and (fitting := [each for each in changes() if construct in each.shows]):
        _show_change(writer, focus, pick(writer.random, fitting))
    else:
        _return(writer, focus)


def _show_change(writer: Writer, focus: Var, chosen: Change) -> None:
    """Write the last lines: the wanted construct changes a variable in place, which is then returned."""
    writer.most_params = max(2, writer.most_params)
    known = [focus] if focus.kind == chosen.kind else writer.visible(chosen.kind)
    var = pick(writer.random, known) if known else writer.new_param(chosen.kind)
    if var.low < chosen.needs:
        raise DeadEnd
    apply(writer, var, chosen, INDENT)
    other = focus.name != var.name and _is_changed(writer, focus.name)
    writer.lines.append(f"{INDENT}return {f'{focus.name}, {var.name}' if other else var.name}")


def _show(writer: Writer, focus: Var) -> None:
    """Write the last two lines: the wanted construct is shown, and its value is returned."""
    writer.most_params = max(2, writer.most_params)
    expression = pick(writer.random, showing(writer.spec.construct))
    found = writer.write_expression(expression, focus if writer.random.random() < 0.6 else None, 1)
    name = writer.new_name(expression.kind, "new")
    writer.lines.append(f"{INDENT}{name} = {found.text}")
    pair = f"{focus.name}, {name}"
    writer.lines.append(f"{INDENT}return {pair if _is_changed(writer, focus.name) else name}")


def _first(writer: Writer) -> str:
    """Return the kind of the first argument."""
    names = _LEVEL_ONE if writer.level == 1 else tuple(_FIRST)
    types = writer.spec.types
    owner = re.split(r"[. ]", writer.spec.construct)[0]
    if owner in types and writer.random.random() < 0.7:
        types = (owner,)
    fitting = [name for name in names if TYPES[name] in types]
    return pick_weighted(writer.random, {name: _FIRST[name] for name in fitting or names})


def _tried(writer: Writer, focus: Var, loop: bool) -> Var:
    """Write one step; lines that lead nowhere are taken back."""
    for _ in range(6):
        saved = writer.save()
        try:
            return _step(writer, focus, loop)
        except DeadEnd:
            writer.restore(saved)
    raise DeadEnd


def _step(writer: Writer, focus: Var, loop: bool) -> Var:
    spec, level = writer.spec, writer.level
    chance = writer.random.random()
    fitting = [] if spec.straight and not spec.construct else fitting_idioms(writer, focus)
    if spec.construct and level < 3:
        fitting = [each for each in fitting if each.depth == 0 and spec.construct in each.shows]
    if loop or (fitting and (level >= 3 or spec.construct) and chance < 0.25):
        if not fitting:
            raise DeadEnd
        return write_idiom(writer, choose(writer, fitting), focus)
    if level >= 2 and chance < 0.42 and not spec.straight:
        return _branch(writer, focus)
    if level >= 2 and chance < 0.5 and not spec.straight:
        _guard(writer, focus)
        return focus
    if chance < 0.75 or focus.kind in ("bool", "pair", "pairs", "groups", "strset", "any"):
        return _assign(writer, focus)
    return change(writer, focus, INDENT)


def _near(writer: Writer, kinds: Mapping[str, float], focus: Var, least: int) -> dict[str, float]:
    """Return the kinds of which a value can be made from the focus with one or two expressions, `least` of them."""
    return {kind: weight for kind, weight in kinds.items() if least <= writer.reach.get((kind, focus.kind), FAR) <= 2}


def _assign(writer: Writer, focus: Var) -> Var:
    """Write a new variable that is made from the focus."""
    kinds = _near(writer, _NEXT, focus, 1)
    if not kinds:
        raise DeadEnd
    kind = pick_weighted(writer.random, kinds)
    found = writer.expr(kind, focus)
    if found.text == focus.name or found.text.startswith("'"):
        raise DeadEnd
    var = Var(writer.new_name(kind, "new"), kind, found.low)
    writer.lines.append(f"{INDENT}{var.name} = {found.text}")
    return writer.put(var)


def _branch(writer: Writer, focus: Var) -> Var:
    """Write a branch in which the focus is changed in one way or another."""
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
    return writer.put(focus._replace(low=low))


def _guard(writer: Writer, focus: Var) -> None:
    """Write an early return."""
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
    """Return whether a variable is made or changed anywhere; else it is an argument as it came."""
    change = re.compile(
        rf"(?<!\w){name}(\[[^\]]*\])*( [-+*/%]*= |\.\w+\(|, \w+ = )|del {name}\[|, {name} = |for .*{name} in "
    )
    return any(change.search(line.partition(" == ")[0]) for line in writer.lines[:-1])


def _result(writer: Writer, focus: Var) -> str:
    chance = writer.random.random()
    if focus.kind == "strs" and chance < 0.45:
        writer.constructs.append("str.join")
        separator = pick(writer.random, constants()["sep"])
        return f"{pick(writer.random, (_EMPTY['str'], separator))}.join({focus.name})"
    plain = 0.25 if len(writer.lines) == 0 else 0.55
    if chance < plain:
        return focus.name
    if chance < plain + 0.06:
        others = [var for var in writer.scope if var.name != focus.name and var.name not in writer.hidden]
        if others:
            writer.constructs.append("tuple")
            pair = [focus.name, pick(writer.random, others).name]
            return ", ".join(pair if writer.random.random() < 0.6 else pair[::-1])
    kinds = _near(writer, _RETURNED, focus, 0)
    kind = pick_weighted(writer.random, kinds) if writer.random.random() < 0.5 and kinds else focus.kind
    return writer.expr(kind, focus).text


def _write_helper(program: Writer) -> str:
    """Write a helper function for a program to call."""
    random = program.random
    writer = Writer(random, Spec(program.level - 2), 1)
    takes = pick(random, ("str", "char", "int", "int", "ints"))
    gives = pick(random, {"str": ("str", "int"), "char": ("str",), "int": ("int",), "ints": ("int", "ints")}[takes])
    name = writer.new_name("helper")
    param = writer.put(writer.new_param(takes)._replace(low=0))
    if random.random() < 0.5:
        writer.lines.append(f"{INDENT}if {writer.expr('bool', param).text}:")
        writer.lines.append(f"{INDENT * 2}return {writer.expr(gives, param).text}")
    found = writer.expr(gives, param)
    if found.text == param.name or writer.lines[-1:] == [f"{INDENT * 2}return {found.text}"]:
        raise DeadEnd
    writer.lines.append(f"{INDENT}return {found.text}")
    program.helper = Helper(name, takes, gives)
    program.taken |= writer.taken
    program.entries += writer.entries
    return "\n".join([f"def {name}({param.name}):", *writer.lines]) + "\n\n"


def _finish(writer: Writer, helper: str, count: int) -> Draft:
    header = f"def f({', '.join(param.name for param in writer.params)}):"
    source = helper + "\n".join([header, *writer.lines])
    found = sorted(set(writer.constructs))
    features: Features = {
        "difficulty": writer.level,
        "statements": len(writer.lines),
        "depth": max(len(line) - len(line.lstrip()) for line in writer.lines) // len(INDENT) - 1,
        "helper": bool(helper),
        "constructs": found,
        "types": [TYPES[param.kind] for param in writer.params],
    }
    random, params = writer.random, tuple(writer.params)
    style = quotes.choose(random)
    wanted = Wanted(tuple(writer.letters), tuple(writer.figures), found, writer.level, bool(writer.relied))

    def values() -> list[object]:
        call = Arguments(random, wanted)
        return [call.value(param) for param in params]

    return Draft(
        quotes.written(source, style, random),
        "f",
        lambda: draw_calls(random, [param.name for param in params], values, style, count),
        frozenset(writer.taken),
        features,
        entries=frozenset(each.place for each in writer.entries),
    )
