"""The time that a cluster takes for a build of any size, from measured rates, with nodes that are lost meanwhile.

    python -m perf.cluster --programs 10000000 --nodes 50 --cores 16 --losses 1

The rates are those of `perf/stored.json` (`make bench`): CPU seconds of each stage, and how many of them the head
spends, which alone reads and writes. A stage hands out batches of 64 programs, a bounded number at a time, and the head
writes them in order. A lost node gives its batches back, and comes again after some minutes. Seeded: the same options
give the same numbers.
"""

from __future__ import annotations

import argparse
import heapq
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

STORED = Path(__file__).with_name("stored.json")
BATCH = 64  # programs handed out together, as in the stages
IN_FLIGHT = 3  # batches under way for each core, as in stages/engine.py
HOUR = 3600.0


@dataclass(frozen=True)
class Stage:
    """Seconds for one program: of a core anywhere, and of the head."""

    name: str
    work: float
    head: float


@dataclass(frozen=True)
class Cluster:
    """Nodes of some cores; `losses` nodes are lost in an hour, each for `away` seconds."""

    nodes: int
    cores: int
    losses: float = 0.0
    away: float = 600.0
    seed: int = 0


@dataclass(frozen=True)
class Taken:
    """What a stage took: seconds by the clock, core seconds of work, those done twice, and nodes lost."""

    seconds: float
    work: float
    again: float
    lost: int


def simulate(stage: Stage, programs: int, cluster: Cluster) -> Taken:
    """Return what a stage takes; a batch that is under way on a node when that is lost is done again elsewhere."""
    random = Random(f"cluster/{cluster.seed}/{stage.name}")
    batches = -(-programs // BATCH)
    waiting = list(range(batches))  # a heap: the first is handed out next
    idle = [node for node in range(cluster.nodes) for _ in range(cluster.cores)]
    alive = [0] * cluster.nodes  # lives of each node: what an earlier one did is gone
    done: set[int] = set()
    events: list[tuple[float, int, str, int, int, float]] = []  # when, number, what, node, life, when it began
    batch_of: dict[int, int] = {}
    now = work = again = 0.0
    written = number = lost = 0
    writes = False  # whether the head is busy

    def plan(after: float, what: str, node: int, batch: int = -1) -> None:
        nonlocal number
        number += 1
        batch_of[number] = batch
        heapq.heappush(events, (now + after, number, what, node, alive[node], now))

    if cluster.losses:
        plan(random.expovariate(cluster.losses / HOUR), "loss", random.randrange(cluster.nodes))
    window = IN_FLIGHT * cluster.nodes * cluster.cores
    while written < batches:
        while idle and waiting and waiting[0] < written + window:
            plan(stage.work * BATCH * random.uniform(0.8, 1.2), "batch", idle.pop(), heapq.heappop(waiting))
        now, event, what, node, life, began = heapq.heappop(events)
        batch = batch_of.pop(event)
        if what == "batch":
            work += now - began
            if life == alive[node]:
                done.add(batch)
                idle.append(node)
            else:
                again += now - began
                heapq.heappush(waiting, batch)
        elif what == "loss":
            lost += 1
            alive[node] += 1
            idle = [each for each in idle if each != node]
            plan(cluster.away, "return", node)
            plan(random.expovariate(cluster.losses / HOUR), "loss", random.randrange(cluster.nodes))
        elif what == "return":
            idle += [node] * cluster.cores
        else:
            written, writes = written + 1, False
        if not writes and written in done:
            done.remove(written)
            writes = True
            plan(stage.head * BATCH, "written", 0)
    return Taken(now, work, again, lost)


def measured(stored: Path = STORED) -> tuple[list[Stage], float]:
    """Return the stages with their rates, and the bytes of one program in all files."""
    found = json.loads(stored.read_text())["benchmarks"]["data"]
    count = found["programs"]
    stages = [
        Stage(name, max(0.0, each["cpu"] - each["head"]) / count, each["head"] / count)
        for name, each in found["stages"].items()
    ]
    return stages, sum(found["bytes"].values()) / count


def facts(programs: int, cluster: Cluster, stages: list[Stage], size: float, dollars: float) -> Mapping[str, float]:
    """What the whole build takes, and what it would take if the head did nothing."""
    taken = [simulate(stage, programs, cluster) for stage in stages]
    seconds = sum(each.seconds for each in taken)
    return {
        "hours": seconds / HOUR,
        "core hours of work": sum(each.work for each in taken) / HOUR,
        "core hours done again": sum(each.again for each in taken) / HOUR,
        "nodes lost": sum(each.lost for each in taken),
        "head hours": programs * sum(stage.head for stage in stages) / HOUR,
        "cores that keep the head busy": sum(each.work for each in stages) / sum(each.head for each in stages),
        "gigabytes": programs * size / 1e9,
        "megabytes a second": programs * size / 1e6 / seconds,
        "dollars": seconds / HOUR * cluster.nodes * cluster.cores * dollars,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=10_000_000)
    parser.add_argument("--nodes", type=int, default=50)
    parser.add_argument("--cores", type=int, default=16, help="cores of a node")
    parser.add_argument("--losses", type=float, default=1.0, help="nodes that are lost in an hour")
    parser.add_argument("--away", type=float, default=600.0, help="seconds until a lost node is back")
    parser.add_argument("--dollars", type=float, default=0.04, help="price of a core for an hour")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    cluster = Cluster(options.nodes, options.cores, options.losses, options.away, options.seed)
    stages, size = measured()
    print(f"{options.programs:,} programs on {cluster.nodes} nodes of {cluster.cores} cores")
    for stage in stages:
        print(
            f"  {stage.name:10}{1000 * stage.work:8.3f} ms of a core, {1000 * stage.head:8.3f} ms of the head a program"
        )
    for name, value in facts(options.programs, cluster, stages, size, options.dollars).items():
        print(f"  {name:32}{value:12,.2f}")


if __name__ == "__main__":
    main()
