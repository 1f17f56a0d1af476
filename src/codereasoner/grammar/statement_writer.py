"""Write statements from the tables: changes of a variable, the blocks of loops, and whole idioms."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from codereasoner.grammar.candidates import ACCEPTS
from codereasoner.grammar.constructs import is_pure
from codereasoner.grammar.draft import pick, pick_weighted
from codereasoner.grammar.expression_writer import DeadEnd, Var, Writer
from codereasoner.grammar.templates import INDENT, UNKNOWN, Change, Code, Entry, Idiom, changes, idioms, updates

E = TypeVar("E", bound=Entry)


def fitting_idioms(writer: Writer, var: Var) -> list[Idiom]:
    """Return the idioms that can be about this variable."""
    return [each for each in _allowed(writer, _idioms_about, var.kind) if not each.low or var.low >= each.low]


def choose(writer: Writer, items: Sequence[E]) -> E:
    """Choose one of the entries by weight, mostly one that shows the wanted construct where there is one."""
    construct = writer.spec.construct
    wanted = [each for each in items if construct in each.shows] if construct else []
    found = wanted if wanted and writer.random.random() < 0.6 else items
    return pick_weighted(writer.random, {each: each.weight for each in found})


def change(writer: Writer, var: Var, indent: str) -> Var:
    """Write one statement that changes a variable, and return the variable as it is afterwards.

    Raises:
        DeadEnd: there is no such statement.
    """
    fitting = [each for each in _allowed(writer, _changes_of, var.kind) if var.low >= each.needs]
    if not fitting or writer.random.random() < (0.85 if var.kind in ("str", "int") else 0.4):
        found = writer.expr(var.kind, var)
        if found.text == var.name:
            raise DeadEnd
        writer.lines.append(f"{indent}{var.name} = {found.text}")
        return writer.put(var._replace(low=found.low))
    return apply(writer, var, choose(writer, fitting), indent)


def apply(writer: Writer, var: Var, chosen: Change, indent: str) -> Var:
    """Write the statement of a change, and return the variable as it is afterwards."""
    if chosen.needs > 0:
        writer.relied.append(chosen.needs)
    writer.hidden.add(var.name)
    _write_line(writer, chosen, chosen.code, {"s": var}, indent)
    writer.hidden.discard(var.name)
    return writer.put(var._replace(low=_unknown(var.kind) if chosen.shift is None else var.low + chosen.shift))


def update(writer: Writer, result: Var, about: Var, indent: str) -> None:
    """Write one statement by which an accumulator takes in what a loop is about."""
    fitting = _allowed(writer, _updates_of, result.kind)
    if not fitting:
        raise DeadEnd
    chosen = choose(writer, fitting)
    hidden = set(writer.hidden)
    if writer.random.random() < 0.85:  # a whole string or list in every pass makes values too long to follow
        writer.hidden |= {var.name for var in writer.scope if var.kind in ("str", "strs", "ints", "nested")}
        writer.hidden.discard(about.name)
    _write_line(writer, chosen, chosen.code, {"r": result, "c": about}, indent)
    writer.hidden = hidden


def block(writer: Writer, result: Var, about: Var, indent: str, depth: int = 0) -> None:
    """Write the body of a loop: updates of the result, plain or in branches and inner loops."""
    chance = writer.random.random()
    deeper = indent + INDENT
    if writer.spec.nested and depth == 0:
        chance = 0.3 + chance / 4
    if writer.level < 3 or depth >= 2 or chance < 0.3:
        update(writer, result, about, indent)
        copies = writer.lines[-1].strip() in (f"{result.name}.append({about.name})", f"{result.name} += {about.name}")
        if copies and depth == 0 and result.kind != "int" and writer.random.random() < 0.75:
            raise DeadEnd  # a loop that only copies
    elif chance < 0.62 or depth == 1:
        _condition(writer, about, indent, "if")
        _short_update(writer, result, about, deeper, depth)
        if writer.random.random() < 0.35:
            _else(writer, result, about, indent)
    elif chance < 0.68 and not writer.in_while:
        _condition(writer, about, indent, "if")
        writer.lines.append(deeper + pick(writer.random, ("continue", "continue", "break")))
        update(writer, result, about, indent)
    elif chance < 0.78:
        found = writer.expr(about.kind, about)
        if found.text == about.name or "[" in about.name:
            raise DeadEnd
        writer.lines.append(f"{indent}{about.name} = {found.text}")
        block(writer, result, about._replace(low=0), indent, depth + 1)
    elif chance < 0.88 and writer.level >= 4:
        _inner_loop(writer, result, about, indent, depth)
    else:
        update(writer, result, about, indent)
        if chance < 0.94:
            update(writer, result, about, indent)


def write_idiom(writer: Writer, chosen: Idiom, var: Var) -> Var:
    """Write an idiom about a variable, and return the variable that holds its outcome."""
    result = Var(writer.new_name(chosen.result, "new"), chosen.result) if chosen.result else var
    names = {"s": var, "r": result}
    for short, kind in chosen.names.items():
        role = "index" if kind == "int" and short in "ij" else "each"
        names[short] = Var(writer.new_name(kind, role), kind, int(kind == "char"))
    for short, (kind, code) in chosen.aliases.items():
        names[short] = Var(_filled(writer, code, names), kind, 1 if kind == "char" else _unknown(kind))
    before, hidden = list(writer.scope), set(writer.hidden)
    writer.hidden.add(result.name)
    if chosen.low:
        writer.relied.append(chosen.low)
    writer.loop_over = var.name
    writer.in_while = chosen.is_while
    for line in chosen.lines:
        if line.code is None:
            block(writer, names[line.names[0]], names[line.names[1]], line.indent)
            continue
        _write_line(writer, chosen, line.code, names, line.indent)
        known = {each.name for each in writer.scope}
        writer.scope += [names[short] for short in dict.fromkeys(line.names) if names[short].name not in known]
    params = [each for each in writer.params if each not in before]
    writer.scope, writer.hidden = before + params, hidden
    if chosen.spends:
        writer.put(var._replace(low=_unknown(var.kind)))
    return writer.put(result._replace(low=_unknown(result.kind)))


def _idioms_about(kind: str) -> list[Idiom]:
    return [each for each in idioms() if kind in ACCEPTS.get(each.kind, (each.kind,))]


def _changes_of(kind: str) -> list[Change]:
    return [each for each in changes() if each.kind == kind]


def _updates_of(kind: str) -> list[Change]:
    return [each for each in updates() if each.kind == kind]


def _allowed(writer: Writer, entries: Callable[[str], list[E]], kind: str) -> Sequence[E]:
    """Return the entries of a kind and the program's level, and those that show the wanted construct."""
    return _of_level(entries, kind, writer.spec.level, writer.spec.construct, writer.spec.pure)


