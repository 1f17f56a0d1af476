"""Read the published numbers of the package's own benchmarks: a table of data, published.yaml."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from codereasoner.extend import Benchmark, Published


def published_numbers(benchmark: Benchmark | type[Benchmark]) -> list[tuple[str, Published]]:
    """Return models with their published numbers: those of the table, and those that the benchmark's class states.

    A model may come several times, from several sources or settings.
    """
    return [*_table().get(benchmark.name, []), *benchmark.published.items()]


@cache
def _table() -> Mapping[str, list[tuple[str, Published]]]:
    text = Path(__file__).with_name("published.yaml").read_text(encoding="utf-8")
    return {
        name: [(model, Published(value, **group)) for group in groups for model, value in group.pop("models").items()]
        for name, groups in yaml.safe_load(text).items()
    }
