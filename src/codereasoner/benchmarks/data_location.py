"""Where a benchmark's data is: the path that was given, a folder of data, or the Hub."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from codereasoner.errors import DataError, headline, import_extra
from codereasoner.extend import Benchmark

VARIABLE = "CODEREASONER_DATA"


def locate(benchmark: Benchmark, data: Path | None = None) -> Path:
    """The data of a benchmark: `data` itself, or below $CODEREASONER_DATA, or brought from the Hub.

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
            raise DataError(f"${VARIABLE} is '{folder}', which is no folder")
        return _inside(benchmark, Path(folder))
    if benchmark.hub:
        return _from_hub(benchmark)
    raise DataError(
        f"{benchmark.name} needs --data PATH or ${VARIABLE}: its data is not on the Hub ({benchmark.version})"
    )


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
    """The first data file of the Hub's repository, in the local cache."""
    hub: Any = import_extra("huggingface_hub", "eval")
    try:
        folder = Path(hub.snapshot_download(benchmark.hub, repo_type="dataset"))
    except (OSError, ValueError, hub.errors.HfHubHTTPError, hub.errors.LocalEntryNotFoundError) as error:
        reason = headline(error)
        raise DataError(
            f"{benchmark.name} could not be brought from the Hub ({benchmark.hub}): {reason}; "
            f"give --data PATH, or set ${VARIABLE} to a folder with one of: {', '.join(benchmark.files)}"
        ) from None
    files = sorted(each for pattern in ("*.parquet", "*.jsonl") for each in folder.rglob(pattern))
    if not files:
        raise DataError(f"the Hub's {benchmark.hub} has no .parquet or .jsonl file in {folder}")
    return next((each for each in files if "test" in each.name), files[0])
