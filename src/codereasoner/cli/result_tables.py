"""Tables of results: summaries, scores, checks, audits, leaderboards, isolation. Warnings go to standard error."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice

from rich.table import Table
from rich.text import Text

from codereasoner.cli.console import Screen, console, make_table, result_screen, styled
from codereasoner.errors import counted
from codereasoner.evaluation.results import Summary, accuracy
from codereasoner.execution.examination import Examination, Held
from codereasoner.extend import commonest
from codereasoner.records import Facts
from codereasoner.reports.leaderboard_table import Board
from codereasoner.reports.result_rows import format_warnings
from codereasoner.styles import short_name
from codereasoner.task import VERDICTS

MOST = 12  # rows of a list of reasons
_ENTRY_STYLES = {"own": "bold green", "baseline": "dim", "published": ""}


def show_summary(summary: Summary, out: Screen) -> None:
    """Print one row for the whole and one for each task, then what a guess without a model gets."""
    several = len(summary["by_task"]) > 1
    rows = {"all": summary, **(summary["by_task"] if several else {})}
    title = f"{summary['model']} on {summary['benchmark']}, style {short_name(str(summary['style']))}"
    table = _numbers_table(title, "", rows)
    for name, baseline in summary["baselines"].items():
        table.add_row(f"no model: {name}", "", f"{baseline:.1f} %", style="dim")
    out.print(table)
    for line in _own_numbers(summary["metrics"]):
        out.print(line)
    if summary["completion_tokens"] or summary["prompt_tokens"]:  # not every model counts them
        written = f"{summary['completion_tokens']:,} of completions" if summary["completion_tokens"] else ""
        tokens = f"{summary['prompt_tokens']:,} tokens of prompts, {written or 'those of completions are not counted'}"
        dollars = f", ${summary['dollars']:,.2f}" if summary["dollars"] else ""
        out.print(styled("dim", f"{tokens}{dollars}"))
    for sentence in format_warnings(f"{summary['model']} on {summary['benchmark']}", summary["outcomes"]):
        console.print(styled("bold red", "warning", f" {sentence}"))
    if failed := summary["outcomes"]["error"]:
        reasons = commonest(summary.get("errors", {}))
        said = f" {counted(failed, 'error')} in requests or checks ({reasons}); the same command tries again."
        console.print(styled("bold red", "warning", said))


def show_score(result: Facts, out: Screen) -> None:
    """Print both graders, the benchmark's own numbers, and the reasons why the graders differ."""
    for model, part in result.get("models", {}).items():
        out.print(styled("bold", model))
        show_score(part, out)
    if "models" in result:
        return
    graders = [result, result["other"]] if "other" in result else [result]
    out.print(_numbers_table(result["benchmark"], "grader", {part["grader"]: part for part in graders}))
    if left_out := result.get("left_out"):
        console.print(styled("yellow", "left out", f" {left_out}"))
    for part in graders:
        for line in _own_numbers(part):
            out.print(styled("dim", part["grader"], f" {line}"))
    if result.get("differences"):
        reasons = make_table("where the graders differ", "count", "official", "strict", "reason", "example")
        for row in result["differences"][:MOST]:
            example = row["example"]
            shown = f"{example['id']}: {str(example['answer'])[:60]}"
            reasons.add_row(f"{row['count']:,}", row["official"], row["strict"], row["reason"], shown)
        out.print(reasons)


def _own_numbers(part: Mapping[str, object]) -> list[str]:
    """Return the numbers of a benchmark beyond pass@k: `coverage: accuracy 81.06, precision 84.30, ...`."""
    lines = []
    for name, value in part.items():
        if isinstance(value, float) and "@" not in name:
            lines.append(f"{name}: {value:.2f}")
        elif isinstance(value, Mapping) and value and all(isinstance(number, float) for number in value.values()):
            lines.append(f"{name}: " + ", ".join(f"{key} {number:.2f}" for key, number in value.items()))
    return lines


def show_check(result: Facts, out: Screen) -> None:
    """Print the counts of a check, and what was rejected, contradicts itself or cannot run, with the reason."""
    wrong = result.get("rejected") or result.get("differing") or []
    for name, value in result.items():
        if name not in ("rejected", "differing") and not isinstance(value, list | dict):
            out.print(f"{name.replace('_', ' ')}: {value:,}" if isinstance(value, int) else f"{name}: {value}")
    for task, rates in (result.get("guess_rates") or {}).items():
        for guess, rate in rates.items():
            out.print(styled("dim", f"{task}: always {guess}: {rate:.1f} %"))
    again: Facts = result.get("rerun") or {}
    if again:
        out.print(f"run again: {again['agree']:,} as recorded, {len(again['ill_posed']):,} not")
    doubtful = {row["id"]: row["reason"] for each in (result, again) for row in each.get("ill_posed") or ()}
    for name, reason in islice(doubtful.items(), MOST):
        out.print(styled("yellow", "ill-posed", f" {name}: {reason}"))
    lacking = Counter((result.get("unavailable") or {}).values()) + Counter(again.get("cannot_run"))
    for reason, count in lacking.most_common(MOST):
        out.print(styled("yellow", "not run", f" {count:,}: {reason}"))
    for row in wrong[:MOST]:
        out.print(styled("red", str(row)))


