"""The constraint grid of CodeReasoner (arXiv:2507.17548): a construct, and one of six configurations, easy to hard."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from codereasoner.grammar.constructs import is_pure
from codereasoner.grammar.expression_writer import Spec
from codereasoner.grammar.templates import changes, expressions, idioms, updates
from codereasoner.records import Facts, content_id


@dataclass(frozen=True)
class Configuration:
    """Nested control flow of a depth, and a helper function or none.

    In the first configuration there are no methods but the construct's own.
    """

    level: int  # the difficulty of the grammar that reaches it best
    difficulties: range  # those that can reach it
    depth: int
    helper: bool = False
    pure: bool = False

    def spec(self, level: int | None, types: Sequence[str], construct: str) -> Spec:
        """Return the program of the grammar that is wanted, of another difficulty where one is given."""
        straight, nested = self.depth == 0, self.depth == 3
        return Spec(level or self.level, types, construct, nested, self.helper, straight, self.pure)


CONFIGURATIONS = {
    1: Configuration(2, range(1, 3), 0, pure=True),
    2: Configuration(2, range(1, 3), 0),
    3: Configuration(3, range(2, 6), 1),
    4: Configuration(4, range(3, 6), 2),
    5: Configuration(5, range(3, 6), 3),
    6: Configuration(5, range(3, 6), 3, helper=True),
}

_TYPES = {
    "str": (
        "capitalize casefold center count encode endswith expandtabs find format format_map index isalnum isalpha"
        " isascii isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper join ljust lower"
        " lstrip maketrans partition removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip"
        " split splitlines startswith strip swapcase title translate upper zfill",
        "+ * % in == != < [i] [:]",
    ),
    "list": ("append clear copy count extend index insert pop remove reverse sort", "+ * in == != < [i] [:]"),
    "dict": ("clear copy fromkeys get items keys pop popitem setdefault update values", "in == | [i]"),
    "set": (
        "add clear copy difference difference_update discard intersection intersection_update isdisjoint issubset"
        " issuperset pop remove symmetric_difference symmetric_difference_update union update",
        "in == <= & | - ^",
    ),
    "tuple": ("count index", "+ * in == < [i] [:]"),
    "float": ("as_integer_ratio conjugate fromhex hex is_integer", "+ - * / // % ** == <"),
    "int": (
        "as_integer_ratio bit_count bit_length conjugate from_bytes to_bytes",
        "+ - * / // % ** == != < <= > >= & | ^ << >>",
    ),
}
_BUILT_INS = "enumerate filter range reversed zip sorted map any all sum min max len"


@dataclass(frozen=True)
class Cell:
    """A cell of the grid: a construct, such as "str.replace", "list [:]" or "zip", and a configuration of 1 to 6."""

    construct: str
    configuration: int

    def __str__(self) -> str:
        return f"{self.construct}/{self.configuration}"


@cache
def targets() -> tuple[str, ...]:
    """Return the constructs of the grid: methods, operators and subscripts of seven types, and free built-ins."""
    found = []
    for owner, (methods, signs) in _TYPES.items():
        found += [f"{owner}.{method}" for method in methods.split()]
        found += [f"{owner}{sign}" if sign.startswith("[") else f"{owner} {sign}" for sign in signs.split()]
    return (*found, *_BUILT_INS.split())


@cache
def cells() -> tuple[Cell, ...]:
    """Return every cell of the grid: each target in each of the six configurations."""
    return tuple(Cell(target, configuration) for target in targets() for configuration in CONFIGURATIONS)


@cache
def shuffled() -> tuple[Cell, ...]:
    """Return the cells in the order in which authors go through them, shuffled the same way on every machine."""
    return tuple(sorted(cells(), key=lambda cell: content_id("cell", cell.construct, cell.configuration)))


def described(target: str) -> str:
    """Describe a target in words, for a prompt."""
    owner, dot, method = target.partition(".")
    if dot:
        return f"the method `{owner}.{method}`"
    owner, space, sign = target.partition(" ")
    if space:
        return f"the operator `{sign}` on values of type `{owner}`"
    if "[" in target:
        return f"{'slices' if ':' in target else 'single items'} of values of type `{target.partition('[')[0]}`"
    return f"the built-in function `{target}`"


@cache
def constructs() -> tuple[str, ...]:
    """Return every construct the grammar can show: methods with their type, operators, subscripts, built-ins."""
    entries = (*(each for items in expressions().values() for each in items), *changes(), *updates(), *idioms())
    return tuple(sorted({name for each in entries for name in each.shows}))


def is_in_cell(features: Facts, construct: str, configuration: int | None) -> bool:
    """Return whether a program with these features is of a cell; "" and None are any construct and configuration."""
    if construct and construct not in features["constructs"]:
        return False
    if configuration is None:
        return True
    wanted = CONFIGURATIONS[configuration]
    if features["depth"] != wanted.depth and not (wanted.depth == 3 and features["depth"] > 3):
        return False
    if wanted.pure and not is_pure(features["constructs"], construct):
        return False
    return bool(features["helper"]) is wanted.helper
