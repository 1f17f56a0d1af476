"""Tables of a comparison of evaluations. Warnings go to standard error."""

from collections.abc import Sequence
from textwrap import wrap

from rich.text import Text

from codereasoner.cli.console import Screen, console, make_table, styled
from codereasoner.errors import counted
from codereasoner.evaluation.paired_comparison import PairedDifference
from codereasoner.evaluation.results import accuracy
from codereasoner.extend import task_order
from codereasoner.reports.comparison import Comparison, PairComparison
from codereasoner.reports.result_rows import Figures, Result, baselines_of

NAME, INTERVAL = 24, 22  # columns of a terminal for the name of a model, and for a number with its interval


def show_comparison(found: Comparison, by: Sequence[str], show: int, out: Screen) -> None:
    """Print the results, differences, flipped questions and features of a comparison, for each list of questions."""
    for sentence in found["warnings"]:
        console.print(styled("bold red", "careful", f" {sentence}"), highlight=False)
    for name in dict.fromkeys(row["questions"] for row in found["results"]):
        _show_results(name, [row for row in found["results"] if row["questions"] == name], out)
        rows = [row for row in found["comparisons"] if row["list"] == name]
        if rows:
            _show_differences(rows, out)
        if len(rows) > 1 and not by:
            out.print(
                styled("dim", "flipped questions and features: compare two evaluations, or give --report or --json")
            )
            continue
        for row in rows:
            _show_flips(row, show, out)
            _show_features(row, by, show, out)


def _show_results(name: str, rows: Sequence[Result], out: Screen) -> None:
    tasks = sorted({part["task"] for row in rows for part in row["tasks"]}, key=task_order)
    counts = {row["n_questions"] for row in rows if row["n_questions"] is not None}
    asked = f", {counted(counts.pop(), 'question')}" if len(counts) == 1 else ""
    columns = [*tasks, *(["all"] if len(tasks) > 1 else [])]
    title = f"{name}{asked}: pass@1 with its 95 % interval"
    is_wide = out.width >= NAME + INTERVAL * len(columns)
    numbers = columns if is_wide else ("pass@1",)
    table = make_table(title, "model", *([] if is_wide else ["task"]), *numbers, right=numbers, bold=True)
    for row in rows:
        parts: dict[str, Figures] = {"all": row, **{part["task"]: part for part in row["tasks"]}}
        found = {each: accuracy(parts[each]) if each in parts else "-" for each in columns}
        if is_wide:
            table.add_row(Text(row["model"]), *found.values())
            continue
        for place, (task, shown) in enumerate(found.items()):
            table.add_row(Text("" if place else row["model"]), task, shown)
    out.print(table)
    for baseline, value in baselines_of(rows).items():
        out.print(styled("dim", f" no model: {baseline} {value:.1f} %"), highlight=False)
    verdicts = [verdict.replace("_", " ") for verdict in rows[0]["outcomes"]]
    costs = ["tokens each", "right per 1,000 tokens"] if any(row["tokens"] for row in rows) else []
    columns = ["\n".join(wrap(name, 9)) for name in (*verdicts, *costs)]
    outcomes = make_table("outcomes of all answers", "model", *columns, right=columns, bold=True)
    for row in rows:
        spent = [_number(row["tokens"], ",.0f"), _number(row["right_per_1000_tokens"], ".3g")] if costs else []
        outcomes.add_row(Text(row["model"]), *(f"{count:,}" for count in row["outcomes"].values()), *spent)
    out.print(outcomes)


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _show_differences(rows: Sequence[PairComparison], out: Screen) -> None:
    title = Text(f"differences from {rows[0]['first']}, in points")
    numbers = ("n", "difference [95 %]", "gained", "lost", "McNemar p")
    table = make_table(title, "model", "task", *numbers, right=numbers, bold=True)
    for row in rows:
        for task, part in row["tasks"].items():
            counts = (f"{part['gained']:,}", f"{part['lost']:,}")
            table.add_row(
                Text(row["second"]), task, f"{part['questions']:,}", difference(part), *counts, f"{part['p']:.2g}"
            )
    out.print(table)


def difference(part: PairedDifference) -> Text:
    """Return `+8.2 [+3.1, +13.3]`, bold where the interval leaves out zero."""
    interval = part["interval"]
    text = f"{part['difference']:+.1f}" + (f" [{interval[0]:+.1f}, {interval[1]:+.1f}]" if interval else "")
    sure = interval is not None and (interval[0] > 0 or interval[1] < 0)
    return Text(text, style=("bold green" if part["difference"] > 0 else "bold red") if sure else "")


def _show_flips(row: PairComparison, show: int, out: Screen) -> None:
    for word, flipped, colour in (("gained", row["gained"], "green"), ("lost", row["lost"], "red")):
        if not flipped:
            continue
        table = make_table(f"{word} by {row['second']}: {len(flipped):,}")
        shown = [(item["task"], item["id"].removeprefix(f"{row['list']}/")) for item in flipped[:show]]
        for place, column in enumerate(("task", "id")):
            table.add_column(column, no_wrap=True, min_width=max((len(each[place]) for each in shown), default=0))
        table.add_column("question", overflow="ellipsis", no_wrap=True)
        for (task, name), item in zip(shown, flipped, strict=False):
            table.add_row(Text(task, style=colour), Text(name), Text(item["question"]))
        out.print(table)
        if len(flipped) > show:
            out.print(styled("dim", f"and {len(flipped) - show:,} more: --show {len(flipped)}, or --json"))


def _show_features(row: PairComparison, by: Sequence[str], show: int, out: Screen) -> None:
    chosen = [each for each in row["by_feature"] if not by or each["feature"] in by]
    bins = [(each["feature"], part) for each in chosen for part in each["bins"]]
    if not bins:
        return
    numbers = ("questions", "first", "second", "difference [95 %]")
    table = make_table(f"{row['second']} - {row['first']} by feature", "feature", "value", *numbers, right=numbers)
    limit = len(bins) if by else max(show, 0)
    for feature, part in bins[:limit]:
        shares = (f"{part['first']:.1f} %", f"{part['second']:.1f} %")
        table.add_row(Text(feature), Text(part["label"]), f"{part['questions']:,}", *shares, difference(part))
    out.print(table)
    if len(bins) > limit:
        rest = ", ".join(dict.fromkeys(feature for feature, _ in bins[limit:]))
        out.print(styled("dim", f"and {len(bins) - limit} more rows: --by FEATURE, one of: {rest}"))
