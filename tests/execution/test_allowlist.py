"""The allowlist lets ordinary programs share a process, and nothing that could leave something behind."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from tests.hostile.learning import learn_again

from codereasoner.execution import allowlist
from codereasoner.execution.allowed_names import ATTRIBUTES, BUILT_INS, SPECIAL_METHODS
from codereasoner.execution.allowlist import may_share
from codereasoner.execution.safe_modules import Modules
from codereasoner.sources.procedural import Procedural

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
    "type": "def f(x):\n    return type(x).__name__, type(x) is int, type(x) in (int, str), type(x) == type(1)",
    "format": "def f(x):\n    return '{:>{}.2f} {a!r}'.format(x, 3, a=x), format(x, '.2f'), f'{x:>3}'",
    "the class of an object": "class A:\n    def g(self, o):\n        return self.__class__ is o.__class__,"
    " self.__class__.__name__",
    "attributes with names of built-ins": "class A:\n    def g(self):\n        self.id = self.type = 1\n"
    "        return self.id",
    "print": "def f(x):\n    print(x)",
    "hasattr": "def f(x):\n    return hasattr(x, '__len__')",
    "the module of a class": "class A:\n    def __init__(self):\n        self.x = 1\ndef f():\n    return A.__module__",
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
ALONE = {
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
    "a format with an attribute": "def f(x):\n    return '{0.real}'.format(x)",
    "a format with an item": "def f(x):\n    return '{x[a]}'.format(x=x)",
    "a format with an attribute in its width": "def f(x):\n    return '{:{0.real}}'.format(x)",
    "a format that is built": "def f(x):\n    return ('{0.re' + 'al}').format(x)",
    "a format that is the argument": "def f(x):\n    return x.format(1)",
    "the function format of str": "def f(x):\n    return list(map(str.format, x))",
    "format_map": "def f(x):\n    return '{a.b}'.format_map(x)",
    "obj of an error": "def f(x):\n    try:\n        x.a\n    except AttributeError as e:\n        return e.obj",
    "a class that is made by type": "def f(x):\n    return type('K', (), {})",
    "type as a value": "def f(x):\n    return list(map(type, x))",
    "type that is given away": "def f(x):\n    return type(x)",
    "a type compared with what could be anything": "def f(x, y):\n    return type(x) == y",
    "a type compared with a name that is stored": "def f(x):\n    int = x\n    return type(x) == int",
    "a metaclass": "class M(type):\n    pass\ndef f(x):\n    return x",
    "a class of a class": "def f(x):\n    return x.__class__('a')",
    "__getattr__": "class A:\n    def __getattr__(self, name): return 1\ndef f(x):\n    return A()",
    "__reduce__": "class A:\n    def __reduce__(self): return 1\ndef f(x):\n    return A()",
    "a class hook": "class A:\n    def __init_subclass__(cls): pass\ndef f(x):\n    return A",
    "a descriptor": "class A:\n    def __set_name__(self, a, b): pass\ndef f(x):\n    return A",
    "a deleted attribute beside an import": "import math\ndef f(x):\n    del math.pi",
    "an identity": "def f(x):\n    return id(x)",
    "an attribute by a pattern": "def f(x):\n    match f:\n        case object(__globals__=g): return g",
    "a finalizer": "class P:\n    def __del__(self):\n        print(1)",
    "a coroutine": "async def f(x):\n    return x",
    "the module of a built-in function": "def f(x):\n    len.__module__ = x",
    "the module of a built-in function, deleted": "def f(x):\n    del str.maketrans.__module__",
    "the module of a built-in function, by a loop": "def f(x):\n    for sorted.__module__ in x: pass",
    "the type parameters of a foreign function": "from collections import Counter\ndef f(x):\n"
    "    Counter.update.__type_params__ = x",
    "the dicts of an enum": "import re\ndef f(x):\n    x._value2member_map_[0] = x._member_map_",
    "the values of an enum": "import re\ndef f(x):\n    x._unhashable_values_.append(x._boundary_)",
    "hasattr beside an import": "import math\ndef f(x):\n    return hasattr(math, x)",
    "the class of a module": "import math\nmath.__class__ = int",
    "annotations of a foreign function": "from heapq import merge\ndef f(x):\n    merge.__annotations__['a'] = x",
    "registration with an abstract class": "from collections.abc import Sized\ndef f(x):\n    Sized.register(int)",
    "a nested function": "def f(x):\n    return [(lambda: (lambda: open))() for _ in x]",
    "a method": "class P:\n    def g(self):\n        return self.__dict__",
}  # fmt: skip
LEAVES = {
    "wraps": "from functools import wraps\ndef f(x):\n    return x",
    "wraps, as an attribute": "import functools\ndef f(x):\n    return functools.wraps(f)",
    "all names of a module": "from math import *\ndef f(x):\n    return x",
    "a relative import": "from . import math\ndef f(x):\n    return x",
    "a package": "import numpy\ndef f(x):\n    return x",
    "the insides of a module": "import re\ndef f(x):\n    return re._compiler",
    "the sys of a module": "import collections\ndef f(x):\n    return collections._sys",
    "an attribute by a string": "from operator import attrgetter\ndef f(x):\n    return attrgetter('real')(x)",
    "a formatter": "import string\ndef f(x):\n    return string.Formatter()",
    "the flags of re": "import re\ndef f(x):\n    return re.findall('a', 'A', re.I)",
    "what no module has": "import math\ndef f(x):\n    return math.foo",
}


@pytest.fixture(autouse=True)
def no_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge formats as without the extension, which other tests load into this process: there they are guarded."""
    monkeypatch.setattr(allowlist, "_formats", {"format": None})
    fresh = allowlist._first_verdicts()
    for name in ("format", "format_map"):
        monkeypatch.delitem(allowlist._VERDICTS, name, raising=False)
        if name in fresh:
            monkeypatch.setitem(allowlist._VERDICTS, name, fresh[name])


