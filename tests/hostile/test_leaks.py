"""Programs that try to leave something behind for whoever shares their process: the next one never notices."""

from __future__ import annotations

import pytest

from codereasoner.execution.gate import may_share
from codereasoner.execution.pool import Limits, Pool
from codereasoner.records import Job, Run

PLAIN = """
class Point:
    limit = 3

    def __init__(self, x):
        self.x = x

    def __eq__(self, other):
        return self.x == other.x


def deep(n=0):
    try:
        return deep(n + 1)
    except RecursionError:
        return n > 900


def f(x):
    print("probe", end="")
    return (
        len(x), sum(x), max(x), sorted(x), list(map(str, x)), isinstance(x, list), repr(x), abs(-1), type(x) is list,
        round(2.675, 2), Point(1) == Point(1), Point.limit, deep(), sorted(x, key=lambda item: -item),
        list(enumerate(x)), list(zip(x, x)), 10 ** 4299 > 1, len(str(10 ** 4000)), hash("a") == hash("a"),
        {3, 1, 2} == {1, 2, 3}, f"{x!r:>12}", bool([]), int("7"), issubclass(bool, int), [*range(3)], "%d" % 3,
        divmod(7, 2), "a-b".split("-"), {"k": 1}.get("k"),
    )
"""
IMPORTING = """
from bisect import bisect_left
from collections import Counter, OrderedDict, deque
from heapq import heappop, heappush, nsmallest
from math import floor, pi


def f(x):
    print("probe", end="")
    heap = []
    for item in x:
        heappush(heap, item)
    return (
        heappop(heap), nsmallest(1, x), bisect_left([1, 2], 2), floor(2.5), round(pi, 3), Counter("aab").most_common(1),
        list(OrderedDict(a=1)), list(deque([1, 2])), Counter("ab") + Counter("b"), Counter(a=1) < Counter(a=2),
    )
"""
PROBES = (PLAIN, IMPORTING)
"""What the next program might notice: the interpreter's own, and the modules that a shared process may import."""

