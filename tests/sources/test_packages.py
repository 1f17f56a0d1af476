"""Functions of packages: cut out whole, with the calls of their docstrings, or dropped with a reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from codereasoner.curation.static_filters import StaticFilters
from codereasoner.errors import ConfigError
from codereasoner.execution.pool import Pool
from codereasoner.grammar.draft import SHARES
from codereasoner.interfaces import Rejected
from codereasoner.records import Job, Program
from codereasoner.sources.packages import Packages

CORE = '''
from __future__ import annotations, generators

import math
from functools import reduce as fold

import numpy

from .tools import LIMIT, _add
from . import tools
import sample_package.tools

if math.inf < 0:
    from typing import Sized

try:
    from os import fspath
except ImportError:
    fspath = None


def total(values, start=LIMIT):
    """Add values up.

    >>> total([1, 2])
    13
    >>> numbers = [3, 4]
    >>> total(numbers, start=0)
    7
    >>> total(range(3))
    13
    """

    # starts at the limit
    return fold(_add, values, start)


def roots(value):
    """
    >>> list(roots(16))
    [4, 2]
    >>> print(*roots(81))
    9 3 1
    >>> roots(unknown)
    """
    while value > 2:
        value = math.isqrt(value)
        yield value


def far(x):
    """
    >>> far(1)
    1
    """
    return numpy.sum(x)


def near(x):
    """
    >>> near(1)
    1
    """
    return tools._add(x, 1)


def named(x):
    """
    >>> named(1)
    1
    """
    return sample_package.tools._add(x, 1)


def half(x: Sized) -> list[Sized]:
    """
    >>> half('abcd')
    'ab'
    """
    return x[: len(x) // 2]


def plain(x):
    return x
'''
TOOLS = '''
LIMIT = 5 * 2


def _add(x, y):
    """Add.

    >>> _add(1, 2)
    3
    """
    return x + y
'''


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package `sample-package` 1.5, MIT, of two modules; no code of it is ever imported."""
    (tmp_path / "sample_package").mkdir()
    (tmp_path / "sample_package" / "__init__.py").write_text("raise RuntimeError('imported')\n")
    (tmp_path / "sample_package" / "core.py").write_text(CORE)
    (tmp_path / "sample_package" / "tools.py").write_text(TOOLS)
    about = tmp_path / "sample_package-1.5.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(
        "Metadata-Version: 2.4\nName: sample-package\nVersion: 1.5\nLicense-Expression: MIT\n"
    )
    files = ["__init__", "core", "tools"]
    (about / "RECORD").write_text("".join(f"sample_package/{name}.py,,\n" for name in files))
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def everything(source: Packages) -> tuple[dict[str, Program], dict[str, str]]:
    found = [each for split in SHARES for each in source.programs(split, 1000)]
    kept = {each.entry: each for each in found if isinstance(each, Program)}
    return kept, {each.text: each.reason for each in found if isinstance(each, Rejected)}


def test_a_function_is_cut_out_with_what_it_needs_and_without_its_docstring(installed: Path, pool: Pool) -> None:
    kept, _ = everything(Packages(["sample-package"]))
    program = kept["total"]
    assert program.source == (
        "from __future__ import annotations\n"
        "from functools import reduce as fold\n\nLIMIT = 5 * 2\n\ndef _add(x, y):\n    return x + y\n\n"
        "def total(values, start=LIMIT):\n    # starts at the limit\n    return fold(_add, values, start)\n"
    )
    assert program.calls == ("[1, 2]", "[3, 4], start=0", "range(0, 3)")
    assert (program.license, program.origin) == ("MIT", "packages/sample-package/1.5/sample_package.core:22/total")
    runs = pool.run([Job(program.source, program.entry, call) for call in program.calls])
    assert [run.value for run in runs] == ["13", "7", "13"]


