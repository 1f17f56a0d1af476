"""The stage that writes programs: what it asks for, drops and counts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from unittest.mock import Mock

import pytest

from codereasoner.curation.static_filters import StaticFilters
from codereasoner.errors import ConfigError, DataError, UnknownName
from codereasoner.extend import Rejected, Source
from codereasoner.ledger import Ledger, read_manifest, read_records, read_rows
from codereasoner.records import Program
from codereasoner.stages.engine import InProcess
from codereasoner.stages.excluded_benchmarks import read_against
from codereasoner.stages.make_programs import make_programs, write_programs
from codereasoner.stages.stage_options import ProgramOptions


class Counting(Source):
    """f(x) = x * index; every third program is the one before it in other names, every fourth text is useless."""

    name = "counting"

    def programs(self, split: str, count: int) -> Iterator[Program | Rejected]:
        """They come as the numbers do."""
        for index in range(count):
            if index % 4 == 3:
                yield Rejected(f"sorry {index}", "no code block", f"counting/{index}")
            name, factor = ("y", index - 1) if index % 3 == 2 else ("x", index)
            yield Program(f"def f({name}):\n    return {name} * {factor + 2}", "f", ("3",), f"counting/{index}", split)


def written(path: Path, **options: object) -> tuple[list[Program], dict[str, int]]:
    write_programs(path, [("train", 40, Counting())], {}, **options)  # type: ignore[arg-type]
    manifest = read_manifest(path)
    assert manifest is not None
    return list(read_records(path, Program)), manifest["drops"]


def test_as_many_programs_are_kept_as_are_wanted_and_what_is_dropped_is_kept_beside_them(tmp_path: Path) -> None:
    programs, drops = written(tmp_path / "programs.jsonl")
    assert len({program.source for program in programs}) == len(programs) == 40
    assert drops["duplicate"] in (19, 20)
    assert drops["no code block"] in (14, 15)
    dropped = list(read_rows(tmp_path / "programs.jsonl.dropped.jsonl"))
    assert len(dropped) == sum(drops.values())
    assert {"duplicate", "no code block"} == {row["reason"] for row in dropped}


def test_a_source_that_has_no_more_gives_what_it_has(tmp_path: Path) -> None:
    class Few(Counting):
        name = "few"

        def programs(self, split: str, count: int) -> Iterator[Program | Rejected]:
            return super().programs(split, min(count, 30))

    write_programs(tmp_path / "p.jsonl", [("train", 40, Few())], {})
    assert len(list(read_records(tmp_path / "p.jsonl", Program))) == 20


def test_a_broken_off_stage_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    class Breaking(Counting):
        name = "breaking"

        def programs(self, split: str, count: int) -> Iterator[Program | Rejected]:
            for index, program in enumerate(super().programs(split, count)):
                if index == 33:
                    raise KeyboardInterrupt
                yield program

    whole, broken = tmp_path / "whole.jsonl", tmp_path / "broken.jsonl"
    written(whole)
    with pytest.raises(KeyboardInterrupt):
        write_programs(broken, [("train", 40, Breaking())], {})
    written(broken)
    for name in ("", ".dropped.jsonl"):
        assert Path(f"{whole}{name}").read_bytes() == Path(f"{broken}{name}").read_bytes()


def test_every_program_can_get_more_calls(tmp_path: Path) -> None:
    programs, _ = written(tmp_path / "p.jsonl", mutations=3)
    assert all(program.calls[0] == "3" for program in programs)
    assert sum(len(program.calls) for program in programs) > 100


def test_programs_of_a_benchmark_named_by_its_file_are_dropped(tmp_path: Path, shared_data: Path) -> None:
    known = read_against([f"cruxeval={shared_data / 'cruxeval' / 'cruxeval.jsonl'}"])
    assert known.counts()["cruxeval-o"] == 800

    class Copies(Source):
        name = "copies"

        def programs(self, split: str, count: int) -> Iterator[Program]:
            for row in list(read_rows(shared_data / "cruxeval" / "cruxeval.jsonl"))[:20]:
                head, _, body = row["code"].partition("\n")
                yield Program(f"{head}\n    unused = 1\n{body}", "f", (row["input"],), split=split)

    write_programs(
        tmp_path / "p.jsonl", [("train", 20, Copies())], {}, screen=partial(StaticFilters, 0.0, known.reason)
    )
    manifest = read_manifest(tmp_path / "p.jsonl")
    assert manifest is not None
    assert manifest["drops"]["in cruxeval-i (n-grams)"] > 10


def test_a_benchmark_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CODEREASONER_DATA", raising=False)
    with pytest.raises(UnknownName, match="'cruxevil' is unknown"):
        read_against(["cruxevil"])
    with pytest.raises(DataError, match="there is no"):
        read_against([f"cruxeval={tmp_path / 'none.jsonl'}"])
    with pytest.raises(DataError, match="no benchmark has data"):
        read_against([f"all={tmp_path}"])


def mixed(path: Path, *mix: float, **options: object) -> None:
    code = path.parent / "code"
    if not code.exists():
        code.mkdir()
        for number in range(60):
            (code / f"p{number}.py").write_text(
                f"def f(x):\n    return [x, {number}] * {number}\n\n\nprint(f({number}))\n"
            )
    named = {"source": ("files", "procedural"), "set": (f"files.path={code}", "procedural.difficulty=2"), **options}
    make_programs(path, ProgramOptions(mix=mix, **named), read_against(()), InProcess())  # type: ignore[arg-type]


def test_sources_are_mixed_by_share_and_a_killed_mix_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append, kill = Ledger.append, Mock(side_effect=KeyboardInterrupt)
    whole, killed = tmp_path / "whole.jsonl", tmp_path / "killed.jsonl"
    mixed(whole, 0.3, train=20, rl=5)
    origins = [(each.split, each.origin.partition("/")[0]) for each in read_records(whole, Program)]
    assert Counter(origins) == {
        ("train", "files"): 6,
        ("train", "procedural"): 14,
        ("rl", "files"): 2,
        ("rl", "procedural"): 3,
    }
    manifest = read_manifest(whole)
    assert manifest is not None
    assert (manifest["sources"], manifest["config"]["mix"]) == ({"files": 8, "procedural": 17}, [0.3])

    monkeypatch.setattr(Ledger, "append", lambda self, row: kill() if len(self) == 9 else append(self, row))
    with pytest.raises(KeyboardInterrupt):
        mixed(killed, 0.3, train=20, rl=5)
    monkeypatch.undo()
    mixed(killed, 0.3, train=20, rl=5)
    assert killed.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize(
    ("mix", "options", "message"),
    [
        ((), {}, "2 --source and 0 --mix: each source but the last needs its share"),
        ((0.6, 0.6), {}, "2 --source and 2 --mix"),
        ((1.5,), {}, "--mix 1.5: shares are above 0, and together below 1"),
        ((0.5,), {"set": ("difficulty=2",)}, "--set difficulty: with several sources the key begins with one, such as"),
        ((0.5,), {"source": ("procedural", "procedural"), "set": ()}, "--source names 'procedural' twice"),
    ],
)
def test_a_mix_that_cannot_be_made_is_one_sentence(
    tmp_path: Path, mix: tuple[float, ...], options: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        mixed(tmp_path / "p.jsonl", *mix, **options)
