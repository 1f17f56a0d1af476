"""Find a benchmark's data, read its questions, and make the pool that can run its programs."""

import os
from pathlib import Path

from codereasoner import extend
from codereasoner.errors import DataError, MissingExtra, headline, import_extra
from codereasoner.execution.pool import Limits, Pool
from codereasoner.extend import Benchmark, Questions
from codereasoner.own_plugins import OwnBenchmark
from codereasoner.task import Runner

VARIABLE = "CODEREASONER_DATA"


def load_benchmark(name: str, data: Path | None = None, runner: Runner | None = None) -> tuple[Benchmark, Questions]:
    """Return the benchmark of that name and its questions, from the data that `locate` finds.

    Raises:
        UnknownName: there is no such benchmark. DataError: its data cannot be found or read.
    """
    benchmark: Benchmark = extend.find("benchmark", name)
    found = benchmark.load(locate(benchmark, data), runner)
    questions = found if isinstance(found, Questions) else Questions(found)  # a user's may return a plain list
    if isinstance(benchmark, OwnBenchmark):
        for each in questions:
            extend.checked(each)
    if not questions and not questions.unavailable:
        raise DataError(f"{benchmark.name} has no questions: its data is empty")
    return benchmark, questions


def pool_for(
    benchmark: str, workers: int | None = None, allow_weak_isolation: bool = False, own_programs: bool = False
) -> Pool:
    """Return a pool for the programs of the benchmark of that name; "" is for all other programs.

    What the programs import is preloaded, and they have the time that they need. own_programs: see Pool.
    """
    found: Benchmark | None = extend.find("benchmark", benchmark) if benchmark else None
    return Pool(
        workers,
        Limits(found.cpu_seconds) if found else Limits(),
        found.preload() if found else (),
        allow_weak_isolation=allow_weak_isolation,
        own_programs=own_programs,
    )


def locate(benchmark: Benchmark, data: Path | None = None) -> Path:
    """Return the data of a benchmark: `data` itself, or below $CODEREASONER_DATA, or fetched from the Hub.

    A folder is taken as it is where the benchmark's data is a folder; else the benchmark's file in it is taken.

    Raises:
        DataError: there is no data at any of these places; the message names them.
        MissingExtra: the Hub is needed, and its client is not installed.
    """
    if data is not None:
        if not data.exists():
            raise DataError(f"there is no {data}; give --data the file or folder of {benchmark.name}")
        return _inside(benchmark, data)
    if folder := os.environ.get(VARIABLE):
        if not Path(folder).is_dir():
            raise DataError(f"${VARIABLE} is '{folder}', which is not a folder")
        return _inside(benchmark, Path(folder))
    if benchmark.hub:
        return _from_hub(benchmark)
    where = f" (version {benchmark.version})" if benchmark.version else ""
    raise DataError(f"{benchmark.name}{where} needs --data PATH or ${VARIABLE}: its data is not on the Hub")


def _inside(benchmark: Benchmark, data: Path) -> Path:
    if data.is_file():
        return data
    for name in benchmark.files:
        if (data / name).exists():
            return data / name
        if data.resolve().as_posix().endswith(f"/{name}"):
            return data
    raise DataError(f"{data} has no data of {benchmark.name}; looked for: {', '.join(benchmark.files)}")


def _from_hub(benchmark: Benchmark) -> Path:
    """Return the first data file of the Hub's repository, in the local cache."""
    instead = f"give --data PATH, or set ${VARIABLE} to a folder with one of: {', '.join(benchmark.files)}"
    try:
        hub = import_extra("huggingface_hub", "eval")
    except MissingExtra as error:
        raise MissingExtra(f"the data of {benchmark.name} is on the Hub, and {error}; or {instead}") from error
    try:
        folder = Path(hub.snapshot_download(benchmark.hub, repo_type="dataset"))
    except (OSError, ValueError, hub.errors.HfHubHTTPError, hub.errors.LocalEntryNotFoundError) as error:
        reason = headline(error)
        raise DataError(
            f"{benchmark.name} could not be brought from the Hub ({benchmark.hub}): {reason}; {instead}"
        ) from None
    files = sorted(each for pattern in ("*.parquet", "*.jsonl") for each in folder.rglob(pattern))
    if not files:
        raise DataError(f"the Hub's {benchmark.hub} has no .parquet or .jsonl file in {folder}")
    return next((each for each in files if "test" in each.name), files[0])
