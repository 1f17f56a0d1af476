"""The gate lets ordinary programs share a process, and nothing that could leave something behind."""

from __future__ import annotations

import pytest

from codereasoner.execution.gate import may_share

ORDINARY = {
    "methods of built-in types": "def f(s):\n    return s.replace('a', 'b').strip().split(), [].clear()",
    "a generator": "def f(n):\n    def g():\n        yield from range(n)\n    return list(g())",
    "a class with attributes": "class P:\n    def __init__(self, x):\n        self.x = x\n        self._y = [x]\n"
    "    def __eq__(self, other):\n        return self.x == other.x\ndef f(x):\n    return P(x) == P(x)",
    "a subclass with super": "class A:\n    def g(self): return 1\n"
    "class B(A):\n    def g(self): return super().g() + 1",
    "a decorator": "def d(g):\n    def h(*a):\n        return g(*a) + 1\n    return h\n@d\ndef f(x):\n    return x",
    "an exception of its own": "class E(Exception):\n    pass\ndef f(x):\n    try:\n        raise E(x)\n"
    "    except E as e:\n        return e.args",
    "a property": "class P:\n    @property\n    def x(self): return 1\n    @x.setter\n    def x(self, v): self.v = v",
    "type": "def f(x):\n    return type(x).__name__, type(x) is int",
    "print": "def f(x):\n    print(x)",
    "annotations": "x: int = 3\ndef f(a: list[int]) -> int:\n    return a[0]",
    "a match": "def f(x):\n    match x:\n        case [a, *b]: return b\n        case {'k': v}: return v",
}  # fmt: skip
IMPORTS = {
    "math": "import math\ndef f(x):\n    return math.floor(x) + math.pi",
    "Counter": "from collections import Counter, defaultdict\ndef f(s):\n    return Counter(s).most_common(1)",
    "typing": "from typing import List, Optional\ndef f(x: List[int]) -> Optional[int]:\n    return x[0]",
    "re": "import re\ndef f(s):\n    return re.sub(r'a+', 'b', s)",
    "inside a function": "def f(x):\n    from itertools import chain\n    return list(chain(x, x))",
    "heapq and a class": "import heapq\nclass Q:\n    def __init__(self):\n        self.items = []\n"
    "    def push(self, x):\n        heapq.heappush(self.items, x)",
}
REFUSED = {
    "open": "def f(x):\n    return open(x)",
    "eval": "def f(x):\n    return eval(x)",
    "getattr": "def f(x):\n    return getattr(f, x)",
    "globals": "def f(x):\n    return globals()",
    "__builtins__": "def f(x):\n    return __builtins__",
    "__import__": "def f(x):\n    return __import__(x)",
    "the namespace of a function": "def f(x):\n    return f.__globals__",
    "the dict of a type": "def f(x):\n    return int.__dict__ == x",
    "subclasses": "def f(x):\n    return ().__class__.__base__.__subclasses__()",
    "the frame of a generator": "def f(x):\n    g = (i for i in x)\n    return g.gi_frame.f_back",
    "a traceback": "def f(x):\n    try:\n        x()\n"
    "    except Exception as e:\n        return e.__traceback__.tb_frame",
    "a name that the program stores too": "gi_frame = 1\ndef f(x):\n    return (i for i in x).gi_frame",
    "an import of sys": "import sys\ndef f(x):\n    return x",
    "an import of random": "import random\ndef f(x):\n    return x",
    "all names of a module": "from math import *\ndef f(x):\n    return x",
    "a relative import": "from . import math\ndef f(x):\n    return x",
    "wraps": "from functools import wraps\nimport math\ndef f(x):\n    return wraps(f)(math)",
    "wraps, as an attribute": "import functools\nwraps = 1\ndef f(x):\n    return functools.wraps(f)",
    "the insides of a module": "import re\n_cache = 1\ndef f(x):\n    return re._cache.clear()",
    "the sys of a module": "import collections\ndef f(x):\n    return collections._sys",
    "an attribute by a string": "from operator import attrgetter\ndef f(x):\n    return attrgetter('__globals__')(f)",
    "an attribute by a formatter": "import string\ndef f(x):\n    return string.Formatter().get_field('0.a', [x], {})",
    "an attribute by a pattern": "def f(x):\n    match f:\n        case object(__globals__=g): return g",
    "a finalizer": "class P:\n    def __del__(self):\n        print(1)",
    "a coroutine": "async def f(x):\n    return x",
    "the class of a module": "import math\nclass P(type(math)):\n    pass\nmath.__class__ = P",
    "annotations of a foreign function": "from heapq import merge\ndef f(x):\n    merge.__annotations__['a'] = x",
    "registration with an abstract class": "from collections.abc import Sized\ndef f(x):\n    Sized.register(int)",
    "a nested function": "def f(x):\n    return [(lambda: (lambda: open))() for _ in x]",
    "a method": "class P:\n    def g(self):\n        return self.__dict__",
}  # fmt: skip


def seals_of(source: str) -> tuple[tuple[str, str], ...] | None:
    return may_share(compile(source, "p", "exec"))


@pytest.mark.parametrize("source", ORDINARY.values(), ids=ORDINARY)
def test_an_ordinary_program_may_share(source: str) -> None:
    assert seals_of(source) == ()


@pytest.mark.parametrize("source", IMPORTS.values(), ids=IMPORTS)
def test_a_program_with_pure_imports_may_share(source: str) -> None:
    assert seals_of(source) is not None


def test_a_program_that_stores_attributes_beside_a_module_is_looked_at_afterwards() -> None:
    assert seals_of("import math\nclass P:\n    def g(self):\n        self.x = 1") == (("math", ""),)


@pytest.mark.parametrize("source", REFUSED.values(), ids=REFUSED)
def test_a_program_that_could_reach_further_runs_alone(source: str) -> None:
    assert seals_of(source) is None
