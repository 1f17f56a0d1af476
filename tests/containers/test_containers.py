"""Every promise of isolation in containers as researchers have them: level, scores, doctor, the hostile list."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.containers.launch import Profile, launch

INSIDE = Path(__file__).with_name("inside.py")
SCORE, STRICT = 62.5, 50.0  # five of the eight answers pass the published check, four the strict one
MB = 1 << 20
SECONDS = 300
TIGHT = Profile(new_privileges=False, read_only=True, nofile=64, nproc=8, pids=20, memory=128 * MB, capabilities=())

PROFILES: dict[str, tuple[str, Profile]] = {
    "Docker's defaults": ("B", Profile()),
    "as a user": ("B", Profile(user=1000)),
    "no capabilities, as root": ("B", Profile(capabilities=())),
    "no new privileges": ("B", Profile(new_privileges=False)),
    "read-only root without /tmp": ("B", Profile(read_only=True)),
    "64 descriptors": ("B", Profile(nofile=64)),
    "40 descriptors": ("B", Profile(nofile=40)),
    "8 processes of a user": ("B", Profile(user=1000, nproc=8)),
    "20 processes": ("B", Profile(pids=20)),
    "512 MB": ("B", Profile(memory=512 * MB)),
    "128 MB": ("B", Profile(memory=128 * MB)),
    "half a core": ("B", Profile(cpus=0.5)),
    "all of these, as root": ("B", TIGHT),
    "all of these, as a user": ("B", replace(TIGHT, user=1000)),
    "podman's defaults, as root": ("A", Profile(seccomp="podman")),
    "podman's defaults, as a user": ("A", Profile(user=1000, seccomp="podman")),
    "seccomp unconfined, as root": ("A", Profile(seccomp="")),
    "seccomp unconfined, as a user": ("A", Profile(user=1000, seccomp="")),
    "seccomp unconfined, read-only root without /tmp": ("A", Profile(seccomp="", read_only=True)),
}


def inside(profile: Profile, *words: str) -> str:
    """What Python prints in such a container.

    A machine on which none can be made skips the test, and says why.
    """
    try:
        done = launch(profile, [sys.executable, *words], SECONDS)
    except OSError as error:
        pytest.skip(f"no container can be made here: {error}")
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 60)
@pytest.mark.parametrize("name", PROFILES)
def test_in_a_container_scores_are_right_and_the_hostile_list_is_held(name: str) -> None:
    level, profile = PROFILES[name]
    found = json.loads(inside(profile, str(INSIDE)))
    assert (found["score"], found["strict"]) == (SCORE, STRICT)
    assert found["unasked"] == {"score": 0, "check": 0, "score officially": 0 if level == "A" else 1}
    assert found["examined"]["level"] == level
    assert [row for row in found["examined"]["hostile"] if row["state"] != "held"] == []
    assert found["doctor"] == 0


@pytest.mark.parametrize(("cpus", "cores"), [(0.0, len(os.sched_getaffinity(0))), (1.0, 1), (0.25, 1)])
def test_a_quota_of_cpu_time_is_the_number_of_workers(cpus: float, cores: int) -> None:
    said = "from codereasoner.machine_limits import cores, default_workers; print(cores(), default_workers())"
    assert inside(Profile(cpus=cpus), "-c", said) == f"{cores} {cores}\n"


FEW = r"""
from collections import Counter
from codereasoner.errors import InfrastructureError
from codereasoner.execution.pool import Pool
from codereasoner.records import Job

ALONE = "import os\ndef f(n):\n    return n"
SLOW = "import time\ndef f(n):\n    end = time.process_time() + 0.15\n    while time.process_time() < end:"
SLOW += "\n        pass\n    return n"
SHARED = "def f(n):\n    return n"
try:
    with Pool(workers=1, allow_weak_isolation=True) as pool:
        runs = pool.run([Job((ALONE, SLOW, SHARED)[n % 3], "f", str(n)) for n in range(12)])
    print(Counter((run.isolation, run.outcome, run.reason) for run in runs))
except InfrastructureError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("processes", "said"), [(5, "Counter({('B', 'ok', ''): 12})"), (3, "allows no further process")]
)
def test_where_processes_are_few_programs_wait_for_room_or_a_sentence_says_there_is_none(
    processes: int, said: str
) -> None:
    assert said in inside(Profile(pids=processes), "-c", FEW)
