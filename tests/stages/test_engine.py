"""Whoever does the work, the results come in order, once each."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import pytest

from codereasoner.errors import ConfigError, MissingExtra
from codereasoner.records import batches_of
from codereasoner.stages.engine import Engine, InProcess, Processes, make_engine


def doubled(batch: list[int]) -> list[int]:
    return [2 * number for number in batch]


def slow_first(number: int) -> tuple[int, int]:
    time.sleep(0.2 if number == 0 else 0)
    return number, os.getpid()


def refused(number: int) -> int:
    raise ConfigError(f"not {number}")


@pytest.fixture(scope="module")
def processes() -> Iterator[Engine]:
    with Processes(2) as engine:
        yield engine


def test_batches_hold_every_item_once() -> None:
    assert list(batches_of(range(7), 3)) == [[0, 1, 2], [3, 4, 5], [6]]


def test_several_processes_give_the_results_of_one_in_the_same_order(processes: Engine) -> None:
    batches = list(batches_of(range(50), 7))
    assert list(processes.map(doubled, batches)) == list(InProcess().map(doubled, batches))
    results = list(processes.map(slow_first, range(20)))
    assert [number for number, _ in results] == list(range(20))
    assert os.getpid() not in {process for _, process in results}


class Known:
    """Work that is large; each reading of it leaves a line in a file."""

    def __init__(self, log: Path) -> None:
        self.log = log

    def __setstate__(self, state: dict[str, Path]) -> None:
        self.__dict__.update(state)
        with self.log.open("a") as file:
            file.write("read\n")

    def __call__(self, number: int) -> int:
        return -number


def test_work_is_read_once_by_each_process_not_with_every_batch(processes: Engine, tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert list(processes.map(Known(log), range(40))) == [-number for number in range(40)]
    assert 1 <= len(log.read_text().splitlines()) <= 2


def test_batches_without_an_end_are_taken_only_as_they_are_needed(processes: Engine) -> None:
    taken = []
    numbers = (taken.append(number) or number for number in count())  # type: ignore[func-returns-value]
    assert [number for number, _ in islice(processes.map(slow_first, numbers), 5)] == [0, 1, 2, 3, 4]
    assert len(taken) < 20


def test_an_error_of_the_work_reaches_the_stage(processes: Engine) -> None:
    with pytest.raises(ConfigError, match="not 3"):
        list(processes.map(refused, [3]))


def test_an_engine_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="engine 'spark' is unknown; there are: local, ray"):
        make_engine("spark")
    with pytest.raises(ConfigError, match="at least one worker, not 0"):
        make_engine("local", 0)


def test_ray_that_is_not_installed_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match=r"\[ray\]'"):
        make_engine("ray")


def test_the_local_engine_imports_no_ray() -> None:
    program = "import sys, codereasoner.stages.engine as e; e.make_engine('local', 2); sys.exit('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


PARENT = """
import sys, time
from codereasoner.stages.engine import Processes
if __name__ == "__main__":
    engine = Processes(2)
    for _ in engine.map(abs, [1]):
        print(*[process.pid for process in engine._pool._processes.values()], flush=True)
    time.sleep(60)
"""


def test_ctrl_c_while_the_processes_start_prints_no_traceback(tmp_path: Path) -> None:
    script = tmp_path / "stage.py"
    script.write_text(
        "import sys, time\n"
        "from codereasoner.stages.engine import Processes\n"
        "if __name__ == '__main__':\n"
        "    with Processes(2) as engine:\n"
        "        found = engine.map(abs, [1])\n"
        "        print('begun', flush=True)\n"
        "        try:\n"
        "            next(found)\n"
        "            time.sleep(60)\n"
        "        except KeyboardInterrupt:\n"
        "            sys.exit(130)\n"
    )
    stage = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import signal, runpy, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
            "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')",
            script,
        ],
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert stage.stdout is not None
    stage.stdout.readline()
    time.sleep(0.1)
    os.killpg(stage.pid, signal.SIGINT)
    _, err = stage.communicate(timeout=60)
    assert (stage.returncode, err) == (130, "")


def test_the_processes_of_a_killed_stage_end_with_it(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    children = [int(word) for word in parent.stdout.readline().split()]
    assert children
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{child}").exists() for child in children):
        assert time.monotonic() < deadline
        time.sleep(0.05)