def shares(source: str) -> bool:
    return may_share(source, compile(source, "p", "exec"))


@pytest.mark.parametrize("source", [*ORDINARY.values(), *IMPORTS.values()], ids=[*ORDINARY, *IMPORTS])
def test_an_ordinary_program_may_share(source: str) -> None:
    assert shares(source)


@pytest.mark.parametrize("source", ALONE.values(), ids=ALONE)
def test_a_program_that_could_reach_further_runs_alone(source: str) -> None:
    assert not shares(source)


@pytest.mark.parametrize("source", LEAVES.values(), ids=LEAVES)
def test_a_program_that_imports_more_than_the_allowlist_has_runs_alone_all_the_same(source: str) -> None:
    assert shares(source)
    left: list[int] = []

    def leave() -> None:
        left.append(1)
        raise SystemExit

    names = {"__builtins__": Modules(leave).built_ins(), "__name__": "program"}
    with pytest.raises(SystemExit):
        exec(source + "\nf(1)", names)
    assert left == [1]


def test_each_program_has_modules_of_its_own() -> None:
    one, other = [Modules(lambda: None).built_ins()["__import__"] for _ in range(2)]
    heapq, untouched = one("heapq"), other("heapq")  # type: ignore[operator]
    heapq.merge.__kwdefaults__["reverse"] = heapq.heappush = True
    assert list(untouched.merge([1, 3], [2])) == [1, 2, 3]
    assert callable(untouched.heappush)


def test_a_stored_attribute_of_a_class_of_the_library_shows() -> None:
    learn_again()
    modules = Modules(lambda: None)
    counter = modules.built_ins()["__import__"]("collections").Counter  # type: ignore[operator]
    assert modules.whole()
    for owner, name in ((counter, "stored"), (counter.update, "__doc__"), (counter, "__qualname__")):
        before = getattr(owner, name, None)
        setattr(owner, name, "stored")
        try:
            assert not modules.whole()
        finally:
            delattr(owner, name) if before is None else setattr(owner, name, before)


def test_what_an_allowed_name_means_is_in_the_allowlist_once_for_each_kind() -> None:
    for groups in (ATTRIBUTES, BUILT_INS, SPECIAL_METHODS):
        for reason, words in groups.items():
            assert reason
            assert len(set(words.split())) == len(words.split())


def share_of(sources: Iterable[str]) -> float:
    found = [shares(source) for source in sources]
    return sum(found) / len(found)


def test_nearly_all_programs_of_the_grammar_share() -> None:
    assert share_of(program.source for program in Procedural().programs("train", 300)) >= 0.97


@pytest.mark.filterwarnings("ignore:'return' in a 'finally' block:SyntaxWarning")  # Python 3.14 on one of them
def test_nearly_all_programs_of_cruxeval_share(shared_data: Path) -> None:
    lines = (shared_data / "cruxeval/cruxeval.jsonl").read_text(encoding="utf-8").splitlines()
    assert share_of(json.loads(line)["code"] for line in lines) >= 0.97