def test_an_expression_around_the_function_becomes_a_wrapper_with_its_literals_lifted_out(
    installed: Path, pool: Pool
) -> None:
    kept, dropped = everything(Packages(["sample-package"]))
    program = kept["roots_example"]
    assert program.source.endswith("def roots_example(value):\n    return list(roots(value))\n")
    assert program.calls == ("16", "81")
    assert [run.value for run in pool.run([Job(program.source, program.entry, call) for call in program.calls])] == [
        "[4, 2]",
        "[9, 3, 1]",
    ]
    assert dropped["roots"] == "an example without a literal argument"


def test_a_name_that_only_annotations_use_and_nobody_evaluates_is_not_needed(installed: Path, pool: Pool) -> None:
    program = everything(Packages(["sample-package"]))[0]["half"]
    assert "x: Sized" in program.source
    assert "typing" not in program.source
    assert pool.run([Job(program.source, program.entry, program.calls[0])])[0].value == "'ab'"


def test_what_does_not_stand_alone_is_dropped_with_its_reason(installed: Path) -> None:
    kept, dropped = everything(Packages(["sample-package"]))
    assert dropped["far"] == "needs another package"
    assert "plain" not in kept


def test_names_of_the_modules_of_its_package_are_names_of_the_program(installed: Path, pool: Pool) -> None:
    (installed / "sample_package" / "core.py").write_text(
        "import sample_package as own\nfrom . import tools as t\nfrom .tools import LIMIT as MOST, _add as plus\n\n\n"
        'def near(x):\n    """\n    >>> near(1)\n    23\n    """\n'
        "    return own.doubled(t._add(x, MOST)) + [plus][0](x, 0) + own.tools.LIMIT * 0 - f'{t.LIMIT}'.find('x') - 1\n"
    )
    (installed / "sample_package" / "__init__.py").write_text("from .more import twice as doubled\n")
    (installed / "sample_package" / "more.py").write_text("def twice(x):\n    return x * 2\n")
    with (installed / "sample_package-1.5.dist-info" / "RECORD").open("a") as record:
        record.write("sample_package/more.py,,\n")
    program = everything(Packages(["sample-package"]))[0]["near"]
    assert "return twice(_add(x, LIMIT)) + [_add][0](x, 0) + LIMIT * 0 - f'{LIMIT}'.find('x') - 1\n" in program.source
    assert "import" not in program.source
    assert pool.run([Job(program.source, program.entry, program.calls[0])])[0].value == "23"


@pytest.mark.parametrize(
    ("core", "reason"),
    [
        (
            "from . import tools\n\ndef f(x):SHOWN\n    return vars(tools)",
            "uses a module of its own package as a value",
        ),
        (
            "from . import tools\n\ndef f(x):SHOWN\n    tools.LIMIT = x\n    return x",
            "uses a module of its own package as a value",
        ),
        (
            "from . import tools\n\ndef f(_add):SHOWN\n    return tools._add(_add, 1)",
            "two of its helpers have one name",
        ),
        (
            "from . import tools\n\ndef f(x):SHOWN\n    return (lambda tools: tools.LIMIT)(x) + tools.LIMIT",
            "two of its helpers have one name",
        ),
        (
            "from . import tools\n\ndef _add(x): return x\n\ndef f(x):SHOWN\n    return tools._add(_add(x), 1)",
            "two of its helpers have one name",
        ),
        (
            "from . import tools\n\ndef f(x):SHOWN\n    return tools.max(x, max(x, 2))",
            "two of its helpers have one name",
        ),
        (
            "from . import tools\n\ndef g(x): return max(x, 2)\n\ndef f(x):SHOWN\n    return tools.max(x, g(x))",
            "two of its helpers have one name",
        ),
        (
            "from . import tools\n\ndef f(x):SHOWN\n    return tools.none(x)",
            "imports from its own package in a way that cannot be followed",
        ),
    ],
)
def test_a_name_of_another_module_that_cannot_be_taken_alone_drops_the_function(
    core: str, reason: str, installed: Path
) -> None:
    shown = '\n    """\n    >>> f(1)\n    """'
    (installed / "sample_package" / "core.py").write_text(core.replace("SHOWN", shown) + "\n")
    (installed / "sample_package" / "tools.py").write_text(f"{TOOLS}\n\ndef max(x, y):\n    return y\n")
    assert everything(Packages(["sample-package"]))[1]["f"] == reason


