"""A live function is traced with what it uses, as people write modules and notebooks."""

from __future__ import annotations

import importlib
import linecache
import re
import sys
from collections.abc import Callable, Iterator
from functools import singledispatch
from types import ModuleType

import pytest

import codereasoner as cr
from codereasoner.errors import ConfigError
from codereasoner.function_source import names_read, source_of

HELPERS = """
import re
from decimal import Decimal as D
NUMBER = re.compile("[0-9]+")
PRICE = D("1.50")
SCALE = 2
def grow(x): return x * SCALE
class Box:
    def __init__(self, x): self.x = grow(x)
"""

MODULE = """
from __future__ import annotations
import email.utils
import logging
import os.path as paths
import re
import string
from collections import Counter, namedtuple
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache, partial, wraps
from decimal import Decimal
from math import floor
from typing import TYPE_CHECKING, Callable, Dict, List, Optional, TypeVar, cast as typed
from shop_helpers import NUMBER, PRICE as COST
from shop_helpers import Box, PRICE
if TYPE_CHECKING:
    from nowhere import Nothing

T = TypeVar("T")
LOG = logging.getLogger(__name__)
Table = Dict[str, int]
EMPTY = object()
SEEN = Counter()
double = lambda x: 2 * x
largest = partial(max, 3)
Point = namedtuple("Point", "x y")
value, other = object(), object()
try:
    LIMIT = frozenset({3})
except ValueError:
    LIMIT = frozenset()

class Kind(Enum):
    A = 1

DEFAULT = Kind.A

@dataclass
class Pair:
    left: int
    right: List[int]

def logged(function):
    @wraps(function)
    def inner(*given):
        LOG.info("called")
        return function(*given)
    return inner

def plain(function):
    def inner(*given):
        return [function(*given)]
    return inner

if SEEN:
    WORD = re.compile("a")
else:
    WORD = re.compile("b")
if not SEEN:
    OTHER = re.compile("a")
else:
    OTHER = re.compile("b")
try:
    import nowhere
    ROUND = Decimal(1)
except ImportError:
    ROUND = Decimal(2)
SUM = Decimal(1)
SUM += 2
RATE = Decimal(1)
def set_rate():
    global RATE
    RATE = Decimal(5)
set_rate()
SEEN[WORD] = 1
def make(k):
    def helper(x): return x + k
    return helper
k = 100
helper = make(1)

def branch(): return WORD.pattern + OTHER.pattern
def handled(): return str(ROUND)
def added(): return str(SUM)
def rebound(): return str(RATE)
def closure(x): return helper(x)
def boxed(x): return Box(x).x
def submodule(x): return email.utils.quote(x)
def typed_arguments(xs: List[int], k: Optional[Nothing] = None) -> Dict[str, int]: return {"n": typed(int, len(xs))}
def pattern(text: str) -> List[str]: return NUMBER.findall(text)
def money(): return str(PRICE)
def logs(x): LOG.info(x); return x
def parameter(value): return value
def comprehension(n): return [value for value in range(n)]
@lru_cache(maxsize=None)
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
def calls_fib(n): return fib(n)
@logged
def decorated(x): return x + 1
@plain
def wrapped(x): return x
def calls_wrapped(x): return wrapped(x)
def alias(table: Table): return sum(table.values())
def generic(x: T) -> T: return x
def member(k): return DEFAULT.name
def record(n): return Pair(n, [n]).right
def tuples(n): return Point(n, 1).x
def doubled(x): return double(x)
def at_least(x): return largest(x)
def library(x): return floor(x) + len(string.digits) + len(paths.sep)
def sentinel(x=EMPTY): return x is EMPTY
def under_try(x): return x in LIMIT
def counts(x): return SEEN[x]
def renamed(): return COST
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "shop_helpers.py").write_text(HELPERS)
    (folder / "shop_window.py").write_text(MODULE)
    sys.path.insert(0, str(folder))
    yield importlib.import_module("shop_window")
    sys.path.remove(str(folder))


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("typed_arguments", ([1],), "{'n': 1}"),
        ("pattern", ("a1 22",), "['1', '22']"),
        ("money", (), "'1.50'"),
        ("logs", ("a",), "'a'"),
        ("parameter", (1,), "1"),
        ("comprehension", (2,), "[0, 1]"),
        ("fib", (5,), "5"),
        ("calls_fib", (5,), "5"),
        ("decorated", (1,), "2"),
        ("calls_wrapped", (1,), "[1]"),
        ("alias", ({"a": 2},), "2"),
        ("generic", (1,), "1"),
        ("member", (1,), "'A'"),
        ("record", (3,), "[3]"),
        ("tuples", (3,), "3"),
        ("doubled", (3,), "6"),
        ("at_least", (2,), "3"),
        ("library", (1.5,), "12"),
        ("sentinel", (), "True"),
        ("under_try", (3,), "True"),
        ("branch", (), "'ba'"),
        ("handled", (), "'2'"),
        ("closure", (1,), "2"),
        ("boxed", (2,), "4"),
        ("submodule", ("a",), "'a'"),
    ],
)
def test_a_function_is_traced_with_what_its_module_gives_it(
    shop: ModuleType, name: str, given: tuple[object, ...], value: str
) -> None:
    run = cr.trace(getattr(shop, name), *given)
    assert (run.outcome, run.value, run.exception) == ("ok", value, "")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("counts", "the function uses 'SEEN', and a value of type Counter has no literal"),
        ("added", "the function uses 'SUM', and a value of type Decimal has no literal"),
        ("rebound", "the function uses 'RATE', and a value of type Decimal has no literal"),
        ("renamed", "PRICE is called COST there"),
        ("wrapped", "inner uses function of the function around it"),
    ],
)
def test_what_would_differ_from_the_live_function_is_refused(shop: ModuleType, name: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        source_of(getattr(shop, name))


def test_a_function_of_a_notebook_is_cut_out_of_its_cells() -> None:
    cells = ["import re\nfrom typing import Dict", "%time 3", "Row = Dict[str, int]\nWORD = re.compile('x')"]
    cells += ["WORD = re.compile('y')", "def f(row: Row): return [WORD.sub('', name) for name in row]"]
    cells += [
        "class Rate:\n    n = 2",
        "import enum\nclass Rate(enum.IntEnum):\n    N = 3",
        "def g(x): return x * Rate.N",
    ]
    cells += ["from dataclasses import dataclass\n@dataclass\nclass Item:\n    n: int = 4\n    def more(self):\n"]
    cells[-1] += "        return self.n + Rate.N"
    cells += ["def h(): return Item().more()"]
    known: dict[str, object] = {"In": cells, "__name__": "__main__"}
    for number, cell in enumerate(cells):
        name = f"<cell {number}>"
        linecache.cache[name] = (len(cell), None, cell.splitlines(keepends=True), name)
        if not cell.startswith("%"):
            exec(compile(cell, name, "exec", dont_inherit=True), known)
    run = cr.trace(known["f"], {"xy": 1})  # type: ignore[arg-type]
    assert (run.outcome, run.value) == ("ok", "['x']")
    assert cr.trace(known["g"], 5).value == "15"  # type: ignore[arg-type]
    assert cr.trace(known["h"]).value == "7"  # type: ignore[arg-type]


def test_names_that_a_scope_binds_are_not_those_of_the_module() -> None:
    text = (
        "def f(a: T, *b, c=D):\n    for e in a: g = e + h\n    class I: j = k\n    return lambda m: [n for n in o(m)]\n"
    )
    assert names_read(text) == ["T", "D", "h", "k", "o"]


def test_an_installed_package_that_no_program_sees_is_named_with_what_to_do() -> None:
    source = "def f():\n    import pytest\n    return pytest.__name__\n"
    with pytest.raises(ConfigError, match=re.escape("within `with cr.pool(preload=['pytest']):`")):
        cr.trace(source, "f()")
    with cr.pool(1, preload=["pytest"]):
        assert cr.trace(source, "f()").value == "'pytest'"
    assert cr.trace("def f():\n    import nowhere\n", "f()").outcome == "raised"


@singledispatch
def kind_of(x: object) -> str:
    return "object"


@kind_of.register
def _(x: int) -> str:
    return "int"


class Limited:
    low = 1


Limited.high = 7  # type: ignore[attr-defined]


def counted(x: int) -> int:
    return x + getattr(counted, "calls", 0)


counted.__dict__["calls"] = 4


def use_kind(x: object) -> str:
    return kind_of(x)


def use_limit(x: int) -> int:
    return getattr(Limited, "high", 0) * x


@pytest.mark.parametrize(
    ("function", "added"),
    [(kind_of, "@kind_of.register"), (use_kind, "@kind_of.register"), (use_limit, "high"), (counted, "calls")],
)
def test_what_a_function_or_class_got_after_its_definition_is_named(
    function: Callable[..., object], added: str
) -> None:
    with pytest.raises(ConfigError, match=f"got {added} after its definition"):
        source_of(function)