LEAKS = {
    "a generator whose end prints": "def g():\n    try:\n        yield 1\n    finally:\n        print('LEAK')\nkept = g()\n"
    "def f():\n    return next(kept)",
    "a generator in a cycle": "def g(box):\n    try:\n        yield box\n    finally:\n        print('LEAK')\n"
    "def f():\n    box = []\n    one = g(box)\n    next(one)\n    box.append(one)\n    return 1",
    "a generator that never ends": "def g():\n    try:\n        yield 1\n    finally:\n        while True:\n            pass\n"
    "kept = g()\ndef f():\n    return next(kept)",
    "a generator that will not close": "def g():\n    while True:\n        try:\n            yield 1\n        except GeneratorExit:\n"
    "            print('LEAK')\nkept = g()\ndef f():\n    return next(kept)",
    "a class that is finalized": "class D:\n    def __del__(self):\n        print('LEAK')\nkept = [D()]\nkept.append(kept)\n"
    "def f():\n    return 1",
    "a total ordering of Counter": "from functools import total_ordering\nfrom collections import Counter\n"
    "def f():\n    Counter.__lt__ = lambda s, o: True\n    total_ordering(Counter)\n    return 1",
    "a cached property set on a class": "from functools import cached_property\nfrom collections import Counter\n"
    "def f():\n    c = cached_property(lambda s: 1)\n    c.__set_name__(Counter, 'most_common')\n"
    "    Counter.most_common = c\n    return 1",
    "a method of Counter replaced": "from collections import Counter\ndef f():\n"
    "    Counter.most_common = lambda s, n=None: 'LEAK'\n    return 1",
    "a default of Counter changed": "from collections import Counter\ndef f():\n"
    "    Counter.most_common.__defaults__ = (0,)\n    return 1",
    "the code of a library function": "from heapq import nsmallest\ndef g(n, it, key=None):\n    return 'LEAK'\n"
    "def f():\n    nsmallest.__code__ = g.__code__\n    return 1",
    "keyword defaults of a library function": "from heapq import merge\ndef f():\n    merge.__kwdefaults__['reverse'] = True\n"
    "    return 1",
    "annotations of a library class": "from collections import UserDict\ndef f():\n    UserDict.__annotations__['x'] = 1\n    return 1",
    "a member of math": "import math\ndef f():\n    math.pi = 3\n    math.floor = abs\n    return 1",
    "a deleted member": "import heapq\ndef f():\n    del heapq.heappush\n    return 1",
    "the globals of a method": "from collections import Counter\ndef f():\n"
    "    Counter.update.__globals__['_count_elements'] = None\n    return 1",
    "the built-ins by a frame": "def f():\n    g = (i for i in [1])\n    g.gi_frame.f_builtins['len'] = lambda x: 99\n    return 1",
    "the built-ins by a match": "def f():\n    g = (i for i in [1])\n    match g:\n        case object(gi_frame=frame):\n"
    "            match frame:\n                case object(f_builtins=names):\n                    names['len'] = lambda x: 99\n    return 1",
    "the built-ins by format": "def f():\n    return '{0.__globals__}'.format(f)[:1] + '{0.gi_frame.f_builtins}'.format(x for x in 'a')[:1]",
    "the built-ins by their name": "def f():\n    __builtins__['len'] = lambda x: 99\n    return 1",
    "the built-ins by a module": "import builtins\ndef f():\n    builtins.len = lambda x: 99\n    return 1",
    "a class body of built-ins": "def f():\n    class A:\n        print.__self__.len = lambda x: 99\n    return 1",
    "a metaclass call": "def f():\n    kind = type('K', (), {'__del__': lambda s: print('LEAK')})\n    box = [kind()]\n"
    "    box.append(box)\n    return 1",
    "a metaclass without its name": "def f():\n    d = '__' + 'del' + '__'\n    kind = type('K', (), {d: lambda s: print('LEAK')})\n"
    "    box = [kind()]\n    box.append(box)\n    return 1",
    "a metaclass by keyword": "class M(type):\n    def __new__(m, n, b, d):\n"
    "        d['__' + 'del' + '__'] = lambda s: print('LEAK')\n        return type.__new__(m, n, b, d)\n"
    "class A(metaclass=M):\n    pass\ndef f():\n    box = [A()]\n    box.append(box)\n    return 1",
    "a finalizer by an attribute": "class A:\n    pass\nA.__del__ = lambda s: print('LEAK')\nkept = A()\ndef f():\n    return 1",
    "a subclass hook": "class A:\n    def __init_subclass__(cls):\n        print('x')\ndef f():\n    class B(A):\n        pass\n"
    "    return len(object.__subclasses__())",
    "an abstract registration": "from collections.abc import Sequence\nclass A:\n    pass\ndef f():\n    Sequence.register(A)\n    return 1",
    "a registered dict": "from collections.abc import Set\ndef f():\n    Set.register(list)\n    return isinstance([], Set)",
    "the recursion limit": "import sys\ndef f():\n    sys.setrecursionlimit(60)\n    return 1",
    "the digit limit": "import sys\ndef f():\n    sys.set_int_max_str_digits(640)\n    return 1",
    "the seed": "import random\ndef f():\n    random.seed(5)\n    return 1",
    "the decimal context": "from decimal import getcontext\ndef f():\n    getcontext().prec = 1\n    return 1",
    "a signal handler": "import signal\ndef f():\n    signal.signal(signal.SIGPROF, signal.SIG_IGN)\n    return 1",
    "the modules": "import sys\ndef f():\n    sys.modules['math'] = None\n    return 1",
    "the standard output": "import sys\ndef f():\n    sys.stdout.write('LEAK')\n    sys.stdout = None\n    return 1",
    "output that is not flushed": "def f():\n    print('LEAK', end='')\n    return 1",
    "output without end of line before an error": "def f():\n    print('LEAK', end='')\n    raise ValueError",
    "an exception that keeps its frames": "kept = []\ndef f():\n    try:\n        1 / 0\n    except ZeroDivisionError as e:\n"
    "        kept.append(e)\n        e.kept = kept\n        raise",
    "memory that is kept": "def f():\n    kept = [0] * 10 ** 7\n    kept.append(kept)\n    return 1",
    "memory without end": "def f():\n    kept = []\n    while True:\n        kept.append([0] * 10 ** 6)",
    "recursion without end": "def f():\n    return f()",
    "an endless loop": "def f():\n    while True:\n        pass",
    "the regular expression cache": "import re\ndef f():\n    re.compile('a+').findall('x')\n    re.purge()\n    re._cache.clear()\n    return 1",
    "a template": "from string import Formatter\ndef f():\n    Formatter().get_field('0.__globals__', (f,), {})\n    return 1",
    "a copied function": "from copy import copy\ndef f():\n    g = copy(f)\n    g.__name__ = 'x'\n    return 1",
    "a partial of setattr": "from functools import partial\nimport math\ndef f():\n    partial(setattr, math)('pi', 3)\n    return 1",
    "a reduce over setattr": "from functools import reduce\nimport math\ndef f():\n    reduce(setattr, [1])\n    return 1",
    "a dataclass of a library class": "from dataclasses import dataclass\nfrom collections import Counter\ndef f():\n"
    "    dataclass(Counter)\n    return 1",
    "a wrapper of a module": "from functools import wraps\nimport math\ndef g():\n    pass\ng.pi = 3\ndef f():\n    wraps(g)(math)\n    return 1",
    "a wrapper by a stored name": "wraps = 1\nimport functools, math\ndef g():\n    pass\ng.pi = 3\ndef f():\n"
    "    functools.wraps(g)(math)\n    return 1",
    "a type check switched off": "import typing, math\ndef f():\n    typing.no_type_check(math)\n    return 1",
    "a user dict of a module": "from collections import ChainMap\nimport math\ndef f():\n    ChainMap(math.__dict__)['pi'] = 3\n    return 1",
    "a dict by operator": "from operator import setitem\nfrom collections import Counter\ndef f():\n"
    "    setitem(Counter.update.__globals__, 'deque', 1)\n    return 1",
    "an object with an own setter": "class A:\n    def __setattr__(self, n, v):\n        object.__setattr__(self, n, v)\n"
    "def f():\n    from collections import Counter\n    type.__setattr__(Counter, 'most_common', 1)\n    return 1",
    "a descriptor that stores": "class D:\n    def __get__(self, o, t):\n        t.__mro__[0].x = 5\n        return 1\n"
    "class A:\n    y = D()\ndef f():\n    return A().y",
    "a subclass that names its parent's insides": "from collections import Counter\nclass A(Counter):\n    def g(self):\n"
    "        super().__class__.__base__.most_common = 1\ndef f():\n    A().g()\n    return 1",
    "a class by super": "from collections import Counter\nclass A(Counter):\n    pass\ndef f():\n"
    "    A.__bases__[0].most_common = lambda s, n: 'LEAK'\n    return 1",
    "the doc of a class": "from collections import Counter\ndef f():\n    Counter.__doc__ = 'LEAK'\n    Counter.__name__ = 'LEAK'\n    return 1",
    "a cache that is shared": "from functools import lru_cache\nfrom collections import Counter\ndef f():\n"
    "    Counter.most_common = lru_cache(Counter.most_common)\n    return 1",
    "an async generator": "async def g():\n    try:\n        yield 1\n    finally:\n        print('LEAK')\nkept = g()\n"
    "def f():\n    kept.asend(None).send(None) if 0 else None\n    return 1",
    "a coroutine never awaited": "async def g():\n    pass\nkept = g()\ndef f():\n    return 1",
}
SOURCES = list(LEAKS.items())


