"""Files of records that survive a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from codereasoner.errors import ConfigError, DataError
from codereasoner.ledger import Ledger, fingerprint, read_manifest, read_records, read_rows, write_records
from codereasoner.outputs import set_aside
from codereasoner.records import Program


def rows(count: int) -> list[dict[str, object]]:
    return [{"id": f"r{index}", "value": index} for index in range(count)]


def test_the_final_name_appears_only_when_the_file_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    with Ledger(path, {}) as ledger:
        ledger.append(rows(1)[0])
        assert not path.exists()
        ledger.finish()
    assert list(read_rows(path)) == rows(1)


def test_an_interrupted_ledger_continues_without_repeating_a_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    with Ledger(path, {"a": 1}) as ledger:
        for row in rows(3):
            ledger.append(row)
    with Ledger(path, {"a": 1}) as ledger:
        assert "r2" in ledger
        assert "r3" not in ledger
        for row in rows(5):
            ledger.append(row)
        ledger.finish()
    assert list(read_rows(path)) == rows(5)


def test_a_torn_last_line_is_dropped_and_written_again(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    with Ledger(path, {}) as ledger:
        for row in rows(2):
            ledger.append(row)
    part = tmp_path / "rows.jsonl.part"
    part.write_bytes(part.read_bytes()[:-5])
    with Ledger(path, {}) as ledger:
        assert "r1" not in ledger
        for row in rows(2):
            ledger.append(row)
        ledger.finish()
    assert list(read_rows(path)) == rows(2)


@pytest.mark.parametrize("finished", [False, True])
def test_a_result_of_another_config_is_not_replaced_and_the_difference_is_named(tmp_path: Path, finished: bool) -> None:
    path = tmp_path / "rows.jsonl"
    with Ledger(path, {"seed": 1, "same": True}) as ledger:
        ledger.append(rows(1)[0])
        if finished:
            ledger.finish()
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    with (
        pytest.raises(ConfigError, match=r"rows\.jsonl holds a \w+ result of other options \(seed: 1, now 2\)"),
        Ledger(path, {"seed": 2, "same": True}),
    ):
        pass
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before
    set_aside(path)
    write_records(path, rows(2), {"seed": 2, "same": True})
    assert len(list(read_rows(path))) == 2
    assert (tmp_path / f"rows.jsonl{'' if finished else '.part'}.old").is_file()


def test_a_file_that_nobody_made_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "notes.jsonl").write_text("{}\n")
    with pytest.raises(ConfigError, match="was not made by codereasoner"), Ledger(tmp_path / "notes.jsonl", {}):
        pass
    assert (tmp_path / "notes.jsonl").read_text() == "{}\n"


def test_links_and_devices_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("kept")
    link, device = tmp_path / "link.jsonl", tmp_path / "pipe.jsonl"
    link.symlink_to(tmp_path / "real")
    os.mkfifo(device)
    for path, kind in ((link, "symbolic link"), (device, "device or pipe"), (tmp_path, "folder")):
        with pytest.raises(ConfigError, match=f"is a {kind}"), Ledger(path, {}):
            pass
    assert link.is_symlink()
    assert (tmp_path / "real").read_text() == "kept"


def test_two_processes_do_not_write_one_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    second = f"""
from pathlib import Path
from codereasoner.ledger import Ledger
with Ledger(Path({str(path)!r}), {{}}) as ledger:
    ledger.append({{"id": "r0"}})
