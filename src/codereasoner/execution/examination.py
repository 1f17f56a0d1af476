"""Examine this machine: the layers of isolation it gives, what is missing, and whether it holds the hostile list."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import NotRequired, TypedDict

from codereasoner.errors import IsolationError
from codereasoner.execution.hostile_programs import LIMITS, Attack, attacks, jobs, neighbour_fault
from codereasoner.execution.isolation import LAYERS, landlock_version
from codereasoner.execution.pool import Limits, Pool
from codereasoner.execution.supervisor import MEANING
from codereasoner.execution.worker_handle import environment
from codereasoner.machine_limits import memory_limit
from codereasoner.records import Run

WITHOUT = {
    "user namespace": "an ordinary user can make no other namespace, and the kernel knows root's programs as root's",
    "mount namespace": "programs see the machine's file system",
    "uts namespace": "programs read the machine's name",
    "ipc namespace": "programs find the machine's shared memory and message queues",
    "pid namespace": "programs see the machine's processes, and what they start may outlive them",
    "network namespace": "programs see the machine's network interfaces",
    "empty root": "programs find the machine's files, as far as Landlock does not forbid them",
    "no new privileges": "set-user-id programs give their rights away; Landlock and seccomp need this layer",
    "Landlock": "files are guarded by the empty root alone",
    "seccomp": "programs may make every system call, and so reach every fault of the kernel",
    "last filter": "programs may start processes, and signal those of the same user",
    "resource limits": "programs may fill the memory and the disk",
    "death with the parent": "a worker may outlive its pool",
}
PROBE_SECONDS = 20
PATIENCE = 20  # times the limits of the hostile list, for a machine on which starting an interpreter takes seconds
LEAST_MEMORY = 48 << 20  # bytes in which every attack still comes to its own end


class Layer(TypedDict):
    """One layer of isolation: what the kernel answered, and what is so without it."""

    name: str
    available: bool
    reason: str
    without: str


class Held(TypedDict):
    """One hostile program: `held`, `not held` or `not run`, and why."""

    name: str
    state: str
    reason: str


class Examination(TypedDict):
    """The isolation that this machine gives."""

    python: str
    platform: str
    user: int
    landlock: int  # its version; 0 for none
    layers: list[Layer]
    level: str  # that a pool gets here; "" if no worker starts
    meaning: str  # of the level, or why no worker starts
    tracer: NotRequired[str]  # C or Python
    start_ms: NotRequired[float]  # until a worker is ready
    worker_kb: NotRequired[int]  # resident
    hostile: NotRequired[list[Held]]


def examine(hostile: bool = True) -> Examination:
    """Examine this machine; `hostile` also runs the list of hostile programs."""
    found: Examination = {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "user": os.geteuid(),
        "landlock": landlock_version() if sys.platform == "linux" else 0,
        "layers": [_layer(name) for name in LAYERS],
        "level": "",
        "meaning": "",
    }
    began = perf_counter()
    try:
        with Pool(limits=_limits(), allow_weak_isolation=True) as pool:
            found["start_ms"] = round((perf_counter() - began) * 1000, 1)
            found["level"], found["meaning"], found["tracer"] = pool.level, MEANING[pool.level], pool.tracer
            found["worker_kb"] = _resident(pool)
            if hostile:
                found["hostile"] = _hostile(pool)
    except IsolationError as error:
        found["meaning"] = str(error)
    return found


def _layer(name: str) -> Layer:
    """Try one layer in a process of its own."""
    reason = "this is not Linux"
    if sys.platform == "linux":
        words = [sys.executable, "-S", "-B", "-s", "-P", str(Path(__file__).with_name("isolation.py")), name]
        try:
            done = subprocess.run(
                words, capture_output=True, text=True, env=environment(), timeout=PROBE_SECONDS, check=False
            )
            reason = "" if done.returncode == 0 else done.stdout or f"the probe ended with status {done.returncode}"
        except subprocess.TimeoutExpired:
            reason = f"the probe did not end within {PROBE_SECONDS} seconds"
    return {"name": name, "available": not reason, "reason": reason, "without": WITHOUT[name]}


def _resident(pool: Pool) -> int:
    """Return the resident memory of the first worker in kB; 0 where the machine does not tell."""
    outside = pool.processes()[0]
    try:
        inside = Path(f"/proc/{outside}/task/{outside}/children").read_text().split()[0]
        return int(Path(f"/proc/{inside}/status").read_text().partition("VmRSS:")[2].split()[0])
    except (OSError, IndexError):
        return 0


def _limits() -> Limits:
    """Return the limits of the hostile list; with less memory in a small container, whose own limit is then not met."""
    most = memory_limit()
    if most is None:
        return LIMITS
    return replace(LIMITS, memory_bytes=min(LIMITS.memory_bytes, max(LEAST_MEMORY, most // 4)))


def _hostile(pool: Pool) -> list[Held]:
    """Run the programs that this level holds, an ordinary one after each; the others are never run.

    What takes too long is run again with PATIENCE times as much time: a slow machine may need it.
    """
    listed = attacks()
    chosen = [attack for attack in listed if not attack.missing(pool.level)]
    runs = pool.run(jobs(chosen))
    faults = _faults(chosen, runs)
    pairs = zip(chosen, runs[::2], runs[1::2], strict=True)
    slow = [each for each, *pair in pairs if faults[each.name] and any(run.outcome == "timeout" for run in pair)]
    if slow:
        cpu, wall = PATIENCE * pool.limits.cpu_seconds, PATIENCE * pool.limits.wall_seconds
        patient = replace(pool.limits, cpu_seconds=cpu, wall_seconds=wall)
        with Pool(limits=patient, level=pool.level, allow_weak_isolation=True) as other:
            faults |= _faults(slow, other.run(jobs(slow)))
    return [_held(attack, pool.level, faults.get(attack.name, "")) for attack in listed]


def _faults(attacked: Sequence[Attack], runs: Sequence[Run]) -> dict[str, str]:
    """Return what is wrong with the run of each attack, or with the run after it, by name; "": nothing."""
    return {
        attack.name: attack.fault(run) or neighbour_fault(attack, after)
        for attack, run, after in zip(attacked, runs[::2], runs[1::2], strict=True)
    }


def _held(attack: Attack, level: str, fault: str) -> Held:
    if missing := attack.missing(level):
        return {"name": attack.name, "state": "not run", "reason": f"needs {missing}"}
    return {"name": attack.name, "state": "not held" if fault else "held", "reason": fault}
