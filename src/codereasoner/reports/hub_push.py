"""Put a data set on the Hugging Face Hub: its rows, its card with the plots, and what says how it was made."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codereasoner.errors import ConfigError, DataError, import_extra

WHAT = (
    "README.md",
    "plots/*.png",
    "sft.parquet",
    "grpo.parquet",
    "programs.jsonl",
    "chosen.jsonl",
    "chains.jsonl",
    "*.manifest.json",
    "*.dropped.jsonl",
    "config.yaml",
)
"""What is uploaded, by patterns of paths below the folder."""


def files_to_push(folder: Path) -> list[Path]:
    """The files of a data set that are uploaded.

    Raises:
        DataError: it has no card, or no rows: it is no finished data set.
    """
    for name in ("README.md", "sft.parquet"):
        if not (folder / name).is_file():
            raise DataError(f"{folder} has no {name}: build the data set first")
    return sorted({path for pattern in WHAT for path in folder.glob(pattern) if path.is_file()})


def push(folder: Path, repository: str, public: bool = False, api: Any = None) -> str:
    """Upload a data set as one commit and return its address; the repository is made where there is none.

    The token is that of `hf auth login`, or $HF_TOKEN.

    Raises:
        ConfigError: the name is no OWNER/NAME. DataError: there is no finished data set, or the Hub refused it.
        MissingExtra: huggingface_hub is not installed.
    """
    check_name(repository)
    files = files_to_push(folder)
    hub, errors = import_extra("huggingface_hub", "data"), import_extra("huggingface_hub.errors", "data")
    api = api or hub.HfApi()
    paths = [path.relative_to(folder).as_posix() for path in files]
    try:
        api.create_repo(repository, repo_type="dataset", private=not public, exist_ok=True)
        done = api.upload_folder(
            repo_id=repository,
            repo_type="dataset",
            folder_path=str(folder),
            allow_patterns=paths,
            commit_message=_message(paths),
        )
    except (errors.HfHubHTTPError, errors.LocalTokenNotFoundError, OSError) as error:
        raise DataError(f"the Hub did not take {repository}: {' '.join(str(error).split())}") from None
    return str(getattr(done, "commit_url", done))


def check_name(repository: str) -> None:
    """Is it OWNER/NAME?

    Raises:
        ConfigError: it is not.
    """
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise ConfigError(f"--push takes OWNER/NAME, not '{repository}'")


def _message(paths: Sequence[str]) -> str:
    return f"A data set of codereasoner: {len(paths)} files"
