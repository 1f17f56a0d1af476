"""Upload a data set to the Hugging Face Hub, and write evaluation results as the Hub shows them."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from codereasoner import __version__, extend
from codereasoner.errors import ConfigError, DataError, import_extra
from codereasoner.extend import Benchmark
from codereasoner.reports.leaderboard_table import settings_of, written_on
from codereasoner.reports.page import write_view
from codereasoner.reports.run_folder import Evaluation, chosen_evaluations
from codereasoner.styles import short_name

UPLOADED = (
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
"""The files that are uploaded, by patterns of paths below the folder."""


def files_to_push(folder: Path) -> list[Path]:
    """Return the files of a data set that are uploaded."""
    for name in ("README.md", "sft.parquet"):
        if not (folder / name).is_file():
            raise DataError(f"{folder} has no {name}: build the data set first")
    return sorted({path for pattern in UPLOADED for path in folder.glob(pattern) if path.is_file()})


def push(folder: Path, repository: str, public: bool = False, api: Any = None) -> str:
    """Upload a data set as one commit and return its address; a missing repository is created.

    The token is that of `hf auth login`, or $HF_TOKEN.
    """
    check_name(repository)
    paths = [path.relative_to(folder).as_posix() for path in files_to_push(folder)]
    hub, errors = import_extra("huggingface_hub", "data"), import_extra("huggingface_hub.errors", "data")
    api = api or hub.HfApi()
    try:
        api.create_repo(repository, repo_type="dataset", private=not public, exist_ok=True)
        done = api.upload_folder(
            repo_id=repository,
            repo_type="dataset",
            folder_path=str(folder),
            allow_patterns=paths,
            commit_message=f"A data set of codereasoner: {len(paths)} files",
        )
    except (errors.HfHubHTTPError, errors.LocalTokenNotFoundError, OSError) as error:
        raise DataError(f"the Hub did not take {repository}: {' '.join(str(error).split())}") from None
    return str(getattr(done, "commit_url", done))


def check_name(repository: str) -> None:
    """Refuse a repository that is not OWNER/NAME."""
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise ConfigError(f"--push takes OWNER/NAME, not '{repository}'")


def write_eval_results(paths: Sequence[Path], out: Path, source: str = "") -> list[Path]:
    """Write OUT/MODEL/.eval_results/BENCHMARK.yaml for each evaluation on a benchmark that the Hub has.

    The format is that of huggingface.co/docs/hub/eval-results. The Hub shows a result on the model's page, and on the
    leaderboard of the benchmark's data set where that lists the task. `source` is an address where the answers can be
    read. Two evaluations of one model on one benchmark are two files, distinguished by their style.

    Raises:
        DataError: none of them is on such a benchmark, or a model is named as a folder cannot be.
    """
    known = extend.available("benchmark")
    own = [each for each in chosen_evaluations(paths) if getattr(known.get(each.questions), "hub", "")]
    if not own:
        hubs = ", ".join(name for name, benchmark in known.items() if benchmark.hub)
        raise DataError(f"none of these evaluations is on a benchmark that the Hub has; those are: {hubs}")
    several = Counter((each.model, each.questions) for each in own)
    written = []
    for each in own:
        if each.model in (".", ".."):
            raise DataError(f"{each.folder}: the model's name, '{each.model}', is none of a folder in {out}")
        style = re.sub(r"[^\w.-]+", "-", short_name(each.summary.get("style", "")))
        name = f"{each.questions}-{style}" if several[each.model, each.questions] > 1 else each.questions
        path = out / each.model / ".eval_results" / f"{name}.yaml"
        write_view(path, _eval_result(each, known[each.questions], source))
        written.append(path)
    return written


def _eval_result(evaluation: Evaluation, benchmark: type[Benchmark], source: str) -> str:
    """Return the YAML of one result: pass@1 in percent, with interval and settings in its notes."""
    hub = import_extra("huggingface_hub", "eval")
    interval = evaluation.summary.get("interval")
    bounds = f", 95 % interval {interval[0]:.1f} to {interval[1]:.1f}" if interval else ""
    entry = hub.EvalResultEntry(
        dataset_id=benchmark.hub,
        task_id=evaluation.questions.replace("-", "_"),
        value=round(float(evaluation.summary.get("pass@1") or 0.0), 4),
        date=written_on(evaluation) or None,
        source_url=source or None,
        source_name="codereasoner report" if source else None,
        notes=f"pass@1{bounds}; {settings_of(evaluation.summary)}; codereasoner {__version__}",
    )
    return yaml.safe_dump(hub.eval_result_entries_to_yaml([entry]), sort_keys=False, allow_unicode=True)
