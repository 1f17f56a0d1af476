from __future__ import annotations

from pathlib import Path

import pytest

from codereasoner.curation.static_filters import StaticFilters
from codereasoner.errors import ConfigError, DataError
from codereasoner.extend import Rejected
from codereasoner.grammar.draft import SHARES
from codereasoner.ledger import write_records
from codereasoner.records import Program
from codereasoner.sources.program_files import OTHER, Files, read_program

TEXT = """def g(x):
    return x + 1

def f(x, *, y):
    return g(x) * y

print(f(3, y=[1]))
assert f(2, y='a') == 'aaa'
"""


def test_a_python_file_becomes_a_program_without_its_last_lines(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(TEXT)
    program = read_program(tmp_path / "one.py")
    assert isinstance(program, Program)
    assert (program.entry, program.calls) == ("f", ("3, y=[1]", "2, y='a'"))
    assert program.source == TEXT.partition("\nprint")[0].rstrip()


def test_calls_of_other_functions_leave_the_program_and_are_rejected(tmp_path: Path) -> None:
    others = "print(g(1))\nassert g(2) == 3\nif __name__ == '__main__':\n    print(g(4))\n    print(f(5, y=1))\n"
    (tmp_path / "one.py").write_text(TEXT + others)
    found = [each for split in SHARES for each in Files(tmp_path).programs(split, 9)]
    (program,) = [each for each in found if isinstance(each, Program)]
    assert (program.entry, program.calls) == ("f", ("3, y=[1]", "2, y='a'", "5, y=1"))
    assert program.source == TEXT.partition("\nprint")[0].rstrip()
    (other,) = [each for each in found if isinstance(each, Rejected)]
    assert (other.text, other.reason, other.origin) == ("g", OTHER, "files/one.py/g")


def test_a_program_of_a_row_has_the_line_ends_that_python_reads(tmp_path: Path) -> None:
    write_records(tmp_path / "programs.jsonl", [Program("def f(x):\r\n    return x\r", "f", ("1",), split="rl")], {})
    assert kept(tmp_path / "programs.jsonl", "rl")[0].source == "def f(x):\n    return x\n"


def kept(path: Path, split: str, license: str = "") -> list[Program]:
    return [each for each in Files(path, license).programs(split, 100) if isinstance(each, Program)]


def test_a_folder_is_split_by_the_programs_themselves(tmp_path: Path) -> None:
    for index in range(40):
        (tmp_path / f"{index}.py").write_text(f"def f(x):\n    return x + {index}\nprint(f(1))\n")
    splits = {split: [program.source for program in kept(tmp_path, split)] for split in SHARES}
    assert sum(map(len, splits.values())) == len({source for sources in splits.values() for source in sources}) == 40
    assert list(Files(tmp_path).programs("train", 3)) == list(Files(tmp_path).programs("train", 100))[:3]


def test_a_file_of_programs_keeps_splits_and_licences(tmp_path: Path) -> None:
    path = tmp_path / "programs.jsonl"
    rows = [Program(f"def f(x):\n    return x * {n}", "f", ("1",), split="rl", license="MIT") for n in (1, 2, 2)]
    write_records(path, rows, {})
    found = kept(path, "rl", "Apache-2.0")
    assert [program.license for program in found] == ["MIT", "MIT"]
    assert found[0].origin == "files/programs.jsonl"
    assert not list(Files(path).programs("train", 9))


CALLED = "def f(x):\n    return x\n"


@pytest.mark.parametrize(
    ("text", "source", "calls"),
    [
        (CALLED + "if __name__ == '__main__':\n    print(f(3))\n", CALLED.rstrip(), ["3"]),
        (CALLED + "if __name__ == '__main__':\n    xs = [1]\n    print(f(xs))\n", CALLED.rstrip(), ["[1]"]),
        (
            CALLED
            + "if __name__ == '__main__':\n    xs = list('ab')\n    print('hi')\n    xs.sort()\n    print(f(xs))\n",
            CALLED + "\nxs = list('ab')\nxs.sort()",
            ["xs"],
        ),
        (CALLED + "if '__main__' == __name__:\n    print(f(3))\n", CALLED.rstrip(), ["3"]),
        (CALLED + "xs = [1]\nprint(f(xs))\nxs = [2]\nprint(f(xs))\n", CALLED + "xs = [1]\nxs = [2]", ["[1]", "[2]"]),
        (CALLED + "xs = [1]\nxs.append(2)\nprint(f(xs))\n", CALLED + "xs = [1]\nxs.append(2)", ["xs"]),
        (CALLED + "n = 'é'; print(f(n)); m = 2\n", CALLED + "n = 'é'; m = 2", ["'é'"]),
        (CALLED + "import os\nif __name__ == '__main__':\n    print(f(os.sep))\n", CALLED + "import os", ["os.sep"]),
        (CALLED + "def main():\n    pass\nprint(f(3))  # 3\nmain()\n", CALLED + "def main():\n    pass\nmain()", ["3"]),
        ("\ufeff" + CALLED + "\x0cassert f(3) == 3\n", CALLED.rstrip(), ["3"]),
    ],
)
def test_calls_are_found_with_the_statements_that_they_need(
    tmp_path: Path, text: str, source: str, calls: list[str]
) -> None:
    (tmp_path / "one.py").write_text(text)
    program = read_program(tmp_path / "one.py")
    assert isinstance(program, Program)
    assert (program.source, program.entry, list(program.calls)) == (source, "f", calls)


def test_comments_and_default_parameters_drop_no_file_of_people(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("# coding: utf-8\ndef f(x, y=2):\n    return x + y  # a sum\nprint(f(3))\n")
    program = read_program(tmp_path / "one.py")
    assert isinstance(program, Program)
    assert StaticFilters().reason(program) is None


def test_a_file_that_holds_no_program_is_dropped_with_its_reason_and_the_others_are_kept(tmp_path: Path) -> None:
    files = {
        "bad.py": b"def f(x:",
        "bytes.py": b"\x00\xff\xfe",
        "empty.py": b"",
        "latin.py": "def f(x):\n    return 'é'\nprint(f(1))\n".encode("latin-1"),
        "python2.py": b"def f(x):\n    print x\nprint f(3)\n",
        "uncalled.py": b"def f(x):\n    return x\n",
        "deep.py": b"def f(x):\n    '>>> f(" + b"-" * 100_000 + b"1)'\n    return x\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "folder.py" / "good.py").write_text(TEXT)
    found = [each for split in SHARES for each in Files(tmp_path).programs(split, 9)]
    assert [each.origin for each in found if isinstance(each, Program)] == ["files/folder.py/good.py"]
    assert {each.origin: each.reason for each in found if isinstance(each, Rejected)} == {
        "files/bad.py": "does not parse",
        "files/bytes.py": "cannot be read as Python source",
        "files/empty.py": "no function at top level",
        "files/folder.py": "not a file",
        "files/latin.py": "cannot be read as Python source",
        "files/python2.py": "does not parse",
        "files/uncalled.py": "no call in a print, an assertion or a docstring",
        "files/deep.py:1/f": "an example that does not parse",
    }


def test_functions_whose_docstrings_show_calls_are_cut_out_of_a_file_that_shows_none_itself(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "rates.py").write_text("RATE = 3\n")
    (tmp_path / "shop" / "prices.py").write_text(
        "import argparse\nfrom shop.rates import RATE\n\n"
        "def price(n):\n    '''Price.\n\n    >>> price(2)\n    6\n    '''\n"
        "    return n * RATE\n\ndef main():\n    print(price(int(argparse.ArgumentParser().prog)))\n"
    )
    found = [each for split in SHARES for each in Files(tmp_path, "MIT").programs(split, 9)]
    [program] = [each for each in found if isinstance(each, Program)]
    assert program.source == "RATE = 3\n\ndef price(n):\n    return n * RATE\n"
    assert (program.entry, program.calls, program.license) == ("price", ("2",), "MIT")
    assert program.origin == "files/shop/prices.py:4/price"


def test_a_file_with_the_name_of_a_package_beside_it_is_read_as_itself(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    for place, plus in (("shop.py", 1), ("shop/__init__.py", 2)):
        (tmp_path / place).write_text(f"def f(x):\n    '''>>> f(1)'''\n    return x + {plus}\n")
    found = [each for split in SHARES for each in Files(tmp_path).programs(split, 9)]
    assert {each.origin: each.source[-2] for each in found if isinstance(each, Program)} == {
        "files/shop.py:1/f": "1",
        "files/shop/__init__.py:1/f": "2",
    }


def test_one_python_file_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(TEXT)
    assert sum(len(list(Files(tmp_path / "one.py").programs(split, 9))) for split in SHARES) == 1


def test_a_missing_path_and_an_unknown_split_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="needs a path"):
        Files()
    with pytest.raises(DataError, match=r"no \.py file"):
        list(Files(tmp_path).programs("train", 1))
    with pytest.raises(ConfigError, match="split 'dev'"):
        list(Files(tmp_path).programs("dev", 1))
