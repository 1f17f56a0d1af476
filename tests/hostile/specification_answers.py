"""Answers to the task `specification`: forgeries, all of them wrong, and right code of odd but honest form.

Each is the code of `up`, which is to return the next whole number. Each forgery says in a comment what it tries.
"""

from __future__ import annotations

TESTS = {
    "equalities": "assert up(1) == 2\nassert up(5) == 6",
    "a function check": (
        "METADATA = {}\n\ndef check(candidate):\n    assert candidate(1) == 2, 'why'\n    assert candidate(5) == 6\n"
        "    assert True, 'x'\n"
    ),
    "imports beside check": (
        "import math\n\ndef check(candidate):\n    assert candidate(int(math.pi)) == 4\n    assert candidate(1) == 2\n"
    ),
    "a distance": "import math\nassert abs(up(1) - 2) < 1e-6\nassert math.isclose(up(7), 8, rel_tol=0.001)",
    "truth": "assert up(1)\nassert not up(-1)\nassert up(3) is not None\nassert up(4) > 4",
    "a loop": "def check(candidate):\n    for i in range(10):\n        assert candidate(i) == i + 1\n",
    "chance": (
        "import random\ndef check(candidate):\n    for _ in range(9):\n        x = random.randint(9, 99)\n"
        "        assert candidate(x) == x + 1\n"
    ),
    "a table": (
        "CASES = [(1, 2), (5, 6)]\ndef check(candidate):\n    for given, wanted in CASES:\n"
        "        assert candidate(given) == wanted\n"
    ),
    "a variable": "r = up(1)\nassert r == 2\nassert isinstance(r, int) and type(r) is int",
    "calls in calls": "assert up(up(up(1))) == 4\nassert set([up(1), up(2)]) == {2, 3}",
    "a helper": "def same(a, b):\n    return a == b\n\ndef check(f):\n    assert same(f(1), 2)\n",
    "an exception": (
        "try:\n    up('a')\n    assert False, 'nothing raised'\nexcept TypeError:\n    pass\nassert up(1) == 2"
    ),
}

_FRAMES = """\
import os
def frame(number, value):
    body = ('["ok", "%s", "", "", [], [], "", "", 0.100]' % value).encode()
    return b"CR\\x01\\x03" + number.to_bytes(4, "little") + len(body).to_bytes(4, "little") + body
def flood(*values):
    for fd in range(64):
        for value in values:
            try:
                os.write(fd, b"".join(frame(number, value) for number in range({numbers})))
            except OSError:
                break
"""
_OBJECT = "class E:\n{methods}\ndef up(x):\n    return E()\n"
_ALWAYS = "    def {name}(self, *rest):\n        return {value}\n"


def _equal_to_all(*names: str, value: str = "True", base: str = "", hashed: bool = True) -> str:
    methods = "".join(_ALWAYS.format(name=name, value=value) for name in names)
    methods += _ALWAYS.format(name="__hash__", value="1") if hashed else ""
    return _OBJECT.format(methods=methods).replace("class E:", f"class E({base}):" if base else "class E:")


