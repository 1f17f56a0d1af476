"""Jobs of an experiment side by side."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from codereasoner.errors import InfrastructureError
from codereasoner.experiments.side_by_side import VISIBLE, Job, run_jobs


@pytest.fixture(autouse=True)
def _without_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asks torch for GPUs, whose import takes seconds here and in the process of each job."""
    monkeypatch.setenv(VISIBLE, "")


def note(folder: Path, name: str, before: str = ".") -> str:
    assert (folder / before).exists()
    (folder / name).write_text(os.environ.get(VISIBLE, ""))
    return name


def refuse() -> str:
    raise ValueError("no weights")


def end(folder: Path) -> str:
    while not (folder / "base").exists():
        time.sleep(0.02)
    os._exit(9)


def wait_for(folder: Path, name: str) -> str:
    (folder / name).touch()
    time.sleep(1)
    return name


def wait_long(folder: Path) -> str:
    (folder / str(os.getpid())).touch()
    time.sleep(60)
    return ""


def test_a_job_begins_when_those_before_it_have_ended(tmp_path: Path) -> None:
    names, ended = ("rft", "sft", "base"), list[str]()
    jobs = [Job(name, partial(note, tmp_path, name), []) for name in names[1:]]
    jobs.insert(0, Job("rft", partial(note, tmp_path, "rft", "sft"), ["sft"]))
    shares = list[float]()
    run_jobs(jobs, 2, ended.append, lambda share, words: shares.append(share))
    assert sorted(ended) == sorted(names)
    assert ended.index("sft") < ended.index("rft")
    assert shares == sorted(shares)


def test_a_job_that_fails_is_told_when_the_others_have_ended(tmp_path: Path) -> None:
    ended: list[str] = []
    after = Job("rft", partial(note, tmp_path, "rft"), ["sft"])
    with pytest.raises(ValueError, match="no weights"):
        run_jobs([Job("sft", refuse), after, Job("base", partial(note, tmp_path, "base"))], 1, ended.append)
    assert ended == ["base"]


def test_a_job_whose_process_is_killed_is_named_and_the_others_end(tmp_path: Path) -> None:
    ended: list[str] = []
    jobs = [Job("sft", partial(end, tmp_path)), Job("base", partial(wait_for, tmp_path, "base"))]
    with pytest.raises(InfrastructureError, match="the process of sft was ended from outside"):
        run_jobs([*jobs, Job("states", partial(note, tmp_path, "states"))], 2, ended.append)
    assert sorted(ended) == ["base", "states"]


def test_gpus_are_dealt_out_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VISIBLE, "3,5")
    run_jobs([Job(name, partial(note, tmp_path, name)) for name in "abc"], 3, lambda name: None)
    assert [(tmp_path / name).read_text() for name in "abc"] == ["3", "5", "3"]


def test_where_nothing_names_the_gpus_torch_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.delenv(VISIBLE)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    run_jobs([Job(name, partial(note, tmp_path, name)) for name in "ab"], 2, lambda name: None)
    assert [(tmp_path / name).read_text() for name in "ab"] == ["0", "1"]


def test_jobs_end_with_the_process_that_began_them(tmp_path: Path) -> None:
    code = (
        "import sys; from functools import partial; from pathlib import Path\n"
        "from tests.experiments.test_side_by_side import Job, run_jobs, wait_long\n"
        "run_jobs([Job(n, partial(wait_long, Path(sys.argv[1]))) for n in 'ab'], 2, print)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stderr=subprocess.DEVNULL) as begun:
        until = time.monotonic() + 60
        while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        begun.send_signal(signal.SIGKILL)
    workers = [int(each.name) for each in tmp_path.iterdir()]
    assert len(workers) == 2
    until = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < until:
        time.sleep(0.05)
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]