@cache
def _of_level(entries: Callable[[str], list[Any]], kind: str, level: int, construct: str, pure: bool) -> Sequence[Any]:
    return [
        each
        for each in entries(kind)
        if (each.level <= level or construct in each.shows) and (not pure or is_pure(each.shows, construct))
    ]


def _unknown(kind: str) -> int:
    """Return the least length or value of a variable of which nothing is known."""
    return UNKNOWN if kind == "int" else 0


def _write_line(writer: Writer, entry: Entry, code: Code, names: Mapping[str, Var], indent: str) -> None:
    writer.lines.append(indent + _filled(writer, code, names))
    writer.use(entry, code.shows)


def _filled(writer: Writer, code: Code, names: Mapping[str, Var]) -> str:
    """Return a template with its holes and names filled in."""
    parts = [writer.fill(hole, names.get(hole.mention)) for hole in code.holes]
    return code.filled(parts, {short: var.name for short, var in names.items()})


def _condition(writer: Writer, about: Var, indent: str, word: str) -> None:
    writer.constructs.append(word)
    test = writer.expr("bool", about).text
    sign = "in" if f"{about.name} in " in test else "not in"
    _, member, container = test.partition(f"{about.name} {sign} ")
    if member and writer.loop_over in container:
        raise DeadEnd  # the collection that a loop iterates over holds each of its items
    writer.lines.append(f"{indent}{word} {test}:")


def _short_update(writer: Writer, result: Var, about: Var, indent: str, depth: int) -> None:
    if depth == 0 and (writer.spec.nested or (writer.level >= 5 and writer.random.random() < 0.35)):
        block(writer, result, about, indent, 1)
    elif result.kind == "int" and writer.random.random() < 0.5:
        writer.lines.append(f"{indent}{result.name} += 1")
    else:
        update(writer, result, about, indent)


def _else(writer: Writer, result: Var, about: Var, indent: str) -> None:
    if writer.random.random() < 0.3:
        _condition(writer, about, indent, "elif")
        update(writer, result, about, indent + INDENT)
    if writer.random.random() < 0.8:
        writer.constructs.append("else")
        writer.lines.append(f"{indent}else:")
        before = writer.lines[-2]
        update(writer, result, about, indent + INDENT)
        if writer.lines[-1] == before:
            raise DeadEnd


def _inner_loop(writer: Writer, result: Var, about: Var, indent: str, depth: int) -> None:
    """Write a loop in a loop: over the parts of what the outer one is about, or over something else."""
    kind = {"str": "char", "char": "char", "int": "int", "ints": "int"}.get(about.kind)
    if kind is None:
        raise DeadEnd
    random = writer.random
    inner = Var(writer.new_name(kind, "each"), kind, 0)
    if about.kind == "str":
        over = about.name
    elif about.kind == "int" and random.random() < 0.4:
        over = f"range({pick(random, ('2', '3'))})"
    else:
        over = writer.expr("str" if kind == "char" else "ints", about if about.kind == "ints" else None).text
    writer.constructs.append("inner for")
    writer.lines.append(f"{indent}for {inner.name} in {over}:")
    writer.scope.append(inner)
    deeper = indent + INDENT
    if about.kind in ("char", "int"):
        writer.lines.append(f"{deeper}if {about.name} {pick(random, ('==', '<', '!=', '>'))} {inner.name}:")
        _short_update(writer, result, pick(random, (about, inner)), deeper + INDENT, 1)
    else:
        block(writer, result, inner, deeper, depth + 1)
    writer.scope.remove(inner)