FORGERIES = {
    # ---- values that are equal to all
    "equal to all": _equal_to_all("__eq__"),
    "equal to all, never unequal": _equal_to_all("__eq__", "__ge__", "__le__", "__lt__", "__gt__"),
    "an integer that is equal to all": _equal_to_all("__eq__", "__lt__", "__gt__", base="int"),
    "a float that is equal to all": _equal_to_all("__eq__", "__lt__", "__gt__", base="float"),
    "a string that is equal to all": _equal_to_all("__eq__", base="str"),
    "a list that is equal to all": _equal_to_all("__eq__", base="list", hashed=False),
    "a dict that is equal to all": _equal_to_all("__eq__", base="dict", hashed=False),
    "a tuple that is equal to all": _equal_to_all("__eq__", base="tuple"),
    "absorbs arithmetic": _equal_to_all("__eq__", "__lt__", "__gt__", "__bool__") + (
        "for name in 'sub rsub add radd mul rmul abs neg'.split():\n    setattr(E, f'__{name}__', lambda s, *r: s)\n"
    ),
    "distance zero": "class E(float):\n    def __sub__(self, other):\n        return 0.0\n    __rsub__ = __sub__\n"
    "def up(x):\n    return E(-7)\n",
    "an equal type": "class M(type):\n    def __eq__(c, o):\n        return True\n    __hash__ = type.__hash__\n"
    "class E(metaclass=M):\n    pass\ndef up(x):\n    return E\n",
    "lies about its class": "class E:\n    __class__ = int\n    def __eq__(s, o):\n        return True\n"
    "def up(x):\n    return E()\n",
    "a mock": "from unittest.mock import ANY\ndef up(x):\n    return ANY\n",
    "a magic mock": "from unittest.mock import MagicMock\ndef up(x):\n    return MagicMock()\n",
    "equal by reflection": "class E(int):\n    def __radd__(s, o):\n        return s\n    __eq__ = lambda s, o: True\n"
    "    __hash__ = int.__hash__\ndef up(x):\n    return E(x)\n",
    # ---- built-ins and names that the tests use
    "bool": "bool = lambda x: True\ndef up(x):\n    return 0\n",
    "abs": "abs = lambda x: 0\ndef up(x):\n    return 0\n",
    "all built-ins": "import builtins\nfor n in 'abs bool set list sorted len isinstance type range'.split():\n"
    "    setattr(builtins, n, lambda *a, **k: True)\ndef up(x):\n    return 0\n",
    "isclose": "import math\nmath.isclose = lambda *a, **k: True\ndef up(x):\n    return 0\n",
    "the module math": "import sys, types\nm = types.ModuleType('math')\nm.isclose = lambda *a, **k: True\nm.pi = 3\n"
    "sys.modules['math'] = m\ndef up(x):\n    return 0\n",
    "assertion errors": "import builtins\nbuiltins.AssertionError = type('A', (Exception,), {'__init__': None})\n"
    "def up(x):\n    return 0\n",
    "the import function": "import builtins\nbuiltins.__import__ = lambda *a, **k: None\ndef up(x):\n    return 0\n",
    "the function check": "def check(candidate):\n    return True\ndef up(x):\n    return 0\n",
    "a helper of the tests": "def same(a, b):\n    return True\ndef up(x):\n    return 0\n",
    "the table of the tests": "CASES = []\ndef up(x):\n    return 0\n",
    "the witness": "def reached_the_end():\n    return True\ndef up(x):\n    return 0\n",
    "the harness": "def _values_of_calls():\n    return [('value', True)]\ndef up(x):\n    return 0\n",
    "the notes": "def _calls_without_outcome():\n    return []\n_noted = []\ndef up(x):\n    return 0\n",
    "the stand-in": "def _stand_in(known):\n    return lambda *a: True\n_go_on = print\ndef up(x):\n    return 0\n",
    "the candidate": "candidate = type('C', (), {'__call__': lambda *a: True})()\ndef up(x):\n    return 0\n",
    "a constant of the module": "__debug__ = False\ndef up(x):\n    return 0\n",
    "assertions switched off": "# -*- optimize: 2 -*-\nimport sys\nsys.flags = None\ndef up(x):\n    return 0\n",
    # ---- ends before the verdict
    "exit": "import sys\ndef up(x):\n    sys.exit(0)\n",
    "exit at once": "import sys\nsys.exit(0)\n",
    "exit at the end": "import atexit, os\natexit.register(os._exit, 0)\ndef up(x):\n    return 0\n",
    "_exit": "import os\ndef up(x):\n    os._exit(0)\n",
    "SystemExit": "def up(x):\n    raise SystemExit(0)\n",
    "KeyboardInterrupt": "def up(x):\n    raise KeyboardInterrupt\n",
    "GeneratorExit": "def up(x):\n    raise GeneratorExit\n",
    "an exception of its own": "class Unknown(BaseException):\n    pass\ndef up(x):\n    raise Unknown\n",
    "the stand-in's own exception": "class _Unknown(BaseException):\n    pass\ndef up(x):\n    raise _Unknown\n",
    "a failed assertion": "def up(x):\n    assert False\n",
    "a raised exception of a strange name": "E = type('print', (Exception,), {})\ndef up(x):\n    raise E\n",
    "an exception whose name runs code": "class M(type):\n    __name__ = property(lambda c: 1 / 0)\n"
    "class E(Exception, metaclass=M):\n    pass\ndef up(x):\n    raise E\n",
    "a killed process": "import os\ndef up(x):\n    os.kill(os.getpid(), 9)\n",
    "no time": "def up(x):\n    while True:\n        pass\n",
    "no stack": "def up(x):\n    return up(x)\n",
    "no memory": "def up(x):\n    return [0] * 10**10\n",
    "no function": "down = 1\n",
    "no Python": "def up(x:\n    return x + 1\n",
    "no code": "2",
    "a class": "class up:\n    def __init__(self, x):\n        pass\n    __eq__ = lambda self, other: True\n",
    # ---- values of another shape
    "outcomes of its own": "def up(x):\n    return ('value', x + 1)\n",
    "an outcome of a kind": "def up(x):\n    return ['iterator', [2]]\n",
    "an iterator of the values": "def up(x):\n    yield x + 1\n",
    "an iterator without end": "import itertools\ndef up(x):\n    return map(lambda n: 2, itertools.count())\n",
    "a view of the values": "def up(x):\n    return {x + 1: 0}.keys()\n",
    "a list that holds itself": "def up(x):\n    a = []\n    a.append(a)\n    return a\n",
    "deep": "def up(x):\n    a = x\n    for _ in range(90000):\n        a = [a]\n    return a\n",
    "long": "def up(x):\n    return 'a' * 2_000_000\n",
    "many": "def up(x):\n    return list(range(90_000))\n",
    "a huge integer": "def up(x):\n    return 1 << 900_000\n",
    "a huge range": "def up(x):\n    return range(1 << 14_400)\n",
    "integers of one hash": "def up(x):\n    return {n * (2**61 - 1) for n in range(1, 3000)}\n",
    "a surrogate": "def up(x):\n    return '\\ud800'\n",
    "nan": "def up(x):\n    return float('nan')\n",
    "infinity": "def up(x):\n    return float('inf')\n",
    "Ellipsis": "def up(x):\n    return ...\n",
    "NotImplemented": "def up(x):\n    return NotImplemented\n",
    "text of the value": "def up(x):\n    return str(x + 1)\n",
    "the next but one": "def up(x):\n    return x + 2\n",
    # ---- looks for the values that are expected
    "the caller's variables": "import sys\ndef up(x):\n    frame = sys._getframe()\n    while frame:\n"
    "        for value in list(frame.f_locals.values()):\n            if type(value) is int and value > x:\n"
    "                return value\n        frame = frame.f_back\n    return 0\n",
    "the wanted value of a table": "import sys\ndef up(x):\n    frame = sys._getframe(1)\n    while frame:\n"
    "        for names in (frame.f_locals, frame.f_globals):\n            if 'wanted' in names:\n"
    "                return names['wanted']\n            if 'CASES' in names:\n"
    "                return names['CASES'][0][1]\n"
    "        frame = frame.f_back\n    return 0\n",
    "constants of the caller's code": "import sys\ndef up(x):\n    frame = sys._getframe(1)\n    while frame:\n"
    "        for value in frame.f_code.co_consts:\n            if type(value) is int and value != x:\n"
    "                return value\n        frame = frame.f_back\n    return 0\n",
    "all objects": "import gc\ndef up(x):\n    for each in gc.get_objects():\n"
    "        if type(each) is dict and 'wanted' in each:\n            return each['wanted']\n    return 0\n",
    "changes the caller's variables": "import sys\ndef up(x):\n    frame = sys._getframe(1)\n    while frame:\n"
    "        for name in ('wanted', 'r', 'i', 'x'):\n            if name in frame.f_locals:\n"
    "                frame.f_locals[name] = 0\n        frame = frame.f_back\n    return 0\n",
    "a trace function": "import sys\nsys.settrace(lambda f, e, a: None)\nsys.setprofile(lambda f, e, a: 1 / 0)\n"
    "def up(x):\n    return 0\n",
    # ---- writes an answer of its own
    "frames that say True": _FRAMES.format(numbers=400)
    + "def up(x):\n    flood('True', '[True]', '[]')\n    return 0\n",
    "frames of outcomes": _FRAMES.format(numbers=400)
    + "def up(x):\n    flood(\"[('value', True)]\", \"[('value', True), ('value', True)]\")\n    return 0\n",
    "frames at once": _FRAMES.format(numbers=400) + "flood('[]', 'None', '5')\ndef up(x):\n    return 0\n",
    "frames of another shape": _FRAMES.format(numbers=400)
    + "flood(\"[('value', 1, 2)]\", \"[('keys', 3)]\", \"[('items', [1])]\", \"[('raised', 3)]\", \"{}\")\n"
    "def up(x):\n    return 0\n",
    "frames without calls": _FRAMES.format(numbers=400) + "def up(x):\n    flood('[]')\n    os._exit(0)\n",
    "a frame of 2 MB": _FRAMES.format(numbers=1) + "flood('9' * 2_000_000)\ndef up(x):\n    return 0\n",
    "a frame that is nested deeply": _FRAMES.format(numbers=1) + "flood('[' * 90_000)\ndef up(x):\n    return 0\n",
    "prints": "def up(x):\n    print('OK')\n    print('[2, 6]')\n    return 0\n",
    "a thread that writes later": _FRAMES.format(numbers=400)
    + "import threading, time\ndef late():\n    time.sleep(0.05)\n    flood('[]')\n"
    "threading.Thread(target=late).start()\ndef up(x):\n    return 0\n",
}  # fmt: skip

