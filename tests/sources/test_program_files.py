from __future__ import annotations

from pathlib import Path

import pytest

from codereasoner.errors import ConfigError, DataError
from codereasoner.grammar.draft import SHARES
from codereasoner.ledger import write_records
from codereasoner.records import Program
from codereasoner.sources.program_files import Files, read_program

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
    assert (program.entry, program.calls) == ("f", ("3, y=[1]", "2, y='a'"))
    assert program.source == TEXT.partition("\nprint")[0].rstrip()


def test_a_folder_is_split_by_the_programs_themselves(tmp_path: Path) -> None:
    for index in range(40):
        (tmp_path / f"{index}.py").write_text(f"def f(x):\n    return x + {index}\nprint(f(1))\n")
    splits = {split: [p.source for p in Files(tmp_path).programs(split, 100)] for split in SHARES}
    assert sum(map(len, splits.values())) == len({source for sources in splits.values() for source in sources}) == 40
    assert list(Files(tmp_path).programs("train", 3)) == list(Files(tmp_path).programs("train", 100))[:3]


def test_a_file_of_programs_keeps_splits_and_licences(tmp_path: Path) -> None:
    path = tmp_path / "programs.jsonl"
    rows = [Program(f"def f(x):\n    return x * {n}", "f", ("1",), split="rl", license="MIT") for n in (1, 2, 2)]
    write_records(path, rows, {})
    found = list(Files(path, license="Apache-2.0").programs("rl", 9))
    assert [program.license for program in found] == ["MIT", "MIT"]
    assert found[0].origin == "files/programs.jsonl"
    assert not list(Files(path).programs("train", 9))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def f(x:", "not Python"),
        ("x = 1", "no function"),
        ("def f(x):\n    return x\n", r"no line `print\(f\(...\)\)`"),
    ],
)
def test_a_file_that_is_no_program_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bad.py").write_text(text)
    with pytest.raises(DataError, match=rf"bad\.py.*{message}"):
        read_program(tmp_path / "bad.py")


def test_a_missing_path_and_an_unknown_split_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="needs a path"):
        Files()
    with pytest.raises(DataError, match=r"no \.py file"):
        list(Files(tmp_path).programs("train", 1))
    with pytest.raises(ConfigError, match="split 'dev'"):
        list(Files(tmp_path).programs("dev", 1))