def _numbers_table(title: str, first: str, rows: Mapping[str, Facts]) -> Table:
    """Return a table with a row for each part; it has pass@5 where there are five samples."""
    shown = [k for k in (1, 5) if k == 1 or any(f"pass@{k}" in part for part in rows.values())]
    numbers = ("n", *(f"pass@{k}{' [95 %]' if k == 1 else ''}" for k in shown))
    table = make_table(title, first, *numbers, "outcomes", right=numbers)
    for name, part in rows.items():
        counted = [(part["outcomes"].get(verdict, 0), verdict.replace("_", " ")) for verdict in VERDICTS]
        outcomes = ", ".join(f"{count:,} {verdict}" for count, verdict in counted if count)
        table.add_row(name, f"{part['n_questions']:,}", *(accuracy(part, k) for k in shown), outcomes)
    return table


def show_audit(result: Facts, out: Screen) -> None:
    """Print the counts of claims by author and task, the classes of texts, and the first false claims."""
    columns = ("texts", "claims", "true", "texts\nall true", "right,\nsteps wrong")
    table = make_table(f"claims of {result['texts_file']}", "by", "task", *columns, right=columns)
    above = ""
    for part in [*result["parts"], {"by": "all", "task": "", **result}]:
        author = part["by"].partition("@http")[0]  # without the address of a server
        counts = (f"{part['texts']:,}", f"{part['claims']:,}")
        table.add_row("" if author == above else author, part["task"], *counts, *_shares(part))
        above = author
    out.print(table)
    for name, count in result["classes"].items():
        out.print(f"  {count:>8,}  {name}")
    for each in result["examples"]:
        out.print(f"first false claim of a right answer, {each['by']} on {each['question']}: {each['first_false']}")
    if "kept" in result:
        kept = result["kept"]
        out.print(f"{result['kept_file']}: {kept['kept']:,} kept, {kept['dropped']:,} dropped")
        for reason, count in kept["drops"].items():
            out.print(f"  {count:>8,}  {reason}")


def _shares(part: Facts) -> list[str]:
    shown = ["-" if part[key] is None else f"{part[key]:.2f} %" for key in ("true_percent", "all_true_percent")]
    return [*shown, f"{part['classes'].get('answer right, steps wrong', 0):,}"]


def show_boards(boards: Sequence[Board]) -> None:
    """Print one table for each benchmark: published results, and your own in green."""
    out = result_screen()
    for board in boards:
        head, *rows = board.table()
        below = [place for place, name in enumerate(head) if name in _DETAILS and out.width < WIDE]
        columns = [name for place, name in enumerate(head) if place not in below]
        table = make_table(board.title, *columns, right=("pass@1", "95 % interval", "tokens"), bold=True)
        for each, row in zip(board.entries, rows, strict=True):
            details = "; ".join(row[place] for place in below if row[place])
            model = Text.assemble(row[0], (f"\n  {details}" if details else "", "not bold dim"))
            rest = [Text(text) for place, text in enumerate(row) if place and place not in below]
            table.add_row(model, *rest, style=_ENTRY_STYLES[each.kind])
        out.print(table)


_DETAILS = ("settings", "source", "evidence")
WIDE = 140  # columns of a terminal that has room for the details of a result next to its numbers


def show_isolation(found: Examination) -> None:
    """Print the layers of isolation, the level, and what became of the hostile programs."""
    out = result_screen()
    out.print(f"Python {found['python']} on {found['platform']}, user {found['user']}")
    table = make_table(None, "", "", "")
    table.show_header = False
    for layer in found["layers"]:
        said = "" if layer["available"] else f"{layer['reason']}. Without it {layer['without']}."
        table.add_row(f"  {layer['name']}", styled("green", "yes") if layer["available"] else styled("red", "no"), said)
    out.print(table)
    if found["level"]:
        out.print(f"isolation level {found['level']}: {found['meaning']}")
        out.print(f"a worker starts in {found['start_ms']} ms and holds {found['worker_kb'] / 1024:.1f} MiB")
        out.print(f"the tracer is the one in {found['tracer']}")
    if "hostile" in found:
        _show_hostile(out, found["hostile"])


def _show_hostile(out: Screen, rows: Sequence[Held]) -> None:
    """Count the hostile programs that were held, and name the others."""
    states = Counter(row["state"] for row in rows)
    run = len(rows) - states["not run"]
    out.print(f"{states['held']} of {run} hostile programs held")
    for needed in sorted({row["reason"] for row in rows if row["state"] == "not run"}):
        names = ", ".join(row["name"] for row in rows if row["reason"] == needed)
        out.print(f"  not run, {needed}: {names}")
    for row in rows:
        if row["state"] == "not held":
            out.print(f"  not held: {row['reason']}")
