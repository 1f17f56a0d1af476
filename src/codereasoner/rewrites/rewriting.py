"""Rewrite a program so that it means the same: the kinds by name, the new text, and where each old line went.

A kind works on the syntax tree, so a rewritten program has the standard layout and none of its former comments; only
new comments are added to the text as it is. Static rules refuse what could change the meaning on a path that no call
takes; `proof.py` then runs both programs.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeAlias

from codereasoner.curation.canonical import unparse
from codereasoner.errors import UnknownName
from codereasoner.records import content_id
from codereasoner.rewrites.commuting import commute
from codereasoner.rewrites.comprehensions import convert_comprehensions
from codereasoner.rewrites.conditions import reformat_conditions
from codereasoner.rewrites.inlining import inline_helpers
from codereasoner.rewrites.insertions import (
    add_dead_code,
    add_misleading_comments,
    add_misleading_hint,
    add_misleading_prints,
)
from codereasoner.rewrites.layout import change_layout
from codereasoner.rewrites.loops import convert_loops, reroll, unroll
from codereasoner.rewrites.renaming import rename_misleadingly, rename_randomly
from codereasoner.rewrites.rewrite_draft import Draft, Unfit
from codereasoner.rewrites.scopes import looks_at_itself
from codereasoner.steps.source import parse_any, parse_source, walk

Kind: TypeAlias = Callable[[Draft], None]
"""Changes a draft in place, or raises Unfit."""

KINDS: Mapping[str, Kind] = {
    "rename": rename_randomly,
    "rename-misleading": rename_misleadingly,
    "reformat": change_layout,
    "conditions": reformat_conditions,
    "dead-code": add_dead_code,
    "misleading-comments": add_misleading_comments,
    "misleading-prints": add_misleading_prints,
    "misleading-hint": add_misleading_hint,
    "unroll": unroll,
    "reroll": reroll,
    "for-while": convert_loops,
    "comprehensions": convert_comprehensions,
    "inline": inline_helpers,
    "commute": commute,
}


@dataclass(frozen=True)
class Rewritten:
    """A rewritten program; the entry keeps its name."""

    source: str
    lines: Mapping[int, tuple[int, ...]] = field(default_factory=dict)  # old line -> lines where its statement is now
    names: Mapping[str, str] = field(default_factory=dict)  # old name -> new name

    def then(self, later: Rewritten) -> Rewritten:
        """Return both rewrites as one."""
        lines = {
            old: tuple(line for each in now for line in later.lines.get(each, ())) for old, now in self.lines.items()
        }
        names = {old: later.names.get(new, new) for old, new in self.names.items()}
        return Rewritten(later.source, lines, {**later.names, **names})


_LATE = ("reformat", "misleading-comments", "misleading-hint")
"""The kinds that come last: the others write the program again, without its layout and comments."""


def in_order(kinds: Sequence[str]) -> tuple[str, ...]:
    """Return kinds in the order in which they are made: as given, but layout and then comments last."""
    for kind in kinds:
        if kind not in KINDS:
            raise UnknownName("rewrite", kind, KINDS)
    return tuple(sorted(dict.fromkeys(kinds), key=lambda kind: _LATE.index(kind) if kind in _LATE else -1))


def rewrite(
    kind: str, source: str, entry: str, calls: Sequence[str] = (), seed: str = "", value: str = ""
) -> Rewritten:
    """Return the program after one kind of rewrite; the same arguments give the same text.

    calls: argument sources of calls that must stay possible, by position and by keyword. value: what the first call
    returns, for the kinds that write something wrong about it.

    Raises:
        Unfit: this kind changes nothing in this program, or could change its meaning; the message is the reason.
    """
    in_order([kind])
    tree = parse_source(source)
    if tree is None:
        raise Unfit("the program is not Python, or cannot be written again")
    if name := looks_at_itself(tree):
        raise Unfit(f"the program looks at its own code or names ({name})")
    own = parse_any.__wrapped__(source)  # an unshared tree; a copy takes four times as long
    assert own is not None
    draft = Draft(source, own, entry, tuple(calls), value, Random(f"{kind}/{seed}/{content_id(source)}"))
    for node in walk(draft.tree):
        if isinstance(node, ast.stmt | ast.ExceptHandler):
            node.origin = node.lineno  # type: ignore[union-attr]
    KINDS[kind](draft)
    return _finished(draft)


def _finished(draft: Draft) -> Rewritten:
    """Write the changed tree, and find each statement again in the new text."""
    ast.fix_missing_locations(draft.tree)
    written = draft.source if draft.keeps_text else unparse(draft.tree) + "\n"
    for change in draft.on_text:
        written = change(written)
    try:
        again = ast.parse(written)
        compile(written, "<rewritten>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError):
        raise Unfit("the rewritten program is not Python") from None
    if ast.dump(again) != ast.dump(draft.tree):
        raise Unfit("the program cannot be written back as it is")
    if written.strip() == draft.source.strip():
        raise Unfit("nothing to rewrite")
    lines: dict[int, list[int]] = {}
    for node, new in zip(walk(draft.tree), walk(again), strict=True):
        if (origin := getattr(node, "origin", 0)) and isinstance(new, ast.stmt | ast.ExceptHandler):
            places = lines.setdefault(origin, [])
            if new.lineno not in places:
                places.append(new.lineno)
    return Rewritten(written, {line: tuple(sorted(places)) for line, places in lines.items()}, draft.names)
