"""Read the published numbers of the package's own benchmarks: a table of data, published.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from codereasoner.extend import Benchmark, Published


def published_numbers(benchmark: Benchmark | type[Benchmark]) -> dict[str, Published]:
    """Return the published numbers of a benchmark by model: those of the table, and those that its class states."""
    return {**_table().get(benchmark.name, {}), **benchmark.published}


@cache
def _table() -> Mapping[str, Mapping[str, Published]]:
    text = Path(__file__).with_name("published.yaml").read_text(encoding="utf-8")
    return {
        name: {
            model: Published(value, group["settings"], group["source"])
            for group in groups
            for model, value in group["models"].items()
        }
        for name, groups in yaml.safe_load(text).items()
    }
