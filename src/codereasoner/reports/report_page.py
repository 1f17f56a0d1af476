"""Write report.html of a run: its results, training, data and questions."""

from pathlib import Path

from codereasoner.reports.accuracy_by_feature import accuracy_by_feature, question_features
from codereasoner.reports.comparison import differences
from codereasoner.reports.page import assemble, write_view
from codereasoner.reports.question_browser import browser
from codereasoner.reports.question_records import LIMIT, gather
from codereasoner.reports.result_rows import mistake_counts, results, warnings
from codereasoner.reports.run_folder import (
    check_run_folder,
    collector_at_rest,
    config,
    evaluations,
    identity,
    manifests,
)
from codereasoner.reports.run_summary import LINKS, curves, flow, stage_seconds


@collector_at_rest()
def write_report(run_folder: Path, limit: int = LIMIT) -> Path:
    """Write report.html into a run folder from the files that are there, and return its path."""
    check_run_folder(run_folder)
    found = evaluations(run_folder)
    gathered = gather([run_folder], found, limit)
    rows = results(found, gathered)
    outputs = manifests(run_folder)
    stages = stage_seconds(run_folder, outputs)
    seconds = sum(stage["seconds"] for stage in stages)
    facts = identity(run_folder) | ({"wall time": _duration(seconds)} if seconds else {})
    name = run_folder.resolve().name.encode("utf-8", "replace").decode()
    summary = {
        "name": name,
        "facts": list(facts.items()),
        "config": config(run_folder)[1],
        "flow": flow(run_folder, outputs, found),
        "links": LINKS,
        "stages": stages,
        "curves": curves(run_folder),
        "results": rows,
        "warnings": warnings(rows),
        "unfinished": [f"{each.questions}@{each.model}" for each in found if not each.summary],
        "features": accuracy_by_feature(gathered, question_features([run_folder], gathered)),
        "differences": differences(gathered),
        "mistakes": mistake_counts(gathered),
    }
    out = run_folder / "report.html"
    write_view(out, assemble(name, {"summary": summary} | browser(gathered)))
    return out


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