"""
    with Ledger(path, {}) as ledger:
        ledger.append(rows(1)[0])
        run = subprocess.run([sys.executable, "-c", second], capture_output=True, text=True)
        assert f"is being written by process {os.getpid()}" in run.stderr
    assert not list(tmp_path.glob("*.lock"))
    assert subprocess.run([sys.executable, "-c", second], capture_output=True).returncode == 0


def test_the_lock_of_a_killed_process_holds_nobody_up(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    (tmp_path / "rows.jsonl.lock").write_text("1\n")
    write_records(path, rows(1), {})
    assert list(read_rows(path)) == rows(1)


def test_dropped_rows_stand_beside_the_kept_ones_and_are_counted_by_reason(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    with Ledger(path, {}) as ledger:
        ledger.append(rows(3)[0])
        ledger.drop(rows(3)[1], "too long")
        ledger.drop(rows(3)[2], "too long")
        ledger.finish()
    manifest = read_manifest(path)
    assert manifest is not None
    assert manifest["counts"] == {"kept": 1, "dropped": 2}
    assert manifest["drops"] == {"too long": 2}
    assert [row["reason"] for row in read_rows(tmp_path / "rows.jsonl.dropped.jsonl")] == ["too long"] * 2


def test_a_manifest_that_an_editor_has_given_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    (tmp_path / "rows.jsonl.manifest.json").write_text('{"counts": {"kept": 1}}', encoding="utf-8-sig")
    assert read_manifest(path) == {"counts": {"kept": 1}}


def test_the_manifest_says_what_made_the_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write_records(path, rows(1), {"seed": 7})
    manifest = read_manifest(path)
    assert manifest is not None
    assert manifest["config"] == {"seed": 7}
    assert {"version", "commit", "python", "host", "seconds", "written"} <= set(manifest)


def test_a_finished_file_is_done_for_its_config(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    assert not Ledger(path, {"seed": 7}).is_complete()
    write_records(path, rows(1), {"seed": 7})
    assert Ledger(path, {"seed": 7}).is_complete()


def test_a_finished_file_can_be_reopened_and_grows(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    for count in (2, 4):
        with Ledger(path, {}, reopen=True) as ledger:
            for row in rows(count):
                ledger.append(row)
            ledger.finish()
    assert list(read_rows(path)) == rows(4)


def test_parquet_gives_back_the_rows_that_were_written(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    written: list[dict[str, Any]] = [
        {"id": "a", "free": {"x": 1}, "value": None, "list": []},
        {"id": "b", "free": {"y": [2]}, "value": "two", "list": [1]},
    ]
    with Ledger(path, {}, json_columns=("free",)) as ledger:
        for row in written:
            ledger.append(row)
        ledger.finish()
    assert list(read_rows(path)) == written


def test_rows_after_the_first_batch_of_a_parquet_file_may_need_a_wider_schema(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    written: list[dict[str, Any]] = [{"id": str(number), "value": None} for number in range(5000)]
    written.append({"id": "last", "value": 1.5})
    with Ledger(path, {}) as ledger:
        for row in written:
            ledger.append(row)
        ledger.finish()
    assert list(read_rows(path)) == written


def test_a_parquet_file_that_0_1_began_is_continued(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    with Ledger(path, {}, json_columns=("free",)) as begun:
        begun.append({"id": "a", "free": {}})
    path.with_name("rows.parquet.part").write_text('{"id":"a","free":{"x":1}}\n')
    with Ledger(path, {}, json_columns=("free",)) as ledger:
        ledger.append({"id": "b", "free": [2]})
        assert [row["free"] for row in ledger.rows()] == [{"x": 1}, [2]]
        ledger.finish()
    assert [row["free"] for row in read_rows(path)] == [{"x": 1}, [2]]


def test_a_broken_line_is_named_by_file_and_number(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": "a"}\n{"id": \n')
    with pytest.raises(DataError, match=r"rows\.jsonl, line 2: not JSON"):
        list(read_rows(path))


@pytest.mark.parametrize("line", ["[" * 100_000, '{"a": ' * 100_000, '{"a": ' + "9" * 5000 + "}"])
def test_json_that_is_too_deep_or_too_long_is_named_by_file_and_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(DataError, match=r"rows\.jsonl, line 1: (not JSON|JSON nested too deeply)"):
        list(read_rows(path))


def test_damaged_pages_of_parquet_are_a_data_error(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    write_records(path, [{"id": f"{number:032d}", "text": f"{number}" * 50} for number in range(2000)], {})
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes(whole[:64] + bytes(middle - 64) + whole[middle:])
    with pytest.raises(DataError, match=r"rows\.parquet: not a parquet file, or a damaged one"):
        list(read_rows(path))


def test_a_number_where_a_call_was_meant_is_named(tmp_path: Path) -> None:
    path = tmp_path / "programs.jsonl"
    path.write_text(json.dumps({"source": "def f(x): return x", "entry": "f", "calls": [3]}) + "\n")
    with pytest.raises(DataError, match=r"row 1: each item of Program\.calls must be a string, not int: 3"):
        list(read_records(path, Program))


def test_a_row_that_is_no_record_is_named_by_file_and_number(tmp_path: Path) -> None:
    path = tmp_path / "programs.jsonl"
    path.write_text(json.dumps({"source": "", "entry": "f"}) + "\n")
    with pytest.raises(DataError, match=r"row 1: Program lacks the field 'calls'"):
        list(read_records(path, Program))


def test_a_missing_file_is_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no file"):
        fingerprint(tmp_path / "nothing")


WRITER = """
import sys, time
from pathlib import Path
from codereasoner.ledger import Ledger
with Ledger(Path(sys.argv[1]), {}) as ledger:
    for index in range(3000):
        ledger.append({"id": f"r{index}", "value": index})
        time.sleep(0.0005)
    ledger.finish()
