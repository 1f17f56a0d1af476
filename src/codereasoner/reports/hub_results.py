"""`.eval_results/*.yaml`: one's own results in the form in which a model repository on the Hub shows them.

The form is that of huggingface.co/docs/hub/eval-results; huggingface_hub's own writer makes it. The Hub shows a result
on the model's page, and on the leaderboard of a benchmark's data set where that lists the task.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import yaml

from codereasoner import __version__, extend
from codereasoner.errors import DataError, import_extra
from codereasoner.extend import Benchmark
from codereasoner.ledger import write_whole
from codereasoner.reports.leaderboard_table import settings_of, written
from codereasoner.reports.run_folder import Evaluation, chosen_evaluations
from codereasoner.styles import short_name


def write_eval_results(paths: Sequence[Path], out: Path, source: str = "") -> list[Path]:
    """OUT/MODEL/.eval_results/BENCHMARK.yaml for each evaluation on a benchmark that the Hub has; what to upload.

    `source` is an address where the answers can be read. Two evaluations of one model on one benchmark are two files,
    told apart by their style.

    Raises:
        DataError: none of the evaluations is on a benchmark of the Hub.
        MissingExtra: huggingface_hub is not installed.
    """
    known = extend.available("benchmark")
    own = [each for each in chosen_evaluations(paths) if getattr(known.get(each.questions), "hub", "")]
    if not own:
        hubs = ", ".join(name for name, benchmark in known.items() if benchmark.hub)
        raise DataError(f"none of these evaluations is on a benchmark that the Hub has; those are: {hubs}")
    several = Counter((each.model, each.questions) for each in own)
    written_files = []
    for each in own:
        style = f"-{_file_name(str(each.summary.get('style', '')))}" if several[each.model, each.questions] > 1 else ""
        path = out / each.model / ".eval_results" / f"{each.questions}{style}.yaml"
        write_whole(path, eval_result(each, known[each.questions], source))
        written_files.append(path)
    return written_files


def _file_name(style: str) -> str:
    """The name of a style as a part of a file's name."""
    return re.sub(r"[^\w.-]+", "-", short_name(style))


def eval_result(evaluation: Evaluation, benchmark: type[Benchmark], source: str = "") -> str:
    """The YAML of one result: pass@1 in percent, with how it was got in its notes."""
    hub = import_extra("huggingface_hub", "eval")
    interval = evaluation.summary.get("interval")
    bounds = f", 95 % interval {interval[0]:.1f} to {interval[1]:.1f}" if interval else ""
    entry = hub.EvalResultEntry(
        dataset_id=benchmark.hub,
        task_id=evaluation.questions.replace("-", "_"),
        value=round(float(evaluation.summary["pass@1"]), 4),
        date=written(evaluation) or None,
        source_url=source or None,
        source_name="codereasoner report" if source else None,
        notes=f"pass@1{bounds}; {settings_of(evaluation.summary)}; codereasoner {__version__}",
    )
    return yaml.safe_dump(hub.eval_result_entries_to_yaml([entry]), sort_keys=False, allow_unicode=True)
