"""Lines end where Python, or JSON lines, say they do, and a byte order mark is no part of a text."""

from __future__ import annotations

import ast
import gzip
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from codereasoner import extend
from codereasoner.errors import DataError
from codereasoner.evaluation.generations import read_generations
from codereasoner.jsonl_files import read_rows_of_part
from codereasoner.ledger import read_rows
from codereasoner.parquet_files import Row
from codereasoner.records import Program
from codereasoner.sources.program_files import read_program
from codereasoner.spill import whole_lines
from codereasoner.steps.source import read_source

PACKAGE = Path(__file__).parents[1] / "src" / "codereasoner"


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_nothing_splits_lines_where_neither_python_nor_json_lines_end_one(path: Path) -> None:
    attributes = [each for each in ast.walk(ast.parse(path.read_text())) if isinstance(each, ast.Attribute)]
    assert not [each.lineno for each in attributes if each.attr in ("splitlines", "readlines")]


@pytest.mark.parametrize("read", [read_rows, read_rows_of_part])
def test_a_carriage_return_alone_is_a_space_of_json_and_ends_no_row(
    tmp_path: Path, read: Callable[[Path], Iterable[Row]]
) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b'{"a":\r1}\r\n{"b": 2}\n')
    assert list(read(file)) == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85", "\x0c", "\x0b", "\x1c", "\x1d", "\x1e"])
def test_a_row_of_json_lines_ends_at_a_newline_only(tmp_path: Path, sign: str) -> None:
    rows = [{"text": f"a{sign}b"}, {"text": "c"}]
    file = tmp_path / "rows.jsonl"
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    file.write_text(text, encoding="utf-8")
    if sign >= " ":
        assert list(read_rows(file)) == rows
    assert whole_lines(f'{{"a": "{sign}"}}\n{{"torn') == [f'{{"a": "{sign}"}}']


def test_rows_packed_by_gzip_are_read_and_a_torn_archive_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl.gz"
    file.write_bytes(gzip.compress(b'{"a": 1}\r\n\n{"a": 2}'))
    assert list(read_rows(file)) == [{"a": 1}, {"a": 2}]
    file.write_bytes(gzip.compress(b'{"a": 1}\n')[:-9])
    with pytest.raises(DataError, match=r"rows\.jsonl\.gz: a broken gzip file"):
        list(read_rows(file))


@pytest.mark.parametrize("packed", [bytes, gzip.compress])
@pytest.mark.parametrize(
    ("head", "told"),
    [
        (b"PAR1\xff", "but a parquet file: unpack it and give it a name that ends in .parquet"),
        (b"PK\x03\x04\xff", "but a packed file: unpack it"),
        (b"\xfd7zXZ", "but a packed file"),
        (b"\xff\xfe{\x00", "but UTF-16: save it as UTF-8"),
        (b"a\xff", r"not UTF-8 text \(byte 1\): save it as UTF-8$"),
    ],
)
def test_a_file_that_holds_no_text_is_named_for_what_it_is(
    head: bytes, told: str, packed: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_bytes(packed(head))
    with pytest.raises(DataError, match=rf"rows\.jsonl: .*{told}"):
        list(read_rows(file))
    with pytest.raises(DataError, match=rf"rows\.jsonl: .*{told}"):
        read_generations(extend.find("benchmark", "cruxeval-o"), file, [])


def test_a_pointer_of_git_lfs_is_named_for_what_it_is(tmp_path: Path) -> None:
    for name in ("rows.jsonl", "rows.parquet"):
        (tmp_path / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:a\nsize 9\n")
        with pytest.raises(DataError, match=f"{name} is a pointer of Git LFS, not the file: fetch it with"):
            list(read_rows(tmp_path / name))
    with pytest.raises(DataError, match="is a pointer of Git LFS"):
        read_generations(extend.find("benchmark", "cruxeval-o"), tmp_path / "rows.jsonl", [])


@pytest.mark.parametrize("text", ["[\n {}\n]", "{\n}", "[{}, {}]", "{}\r{}"])
def test_an_array_or_an_object_over_several_lines_is_told_how_to_write(text: str, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(text)
    with pytest.raises(DataError, match=r"rows\.jsonl, line 1: .* one (whole )?object a line"):
        list(read_rows(file))


def test_a_byte_order_mark_is_read_over(tmp_path: Path) -> None:
    rows, source = tmp_path / "rows.jsonl", tmp_path / "f.py"
    rows.write_text('{"a": 1}\n', encoding="utf-8-sig")
    source.write_text("def f(x):\n    return x\nprint(f(3))\n", encoding="utf-8-sig")
    assert list(read_rows(rows)) == [{"a": 1}]
    assert read_source(source).startswith("def f")
    program = read_program(source)
    assert isinstance(program, Program)
    assert program.calls == ("3",)


def test_a_declared_encoding_is_that_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "f.py"
    file.write_bytes("# coding: latin-1\ndef f(x):\n    return 'é'\n".encode("latin-1"))
    assert "'é'" in read_source(file)


@pytest.mark.parametrize("sign", ["\x0c", "\x0c\n", "'\u2028'\n", "# \x1c\x85\n"])
def test_the_expected_answer_is_taken_out_whatever_stands_before_it(tmp_path: Path, sign: str) -> None:
    file = tmp_path / "f.py"
    file.write_text(f"def g(x):\n    return x\n{sign}\ndef f(x):\n    return g(x)\n\nprint(f(3))\nassert f(4) == 9\n")
    program = read_program(file)
    assert isinstance(program, Program)
    assert program.calls == ("3", "4")
    assert "assert" not in program.source
    assert "print" not in program.source