@pytest.fixture(scope="module")
def probed() -> list[Run]:
    """Both probes alone, and then both after each program, all in one worker and in batches as they come."""
    jobs = [Job(probe, "f", "[2, 1, 3]") for probe in PROBES]
    for number, (_, source) in enumerate(SOURCES):
        jobs.append(Job(source, "f", ""))
        jobs += [Job(f"{probe}\n# {number}", "f", "[2, 1, 3]") for probe in PROBES]
    limits = Limits(cpu_seconds=0.3, wall_seconds=2.0, memory_bytes=300 << 20)
    with Pool(workers=1, limits=limits, allow_weak_isolation=True) as pool:
        return pool.run(jobs)


def seen(run: Run) -> tuple[object, ...]:
    """What a neighbour could have changed."""
    return run.outcome, run.value, run.stdout, run.exception


def test_the_probes_share_a_process_and_return(probed: list[Run]) -> None:
    for probe, run in zip(PROBES, probed, strict=False):
        assert may_share(compile(probe, "<program>", "exec")) is not None
        assert (run.outcome, run.stdout) == ("ok", "probe"), run.reason


@pytest.mark.parametrize("place", range(len(SOURCES)), ids=list(LEAKS))
def test_it_leaves_nothing_behind(probed: list[Run], place: int) -> None:
    after = probed[3 * place + 3 : 3 * place + 5]
    assert [seen(run) for run in after] == [seen(run) for run in probed[:2]]