"""


def test_a_ledger_killed_at_any_moment_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    for delay in (0.3, 0.5, 0.8):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)])
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    subprocess.run([sys.executable, "-c", WRITER.replace("0.0005", "0"), str(path)], check=True)
    assert list(read_rows(path)) == rows(3000)


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.parquet"])
@pytest.mark.parametrize("last", ["write_manifest", "Ledger._tidy"])
def test_a_kill_at_the_very_end_loses_nothing_and_leaves_nothing(
    name: str, last: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*arguments: object) -> None:
        raise KeyboardInterrupt

    path = tmp_path / name
    monkeypatch.setattr(f"codereasoner.ledger.{last}", killed)
    with pytest.raises(KeyboardInterrupt):
        write_all(path)
    monkeypatch.undo()
    ledger = Ledger(path, {})
    assert ledger.is_complete() is (last == "Ledger._tidy")
    if not ledger.is_complete():
        with ledger:
            assert len(ledger) == 6
            ledger.finish()
    assert list(read_rows(path)) == rows(5)
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(
        [name, f"{name}.manifest.json", f"{name}.dropped.jsonl"]
    )


def write_all(path: Path) -> None:
    with Ledger(path, {}) as ledger:
        for row in rows(5):
            ledger.append(row)
        ledger.drop({"id": "d"}, "no use")
        ledger.finish()


def test_why_a_row_was_dropped_is_known_after_a_kill_also_where_the_row_has_a_reason_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    with Ledger(path, {}) as ledger:
        ledger.drop({"id": "a", "reason": ""}, "too long")
        ledger.drop({"id": "b", "reason": "1 s of CPU"}, "limit: time")
    with Ledger(path, {}) as ledger:
        assert ledger.drops == {"too long": 1, "limit: time": 1}
        ledger.finish()
    dropped = list(read_rows(tmp_path / "rows.jsonl.dropped.jsonl"))
    assert [row["reason"] for row in dropped] == ["too long", "limit: time"]
    assert dropped[1]["own_reason"] == "1 s of CPU"


DEEP = "[" * 100_000
NO_OBJECTS = {"no JSON": "{", "nothing": "", "nested deeply": DEEP, "no object": "null", "no UTF-8": b"\xff\xfe{}"}


@pytest.mark.parametrize("text", NO_OBJECTS.values(), ids=list(NO_OBJECTS))
def test_a_manifest_that_is_no_json_object_is_refused_in_one_sentence(tmp_path: Path, text: str | bytes) -> None:
    path = tmp_path / "rows.jsonl.manifest.json"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(DataError, match=r"manifest\.json"):
        read_manifest(tmp_path / "rows.jsonl")


def test_a_row_that_is_nested_too_deeply_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": "a"}\n' + DEEP + "\n")
    with pytest.raises(DataError, match="line 2: JSON nested too deeply"):
        list(read_rows(path))


@pytest.mark.parametrize("row", ['{"value": 1}', '{"id": ["a"]}', '{"id": null}'])
def test_a_file_that_goes_on_is_refused_where_a_row_has_no_key(tmp_path: Path, row: str) -> None:
    path = tmp_path / "rows.jsonl"
    with Ledger(path, {}) as ledger:
        ledger.append(rows(1)[0])
    part = next(each for each in tmp_path.iterdir() if each.name.endswith(".part"))
    part.write_text(row + "\n")
    with pytest.raises(DataError, match="has no text 'id'"), Ledger(path, {}):
        pass
    assert part.read_text() == row + "\n"


def test_rows_that_pandas_has_picked_are_read_without_its_labels(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    path = tmp_path / "runs.parquet"
    pandas.DataFrame({"id": ["a", "b", "c"], "steps": ["[1]", "[2]", "[3]"]}).iloc[[0, 2]].to_parquet(path)
    assert list(read_rows(path)) == [{"id": "a", "steps": "[1]"}, {"id": "c", "steps": "[3]"}]