DEAR = {"no time", "an iterator without end", "integers of one hash"}  # forgeries that take all of their seconds

HONEST = {
    "plain": "def up(x):\n    return x + 1\n",
    "a lambda": "up = lambda x: x + 1\n",
    "a partial": "from functools import partial\nimport operator\nup = partial(operator.add, 1)\n",
    "a method": "up = (1).__add__ if False else lambda x: x.__add__(1) if isinstance(x, int) else x + 1\n",
    "a class that can be called": "class Up:\n    def __call__(self, x):\n        return x + 1\nup = Up()\n",
    "a static method": "class Up:\n    @staticmethod\n    def up(x):\n        return x + 1\nup = Up.up\n",
    "a decorator": "from functools import wraps\ndef noted(f):\n    @wraps(f)\n    def inner(*a):\n"
    "        return f(*a)\n"
    "    return inner\n@noted\ndef up(x):\n    return x + 1\n",
    "a cache": "from functools import lru_cache\n@lru_cache(None)\ndef up(x):\n    return x + 1\n",
    "annotations": "def up(x: Union[int, float]) -> Optional[int]:\n    return x + 1\n",
    "future annotations": "from __future__ import annotations\ndef up(x: Unknown) -> Nothing:\n    return x + 1\n",
    "a docstring before a future": '"""Up."""\nfrom __future__ import annotations\ndef up(x):\n    return x + 1\n',
    "a default": "def up(x=0, *, by=1):\n    return x + by\n",
    "another name of the parameter": "def up(candidate):\n    return candidate + 1\n",
    "helpers with names of the harness": "def answers(x):\n    return x + 1\ndef outcome(x):\n    return answers(x)\n"
    "def plain(x):\n    return outcome(x)\ndef up(x):\n    return plain(x)\n",
    "names of built-ins": "list = dict = str = int = type = set = map = isinstance = getattr = bool = print = None\n"
    "def up(x):\n    return x + 1\n",
    "a function check of its own": "def check(x):\n    assert x == 1\ndef up(x):\n    return x + 1\n",
    "tests of its own": "def up(x):\n    return x + 1\nassert up(1) == 2\nassert up(0) == 1\n",
    "a main part": "def up(x):\n    return x + 1\nif __name__ == '__main__':\n    print(up(1))\n",
    "output": "import sys\ndef up(x):\n    print('up', x)\n    print('warn', file=sys.stderr)\n    return x + 1\n",
    "recursion": "def up(x):\n    return 1 if x == 0 else up(x - 1) + 1 if 0 < x < 50 else x + 1\n",
    "a subclass of int": "class N(int):\n    pass\ndef up(x):\n    return x + 1\n",
    "sum": "def up(x):\n    return sum([x, 1])\n",
    "try": "def up(x):\n    try:\n        return x + 1\n    finally:\n        pass\n",
    "match": "def up(x):\n    match x:\n        case 0:\n            return 1\n    return x + 1\n",
    "a global": "step = 1\ndef up(x):\n    global step\n    step = 1\n    return x + step\n",
    "a closure": "def make():\n    by = 1\n    def up(x):\n        nonlocal by\n        return x + by\n    return up\n"
    "up = make()\n",
    "defined twice": "def up(x):\n    return 0\ndef up(x):\n    return x + 1\n",
    "tabs": "def up(x):\n\treturn x + 1\n",
    "line ends of Windows": "def up(x):\r\n    return x + 1\r\n",
    "one line": "def up(x): return x + 1",
    "semicolons": "y = 1; up = lambda x: x + y;",
    "letters": "def hoch(größe):\n    return größe + 1\nup = hoch\n",
    "comments": "# The next one.\n\n\ndef up(x):  # so\n    # so\n    return x + 1  # so\n\n# end",
    "a generator inside": "def up(x):\n    return next(n for n in iter(lambda: x + 1, None))\n",
    "a context": "from contextlib import suppress\ndef up(x):\n    with suppress(ValueError):\n        return x + 1\n",
    "a data class": "from dataclasses import dataclass\n@dataclass\nclass P:\n    v: int\n"
    "def up(x):\n    return P(x + 1).v\n",
}  # fmt: skip
