"""Reads the tables of changes and idioms, and writes statements: changes, blocks and whole idioms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TypeVar

from codereasoner.grammar import changes as change_tables
from codereasoner.grammar import forms_mixed, idioms_data, idioms_text
from codereasoner.grammar.draft import pick, pick_weighted
from codereasoner.grammar.forms import ACCEPTS, HOLE, UNKNOWN, constructs, is_pure, parse_hole
from codereasoner.grammar.writer import DeadEnd, Var, Writer

INDENT = "    "
C = TypeVar("C", "Change", "Idiom")


@dataclass(frozen=True)
class Change:
    """A statement that changes a variable, or one that an accumulator is updated with."""

    kind: str
    weight: float
    level: int
    template: str
    shift: int = 0  # what becomes of the least length

    @property
    def needs(self) -> int:
        """The least length at which the statement cannot fail, and leaves something over."""
        return 2 if self.shift == -1 else 1 if re.search(r"\$s\[-?[01]\]|m..\(\$s", self.template) else UNKNOWN


@dataclass(frozen=True)
class Idiom:
    """Several statements that belong together, mostly a loop."""

    reads: str
    low: int
    weight: float
    level: int
    result: str  # the kind of $r; "" when $s is changed
    names: Mapping[str, str] = field(hash=False)  # the other template names: "c": "char", "e": "char=$s[$i]"
    lines: tuple[str, ...]

    @property
    def depth(self) -> int:
        """How deep its own control flow is."""
        return max(len(line) - len(line.lstrip()) for line in self.lines) // len(INDENT)


@cache
def changes() -> tuple[Change, ...]:
    """What may be done to a variable in place."""
    return tuple(_read_changes(change_tables.CHANGES + forms_mixed.CHANGES))


@cache
def updates() -> tuple[Change, ...]:
    """What an accumulator may be updated with."""
    return tuple(_read_changes(change_tables.UPDATES + forms_mixed.UPDATES))


@cache
def all_idioms() -> tuple[Idiom, ...]:
    """The idioms, in the order of their table."""
    tables = (idioms_text.IDIOMS, idioms_data.IDIOMS, forms_mixed.IDIOMS)
    return tuple(_read_idiom(block) for table in tables for block in table.strip().split("\n\n"))


def change(writer: Writer, var: Var, indent: str, reassign: float = 0.4) -> Var:
    """Write one statement that changes a variable; what it is afterwards.

    Raises:
        DeadEnd: there is no such statement.
    """
    fitting = [each for each in _of_level(writer, changes()) if each.kind == var.kind and var.low >= each.needs]
    if not fitting or writer.random.random() < (0.85 if var.kind in ("str", "int") else reassign):
        found = writer.expr(var.kind, var)
        if found.text == var.name:
            raise DeadEnd
        writer.lines.append(f"{indent}{var.name} = {found.text}")
        return writer.put(replace(var, low=found.low))
    return apply(writer, var, choose(writer, fitting), indent)


def apply(writer: Writer, var: Var, chosen: Change, indent: str) -> Var:
    """Write the statement of a change; what the variable is afterwards."""
    if chosen.needs > 0:
        writer.relied.append(chosen.needs)
    writer.hidden.add(var.name)
    _write_line(writer, chosen.template, {"s": var}, indent)
    writer.hidden.discard(var.name)
    low = var.low + chosen.shift if chosen.shift > -9 else UNKNOWN if var.kind == "int" else 0
    return writer.put(replace(var, low=low))


def update(writer: Writer, result: Var, about: Var, indent: str) -> None:
    """Write one statement by which an accumulator takes in what a loop is about."""
    fitting = [each for each in _of_level(writer, updates()) if each.kind == result.kind]
    if not fitting:
        raise DeadEnd
    chosen = choose(writer, fitting)
    hidden = set(writer.hidden)
    if writer.random.random() < 0.85:  # a whole string or list in every pass makes values too long to follow
        writer.hidden |= {var.name for var in writer.scope if var.kind in ("str", "strs", "ints", "nested")}
        writer.hidden.discard(about.name)
    _write_line(writer, chosen.template, {"r": result, "c": about}, indent)
    writer.hidden = hidden


def block(writer: Writer, result: Var, about: Var, indent: str, depth: int = 0) -> None:
    """Write the body of a loop: updates of the result, plain or in branches and inner loops."""
    chance = writer.random.random()
    deeper = indent + INDENT
    if writer.deep and depth == 0:
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
        block(writer, result, replace(about, low=0), indent, depth + 1)
    elif chance < 0.88 and writer.level >= 4:
        _inner_loop(writer, result, about, indent, depth)
    elif chance < 0.94:
        update(writer, result, about, indent)
        update(writer, result, about, indent)
    else:
        update(writer, result, about, indent)


def idiom(writer: Writer, chosen: Idiom, var: Var) -> Var:
    """Write an idiom about a variable; the variable that now holds its outcome."""
    names: dict[str, Var] = {"s": var}
    result = Var(writer.new_name(chosen.result, "new"), chosen.result, 0) if chosen.result else var
    names["r"] = result
    aliases = {}
    for short, kind in chosen.names.items():
        kind, _, text = kind.partition("=")
        if text:
            aliases[short] = (kind, text)
        else:
            names[short] = Var(writer.new_name(kind, _role(short, kind)), kind, int(kind == "char"))
    for short, (kind, text) in aliases.items():
        names[short] = Var(_filled(writer, text, names), kind, 1 if kind == "char" else UNKNOWN if kind == "int" else 0)
    before, hidden = list(writer.scope), set(writer.hidden)
    writer.hidden |= {result.name} if chosen.result else {var.name}
    if chosen.low:
        writer.relied.append(chosen.low)
    writer.loop_over = var.name
    writer.in_while = any(line.startswith("while") for line in chosen.lines)
    for line in chosen.lines:
        _idiom_line(writer, line, names)
    params = [each for each in writer.params if each not in before]
    writer.scope, writer.hidden = before + params, hidden
    if any(re.search(r"\$s( =|\.pop|\.remove|\[| -=| //=)|del \$s", line) for line in chosen.lines):
        writer.put(replace(var, low=UNKNOWN if var.kind == "int" else 0))
    return writer.put(replace(result, low=UNKNOWN if result.kind == "int" else 0))


def _idiom_line(writer: Writer, line: str, names: Mapping[str, Var]) -> None:
    code = line.lstrip()
    indent = INDENT + line[: len(line) - len(code)]
    if code.startswith("block "):
        _, result, about = code.split()
        block(writer, names[result], names[about], indent)
        return
    _write_line(writer, code, names, indent)
    for short in re.findall(r"\$(\w)", code.partition(" in ")[0] if code.startswith("for ") else code):
        if names[short].name not in {each.name for each in writer.scope}:
            writer.scope.append(names[short])


def _write_line(writer: Writer, template: str, names: Mapping[str, Var], indent: str) -> None:
    writer.constructs.extend(_of_line(template, {short: var.kind for short, var in names.items()}))
    writer.lines.append(indent + _filled(writer, template, names))


def _filled(writer: Writer, template: str, names: Mapping[str, Var]) -> str:
    """A template with its holes written and its names put in."""

    def write(match: re.Match[str]) -> str:
        hole = parse_hole(match)
        must = names[hole.mention] if hole.mention else None
        iterated = template.startswith("for ") and template[: match.start()].endswith(" in ")
        return writer.fill(replace(hole, mention="", iterated=iterated), must)

    text = HOLE.sub(write, template)
    return re.sub(r"\$(\w)", lambda match: names[match.group(1)].name, text)


def _condition(writer: Writer, about: Var, indent: str, word: str) -> None:
    writer.constructs.append(word)
    test = writer.expr("bool", about).text
    _, member, container = test.partition(
        f"{about.name} in " if f"{about.name} in " in test else f"{about.name} not in "
    )
    if member and writer.loop_over in container:
        raise DeadEnd  # what a loop goes over holds each of its items
    writer.lines.append(f"{indent}{word} {test}:")


def _short_update(writer: Writer, result: Var, about: Var, indent: str, depth: int) -> None:
    if depth == 0 and (writer.deep or (writer.level >= 5 and writer.random.random() < 0.35)):
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
    """A loop in a loop: over the parts of what the outer one is about, or over something else."""
    if about.kind not in ("str", "char", "int", "ints"):
        raise DeadEnd
    kind = {"str": "char", "char": "char", "int": "int", "ints": "int"}[about.kind]
    inner = Var(writer.new_name(kind, "each"), kind, 0)
    if about.kind == "str":
        over = about.name
    elif about.kind == "int" and writer.random.random() < 0.4:
        over = f"range({pick(writer.random, ('2', '3'))})"
    else:
        over = writer.expr("str" if kind == "char" else "ints", about if about.kind == "ints" else None).text
    writer.constructs.append("inner for")
    writer.lines.append(f"{indent}for {inner.name} in {over}:")
    writer.scope.append(inner)
    if about.kind in ("char", "int"):
        writer.lines.append(
            f"{indent}{INDENT}if {about.name} {pick(writer.random, ('==', '<', '!=', '>'))} {inner.name}:"
        )
        _short_update(writer, result, pick(writer.random, (about, inner)), indent + 2 * INDENT, 1)
    else:
        block(writer, result, inner, indent + INDENT, depth + 1)
    writer.scope.remove(inner)


def _of_line(template: str, kinds: Mapping[str, str]) -> tuple[str, ...]:
    holes = re.sub(r"\$(\w)", lambda match: f"{{{kinds[match.group(1)]}!}}", template)
    return _of_template(re.sub(r"~\w\}", "}", holes))


@cache
def _of_template(template: str) -> tuple[str, ...]:
    """The constructs of a statement, whose names are written as holes."""
    words = [word for word in ("for", "while", "if", "else", "elif", "try", "del") if re.match(rf"{word}\b", template)]
    return (*words, *constructs(template.replace(" in ", " of ") if words == ["for"] else template))


def _role(short: str, kind: str) -> str:
    return "index" if kind == "int" and short in "ij" else "each"


def _read_changes(table: str) -> Iterator[Change]:
    for line in filter(None, table.split("\n")):
        head, _, template = line.partition(" | ")
        kind, weight, level, *shift = head.split()
        yield Change(kind, float(weight), int(level), template, int(shift[0]) if shift else 0)


def _read_idiom(text: str) -> Idiom:
    head, *lines = text.rstrip("\n").split("\n")
    left, _, right = head.partition(" >")
    reads, weight, level = left.split()
    result, _, others = right.partition(";")
    names = dict(other.split(":", 1) for other in others.split())
    kind, _, low = reads.partition(">")
    return Idiom(kind, int(low or 0), float(weight), int(level), result.strip().removeprefix("r:"), names, tuple(lines))


def fitting_idioms(writer: Writer, var: Var) -> list[Idiom]:
    """The idioms that may be about this variable."""
    return [each for each in _of_level(writer, _idioms_about(var.kind)) if not each.low or var.low >= each.low]


def choose(writer: Writer, items: Sequence[C]) -> C:
    """One of the changes or idioms by weight, mostly one that shows the wanted construct where there is one."""
    wanted = [each for each in items if writer.wanted in shown_by(each)] if writer.wanted else []
    return pick_weighted(writer.random, wanted if wanted and writer.random.random() < 0.6 else items)


@cache
def _idioms_about(kind: str) -> tuple[Idiom, ...]:
    return tuple(each for each in all_idioms() if kind in ACCEPTS.get(each.reads, (each.reads,)))


def _of_level(writer: Writer, items: Iterable[C]) -> list[C]:
    return [
        each
        for each in items
        if (each.level <= writer.level or writer.wanted in shown_by(each))
        and (not writer.pure or is_pure(shown_by(each), writer.wanted))
    ]


@cache
def shown_by(item: Change | Idiom) -> frozenset[str]:
    """The constructs of a change or an idiom."""
    if isinstance(item, Change):
        return frozenset(_of_line(item.template, {"s": item.kind, "r": item.kind, "c": "str"}))
    kinds = {short: kind.partition("=")[0] for short, kind in item.names.items()}
    kinds |= {"s": item.reads, "r": item.result or item.reads}
    return frozenset(name for line in item.lines for name in _of_line(line.strip(), kinds))
