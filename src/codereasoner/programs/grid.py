"""The constraint grid of CodeReasoner (arXiv:2507.17548): a construct, and one of six configurations, easy to hard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from codereasoner.programs.forms import forms
from codereasoner.programs.statements import all_idioms, changes, shown_by, updates


@dataclass(frozen=True)
class Configuration:
    """What a program of a configuration has: nested control flow of a depth, and a helper function or none.

    In the first one there are no methods but the construct's own.
    """

    level: int  # the difficulty of the grammar that reaches it
    depth: int
    helper: bool = False


CONFIGURATIONS = {
    1: Configuration(2, 0),
    2: Configuration(2, 0),
    3: Configuration(3, 1),
    4: Configuration(4, 2),
    5: Configuration(5, 3),
    6: Configuration(5, 3, helper=True),
}


_BROUGHT = "str.maketrans"  # `translate` needs it


@cache
def constructs() -> tuple[str, ...]:
    """Every construct the grammar can show: methods with their type, operators, subscripts, built-in functions."""
    found = {name for items in forms().values() for form in items for name in form.names}
    for each in (*changes(), *updates(), *all_idioms()):
        found |= shown_by(each)
    return tuple(sorted(found))


def is_in_cell(features: Mapping[str, Any], construct: str, configuration: int | None) -> bool:
    """Does a program with these features belong to a cell? `""` and None stand for any construct and configuration."""
    if construct and construct not in features["constructs"]:
        return False
    if configuration is None:
        return True
    wanted = CONFIGURATIONS[configuration]
    if features["depth"] != wanted.depth and not (wanted.depth == 3 and features["depth"] > 3):
        return False
    if configuration == 1 and any("." in name and name not in (construct, _BROUGHT) for name in features["constructs"]):
        return False
    return bool(features["helper"]) is wanted.helper
