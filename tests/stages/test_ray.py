"""A Ray cluster makes the same records as this process, also when one of its nodes dies in the middle."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from codereasoner.execution.pool import Pool
from codereasoner.extend import silent
from codereasoner.ledger import read_rows
from codereasoner.stages.build_dataset import Paths, build
from codereasoner.stages.engine import Engine, InProcess, make_engine
from codereasoner.stages.stage_options import BuildConfig

ray = pytest.importorskip("ray")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore"),  # Ray leaves sockets open and warns of its own future
]

CONFIG = BuildConfig(train=120, rl=60, task=("output", "input", "state"))


@pytest.fixture
def cluster() -> Iterator[Any]:
    """Three nodes of one core each."""
    from ray.cluster_utils import Cluster

    started = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": 100_000_000})
    for _ in range(2):
        started.add_node(num_cpus=1, object_store_memory=100_000_000)
    yield started
    ray.shutdown()
    started.shutdown()


def made(folder: Path, engine: Engine) -> dict[str, bytes]:
    """The files of a build by an engine."""
    with Pool(workers=1, allow_weak_isolation=True) as pool:
        build(folder, CONFIG, pool, engine, lambda name: nullcontext(silent), allow_weak_isolation=True)
    return {path.name: path.read_bytes() for path in vars(Paths(folder)).values() if path.is_file()}


def slowly(batch: int) -> int:
    time.sleep(0.3)
    return batch


def test_a_cluster_that_loses_a_node_makes_the_same_bytes_as_this_process(cluster: Any, tmp_path: Path) -> None:
    alone = made(tmp_path / "alone", InProcess())
    victim = sorted(cluster.worker_nodes, key=lambda node: node.node_id)[0]

    def kill() -> None:
        """As soon as the first runs are written, in the middle of the tracing."""
        part = tmp_path / "spread" / "runs.parquet.part"
        while not (part.is_file() and part.stat().st_size):
            time.sleep(0.02)
        cluster.remove_node(victim, allow_graceful=False)

    killer = threading.Thread(target=kill, daemon=True)
    with make_engine("ray", address=cluster.address) as engine:
        killer.start()
        spread = made(tmp_path / "spread", engine)
    killer.join(60)
    assert not killer.is_alive()
    assert victim not in cluster.worker_nodes
    assert spread == alone
    ids = [row["id"] for row in read_rows(tmp_path / "spread" / "questions.jsonl")]
    assert len(ids) == len(set(ids)) > 300


def test_every_batch_comes_back_once_though_a_node_that_works_on_some_dies(cluster: Any) -> None:
    victim = sorted(cluster.worker_nodes, key=lambda node: node.node_id)[0]
    with make_engine("ray", address=cluster.address) as engine:
        results = engine.map(slowly, range(30))
        found = [next(results) for _ in range(4)]
        cluster.remove_node(victim, allow_graceful=False)
        found += list(results)
    assert found == list(range(30))