def test_a_helper_that_two_functions_import_from_one_module_of_the_package_is_one_helper(
    installed: Path, pool: Pool
) -> None:
    (installed / "sample_package" / "core.py").write_text(
        "from .tools import _add\n\n\ndef _double(x):\n    return _add(x, x)\n\n\n"
        'def triple(x):\n    """\n    >>> triple(2)\n    6\n    """\n    return _add(_double(x), x)\n'
    )
    program = everything(Packages(["sample-package"]))[0]["triple"]
    assert pool.run([Job(program.source, program.entry, program.calls[0])])[0].value == "6"


@pytest.mark.parametrize(
    ("core", "tools"),
    [
        ("from .tools import use\n\n\ndef gcd(x):\n    return x", "from math import gcd"),
        ("from math import gcd\n\nfrom .tools import use", "def gcd(x):\n    return x"),
        ("from math import gcd\n\nfrom .tools import use", "from cmath import phase as gcd"),
    ],
)
def test_helpers_of_one_name_that_are_two_things_are_not_cut_out_together(
    core: str, tools: str, installed: Path
) -> None:
    shown = 'def both(x):\n    """\n    >>> both(2)\n    4\n    """\n    return gcd(x), use(x)\n'
    (installed / "sample_package" / "core.py").write_text(f"{core}\n\n\n{shown}")
    (installed / "sample_package" / "tools.py").write_text(f"{tools}\n\n\ndef use(x):\n    return gcd(x)\n")
    assert everything(Packages(["sample-package"]))[1]["both"] == "two of its helpers have one name"


def test_a_licence_that_is_not_allowed_drops_the_package(installed: Path) -> None:
    kept, dropped = everything(Packages(["sample-package"], licenses=["ISC"]))
    assert (kept, dropped) == ({}, {"sample-package": "licence MIT is not allowed"})


def test_functions_of_the_standard_library_have_the_licence_of_python() -> None:
    kept, _ = everything(Packages("textwrap, heapq, difflib"))
    assert kept
    assert {program.license for program in kept.values()} == {"PSF-2.0"}


def test_the_same_programs_come_on_every_call_and_none_is_in_two_splits(installed: Path) -> None:
    source = Packages(["sample-package", "difflib"])
    splits = {split: [each.id for each in source.programs(split, 99) if isinstance(each, Program)] for split in SHARES}
    assert [each.id for each in source.programs("train", 99) if isinstance(each, Program)] == splits["train"]
    ids = [each for found in splits.values() for each in found]
    assert len(ids) == len(set(ids))


def test_packages_that_are_not_installed_are_named_before_any_work() -> None:
    with pytest.raises(ConfigError, match=r"'no-such-package' is not installed.*pip install --no-deps no-such-package"):
        Packages(["no-such-package"])
    with pytest.raises(
        ConfigError, match=r"^'no-such', 'nor-such' are not installed.*pip install --no-deps no-such nor-such$"
    ):
        Packages(["no-such", "textwrap", "nor-such"])
    with pytest.raises(ConfigError, match="'' is not installed"):
        Packages([""])
    with pytest.raises(ConfigError, match="needs names"):
        Packages()


def test_comments_and_default_parameters_of_people_are_kept(installed: Path) -> None:
    kept, _ = everything(Packages(["sample-package"]))
    assert "# starts at the limit" in kept["total"].source
    assert StaticFilters().reason(kept["total"]) is None
    assert StaticFilters().reason(replace(kept["total"], features={})) == "default parameter"
