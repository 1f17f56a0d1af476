"""A function of a package whose names are not what their definitions say, after its import, is dropped."""

from pathlib import Path

import pytest

from codereasoner.interfaces import Rejected
from codereasoner.records import Program
from codereasoner.sources.docstring_programs import docstring_programs
from codereasoner.sources.package_modules import CHANGED, Modules

SHOWN = '\n    """\n    >>> f(1)\n    """\n'
TABLE = "TABLE = {}\n"
READ = "\n\ndef f(x):SHOWN    return len(TABLE) + x\n"
ITS_NAME = "reads what it is called in its package, or its docstring"
HIDDEN = "reads names that its text does not show"


def cut(folder: Path, core: str, **others: str) -> Program | Rejected:
    """Return what becomes of `f` in the module `p.core`, with the text of other modules."""
    files = {"p": folder / "__init__.py", "p.core": folder / "core.py"}
    files["p"].write_text(others.pop("init", ""))
    files["p.core"].write_text(core.replace("SHOWN", SHOWN))
    for name, text in others.items():
        files[f"p.{name}"] = folder / f"{name}.py"
        files[f"p.{name}"].write_text(text)
    modules = Modules(files)
    return next(docstring_programs(modules, modules.read("p.core"), "p.core", "MIT"))


def reason(found: Program | Rejected) -> str:
    return found.reason if isinstance(found, Rejected) else found.source


@pytest.mark.parametrize(
    "core",
    [
        TABLE + "if True:\n    TABLE = {1: 2}" + READ,
        TABLE + "with open('x'):\n    TABLE = {1: 2}" + READ,
        TABLE + "for TABLE in [{1: 2}]: pass" + READ,
        TABLE + "TABLE |= {1: 2}" + READ,
        TABLE + "print(TABLE := {1: 2})" + READ,
        TABLE + "TABLE['a'] = 3" + READ,
        TABLE + "for key in range(3):\n    TABLE[key] = key" + READ,
        TABLE + "TABLE.update(a=3)" + READ,
        TABLE + "_old = TABLE.setdefault(1, 2)" + READ,
        TABLE + "class K:\n    TABLE[1] = 2" + READ,
        TABLE + "def fill():\n    global TABLE\n    TABLE = {1: 2}\nfill()" + READ,
        TABLE + "def fill(x):\n    TABLE[x] = x\n    return x\nFIRST = fill(1)" + READ,
        TABLE + "def fill(into):\n    into[1] = 2\n    return into\nFIRST = fill(TABLE)" + READ,
        TABLE + "def mark(f):\n    TABLE[1] = f\n    return f\n@mark\ndef g(): pass" + READ,
        "try:\n    TABLE = open('x')\nexcept OSError:\n    TABLE = {}" + READ,
        "try:\n    TABLE = {}\nexcept OSError:\n    pass\nelse:\n    TABLE = {1: 2}" + READ,
        "class K:\n    size = 1\nK.size = 2\n\ndef f(x):SHOWN    return K.size",
        "class K:\n    size = 1\nsetattr(K, 'size', 2)\n\ndef f(x):SHOWN    return K.size",
        "class K:\n    all = []\n    def __init_subclass__(cls): cls.all.append(1)\nclass L(K): pass\n\n"
        "def f(x):SHOWN    return K.all",
        "from functools import singledispatch\n@singledispatch\ndef f(x):SHOWN    return 0\n"
        "@f.register\ndef _(x: int): return 1",
        "import decimal\ndecimal.getcontext().prec = 3\n\ndef f(x):SHOWN    return str(decimal.Decimal(x) / 3)",
        "if True:\n    def round(x): return 'own'\n\ndef f(x):SHOWN    return round(x)",
        "def use():\n    global round\n    round = str\nuse()\n\ndef f(x):SHOWN    return round(x)",
        "def f(x):SHOWN    return 1\nif True:\n    def f(x): return 2",
        "def g(x): return 1\nasync def g(x): return 2\n\ndef f(x):SHOWN    return str(type(g(x)))",
        "def len(x): return 1\ndel len\n\ndef f(x):SHOWN    return len([x])",
        "from math import *\n\ndef f(x):SHOWN    return pow(x, 2)",
    ],
)
def test_a_name_that_its_module_changes_after_the_definition_drops_the_function(core: str, tmp_path: Path) -> None:
    assert reason(cut(tmp_path, core)) == CHANGED


@pytest.mark.parametrize(
    ("core", "others"),
    [
        ("from .o import TABLE" + READ, {"o": TABLE, "init": "from .o import TABLE\nTABLE[1] = 2"}),
        ("from .o import TABLE" + READ, {"o": TABLE, "init": "from . import o\no.TABLE = [1]"}),
        (
            "from .o import TABLE" + READ,
            {
                "o": TABLE + "def mark(f):\n    TABLE[1] = f\n    return f",
                "init": "from . import o\n@o.mark\ndef g(): pass",
            },
        ),
        (
            "from .o import h\n\ndef f(x):SHOWN    return h(x)",
            {"o": "def h(x): return 0", "init": "from .o import h\n@h.register\ndef g(x): return 1"},
        ),
        ("def g(x): return 1\nfrom .o import *\n\ndef f(x):SHOWN    return g(x)", {"o": "def g(x): return 2"}),
        ("from .o import *\n\ndef f(x):SHOWN    return round(x)", {"o": "def round(x): return 2"}),
        (
            "try:\n    from .o import g\nexcept ImportError:\n    def g(x): return 2\n\ndef f(x):SHOWN    return g(x)",
            {"o": "import nowhere\ndef g(x): return 1"},
        ),
        (
            "from . import o\nfrom .o import N\n\ndef f(x):SHOWN    o.count()\n    return N",
            {"o": "N = 1\ndef count():\n    global N\n    N += 1"},
        ),
    ],
)
def test_a_name_that_another_module_changes_drops_the_function(
    core: str, others: dict[str, str], tmp_path: Path
) -> None:
    assert reason(cut(tmp_path, core, **others)) == CHANGED


