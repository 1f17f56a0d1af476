"""Benchmarks whose programs are excluded, named on the command line: NAME, NAME=PATH, or all."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from codereasoner import extend
from codereasoner.benchmarks.loading import locate
from codereasoner.errors import DataError, UnknownName
from codereasoner.evaluation.contamination import KnownPrograms, known_benchmarks
from codereasoner.extend import Benchmark

ALL = "all"


def read_against(names: Sequence[str]) -> KnownPrograms:
    """Read the programs of each benchmark: of its data at PATH, below $CODEREASONER_DATA, or from the Hub.

    `cruxeval` means all benchmarks whose names begin with it; `all=PATH` means each that has data in the folder.
    """
    sources: dict[str, Mapping[str, str]] = {}
    for text in names:
        name, equals, path = text.partition("=")
        data = Path(path) if equals else None
        if name == ALL:
            known, missing = known_benchmarks(data)
            if not known.names:
                raise DataError(f"--against {text}: no benchmark has data: {'; '.join(sorted(set(missing.values())))}")
            sources |= known.sources
        else:
            sources |= _of_one(name, data)
    return KnownPrograms(sources)


def _of_one(name: str, data: Path | None) -> dict[str, Mapping[str, str]]:
    registered = extend.available("benchmark")
    chosen = [name] if name in registered else [each for each in registered if each.startswith(f"{name}-")]
    if not chosen:
        raise UnknownName("benchmark", name, [*registered, ALL])
    found: dict[str, Mapping[str, str]] = {}
    for each in chosen:
        benchmark: Benchmark = registered[each]()
        found[each] = benchmark.sources(locate(benchmark, data))
        if not found[each]:
            raise DataError(f"--against {name}: the data of {each} holds no programs")
    return found