@pytest.mark.parametrize(
    "core",
    [
        "from . import o\n\ndef f(x):SHOWN    return f'{o.N=} {x}'",
        "from .o import N as M\n\ndef f(x):SHOWN    return f'{x + M = }'",
        "from . import o\n\ndef f(x):SHOWN    match x:\n        case o.N:\n            return 1\n    return 2",
        "try:\n    from ...o import N\nexcept ImportError:\n    pass\n\ndef f(x):SHOWN    return N + x",
    ],
)
def test_a_name_is_not_written_another_way_where_that_shows(core: str, tmp_path: Path) -> None:
    assert reason(cut(tmp_path, core, o="N = 1\n")).startswith("imports from its own package")


def test_a_module_and_a_name_of_a_package_that_are_called_alike_are_not_told_apart(tmp_path: Path) -> None:
    core = "from .o import k\nfrom . import o\n\ndef f(x):SHOWN    return o.g(x)"
    init = "class o:\n    @staticmethod\n    def g(x): return 1\n"
    assert reason(cut(tmp_path, core, init=init, o="def g(x): return 2\n")).startswith("imports from its own")


@pytest.mark.parametrize(
    ("core", "why"),
    [
        ("def f(x):SHOWN    return __name__", "uses a name that its module does not define at top level"),
        ("def f(x):SHOWN    return __doc__", "uses a name that its module does not define at top level"),
        ("def f(x):SHOWN    return f.__doc__", ITS_NAME),
        ("class K: pass\n\ndef f(x):SHOWN    return K.__module__", ITS_NAME),
        ("N = 1\n\ndef f(x):SHOWN    return globals()['N']", HIDDEN),
        ("N = 1\n\ndef f(x):SHOWN    return eval('N')", HIDDEN),
        ("def _K__g(): return 1\nclass K:\n    n = lambda s: __g()\n\ndef f(x):SHOWN    return K().n()", HIDDEN),
        (
            "def g(x):\n    'Text.'; max = min\n    return max(x, 2)\n\ndef f(x):SHOWN    return g(x)",
            "has a docstring on the line of other code",
        ),
        (
            'try:\n    T = """\n    a\n    """\nfinally:\n    pass\n\ndef f(x):SHOWN    return T',
            "has a text over several lines that is indented as its code is",
        ),
    ],
)
def test_a_function_that_would_return_something_else_outside_its_package_is_dropped(
    core: str, why: str, tmp_path: Path
) -> None:
    assert reason(cut(tmp_path, core)) == why


def test_annotations_of_several_modules_are_not_read(tmp_path: Path) -> None:
    core = "from .o import K\n\ndef f(x):SHOWN    return str(K.__annotations__)"
    other = "from __future__ import annotations\nclass K:\n    a: int = 1\n"
    assert reason(cut(tmp_path, core, o=other)) == "reads annotations that a program of several modules does not keep"


@pytest.mark.parametrize(
    "core",
    [
        "import functools\n\n@functools.lru_cache\ndef f(x):SHOWN    return x",
        "def f(x):SHOWN    return x\n\nif __name__ == '__main__':\n    f(1)\n    f = None",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .o import K\n\ndef f(x: 'K'):SHOWN    return x",
        "try:\n    from math import prod\nexcept ImportError:\n    prod = None\n\ndef f(x):SHOWN    return prod([x])",
        "__all__ = ['f']\n__all__ += ['g']\n__all__.extend(['h'])\n\ndef f(x):SHOWN    return x",
        "N = None\n\ndef f(x):SHOWN    global N\n    N = x\n    return N",
        "A, B = 1, [2]; C = A + len(B)\n\ndef f(x):SHOWN    return C + x",
        "from _core import *\n\ndef _g(x): return x\n\ndef f(x):SHOWN    return _g(x)",
    ],
)
def test_what_an_import_does_to_other_names_drops_nothing(core: str, tmp_path: Path) -> None:
    assert isinstance(cut(tmp_path, core), Program)


def test_a_variable_of_a_docstring_is_not_put_where_an_expression_binds_its_name(tmp_path: Path) -> None:
    shown = '\n    """\n    >>> x = 3\n    >>> [f(y, x) for x in (1, 2) for y in [f(0, 4)]]\n    """\n'
    found = cut(tmp_path, f"def f(y, x):{shown}    return x\n")
    assert isinstance(found, Program)
    assert "for x in" in found.source


def test_a_file_that_cannot_be_decoded_drops_what_needs_it_and_nothing_else(tmp_path: Path) -> None:
    odd = tmp_path / "odd.py"
    odd.write_bytes(b"# \xff\n")
    good = tmp_path / "good.py"
    good.write_text(f"def f(x):{SHOWN}    return x\n")
    modules = Modules({"odd": odd, "good": good})
    assert isinstance(next(docstring_programs(modules, modules.read("good"), "good", "MIT")), Program)
