"""Tables of experiments: their arms, their accuracies, and what the demo shows at its end."""

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table
from rich.text import Text

from codereasoner import extend
from codereasoner.cli.console import bar, result_screen, ruled_table, styled
from codereasoner.evaluation.metrics import mean
from codereasoner.evaluation.results import Numbers, Summary, accuracy
from codereasoner.experiments.arm_results import PERPLEXITY, Results, interval, perplexity
from codereasoner.experiments.plan import BACKWARD, FORWARD, Experiment
from codereasoner.experiments.processes import history
from codereasoner.experiments.run import Summaries
from codereasoner.ledger import read_manifest, read_records, read_rows
from codereasoner.stages.stage_clock import StageClock
from codereasoner.task import Question
from codereasoner.training.history import HistoryRow


def show_arms(plan: Experiment) -> None:
    """Print the arms of an experiment with their starts, rows and compute."""
    table = ruled_table(
        plan.title, "* compared by default; compute: the operations of SFT on this many tokens, generation included"
    )
    table.show_edge = False
    for column in ("arm", "what it is", "from", "train", "rows", "tokens of SFT"):
        table.add_column(column, justify="right" if column.startswith("tokens") else "left", overflow="fold")
    for key, arm in plan.arms.items():
        compared = "*" if key in plan.settings.arms else ""
        rows = plan.rows.get(arm.rows)
        tasks = [f"{task} directly" if task in rows.direct else task for task in rows.tasks] if rows else []
        read = ", ".join(rows.prompts or tasks) if rows else ""
        read += f" about programs of {' and '.join(rows.sources)}" if rows and rows.sources else ""
        tokens = f"{plan.tokens(key, plan.settings):,.0f}" if arm.train else ""
        table.add_row(f"{key}{compared}", arm.label, arm.start if arm.train else "", arm.train or "", read, tokens)
    result_screen().print(table)


def show_results(found: Results, seeds: int) -> None:
    """Print the accuracy of each arm and its difference to the first, one block of rows for each column of results."""
    title = f"Accuracy on programs never seen, greedy, percent; mean of {seeds} seeds with its 95 % interval"
    first = found["arms"][found["first"]]["label"]
    table = ruled_table(title, f"difference: to '{first}', question by question")
    table.add_column("questions", overflow="fold")
    table.add_column("arm", overflow="fold", min_width=12)
    for column in ("accuracy", "difference"):
        table.add_column(column, justify="right", no_wrap=True)
    for column in found["columns"]:
        asked = [arm for arm in found["arms"].values() if column in arm["columns"]]
        for arm in asked:
            table.add_row(
                column if arm is asked[0] else "",
                arm["label"],
                interval(arm["columns"][column], ".1f"),
                interval(arm["against"][column], "+.1f") if column in arm["against"] else "",
                end_section=arm is asked[-1],
            )
    read = [arm for arm in found["arms"].values() if "perplexity" in arm]
    for arm in read:
        table.add_row(PERPLEXITY if arm is read[0] else "", arm["label"], perplexity(arm), "")
    result_screen().print(table)


def show_demo(folder: Path, plan: Experiment, summaries: Summaries, share: float) -> None:
    """Print the accuracies of the demo with what they took, and one answer of each direction."""
    screen = result_screen()
    screen.print(_accuracy_table(plan, summaries))
    if share != 1.0:
        screen.print(
            f"--minutes: trained on {100 * share:.0f} % of the demo's tokens, so this is not the table of `make demo`"
        )
    for name in ("sft", "grpo", "control"):
        screen.print(_spent_line(folder / name, plan.arms[name].label))
    if "cruxeval-o" in summaries:
        screen.print(_cruxeval_line(summaries["cruxeval-o"]["grpo"]))
    screen.print(_samples(folder))
    screen.print(_grpo_line(history(folder / "grpo")))
    seconds = StageClock(folder, bar).seconds()
    words = ", ".join(f"{name} {value:.0f}" for name, value in seconds.items() if value >= 0.5)
    screen.print(f"seconds: {words}; {sum(seconds.values()):.0f} in all")
    screen.print(f"the run: {folder}")


def _accuracy_table(plan: Experiment, summaries: Summaries) -> Table:
    """Return one row for each model; a column for each direction and each set of held-out programs."""
    columns = [(name, task) for name in plan.sets for task in (FORWARD, BACKWARD)]
    title = "Accuracy on programs never seen, greedy, with its 95 % interval"
    table = ruled_table(
        title, "forward: predict the output; backward: find an input; a step is a statement of the program"
    )
    table.add_column("", no_wrap=True)
    for name, task in columns:
        held = plan.sets[name]
        words = f"{held.low}-{held.high} steps" if held.low < held.high else f"{held.low} steps"
        table.add_column(f"{'forward' if task == FORWARD else 'backward'}\n{words}", justify="right", no_wrap=True)
    for arm in plan.settings.arms:
        table.add_row(plan.arms[arm].label, *(_cell(summaries[name][arm]["by_task"][task]) for name, task in columns))
    table.add_row("best guess", *(_best_guess(summaries, *column) for column in columns), style="dim")
    counts = (str(summaries[name]["base"]["by_task"][task]["n_questions"]) for name, task in columns)
    table.add_row("questions", *counts, style="dim")
    return table


def _cell(part: Numbers) -> Text:
    """Return `68.7 %` with its interval in the line below."""
    value, _, interval = accuracy(part).partition(" [")
    return styled("bold", value, f"\n{interval.removesuffix(']').replace(', ', ' to ')}")


def _best_guess(summaries: Summaries, name: str, task: str) -> str:
    rates = [rate for words, rate in summaries[name]["base"]["baselines"].items() if words.startswith(f"{task}:")]
    return f"{max(rates):.1f} %" if rates else ""


def _cruxeval_line(summary: Summary) -> str:
    baselines = ", ".join(f"{name} {rate:.1f} %" for name, rate in summary["baselines"].items())
    return (
        f"CRUXEval-O, the real {summary['n_questions']}, after GRPO: {accuracy(summary)}; without a model: {baselines}"
    )


def _spent_line(folder: Path, label: str) -> str:
    counts = (read_manifest(folder) or {})["counts"]
    return (
        f"{label}: {counts['tokens']:,} tokens, {counts['operations']:.3g} operations, {counts['seconds']:.0f} seconds"
    )


def _grpo_line(rows: Sequence[HistoryRow]) -> str:
    """Sum up GRPO's steps: the reward as it began and ended, what taught nothing, and the time of grading."""
    steps = [row for row in rows if "step_seconds" in row]
    fifth = max(1, len(steps) // 5)
    first, last = (mean([row["reward"] for row in part]) for part in (steps[:fifth], steps[-fifth:]))
    idle = 100 * mean([row["zero_variance"] for row in steps])
    cut = 100 * mean([row["truncated"] for row in steps])
    grading = 100 * sum(row["reward_seconds"] for row in steps) / sum(row["step_seconds"] for row in steps)
    return (
        f"GRPO: {len(steps)} updates, mean reward {first:.2f} in the first fifth and {last:.2f} in the last; "
        f"{idle:.0f} % of the groups had no variance, {cut:.1f} % of the completions were cut off; "
        f"grading took {grading:.1f} % of the time"
    )


def _samples(folder: Path) -> Table:
    """Return one question of each direction, with the trained model's whole answer."""
    questions = {question.id: question for question in read_records(folder / "questions.jsonl", Question)}
    evaluation = folder / "evaluations" / "held-out@grpo"
    answers = {row["id"]: row["text"] for row in read_rows(evaluation / "answers.jsonl")}
    table = Table(title="Sample answers after GRPO", title_justify="left", title_style="bold", show_lines=True)
    for column in ("question", "answer", "grade"):
        table.add_column(column, overflow="fold")
    for task in (FORWARD, BACKWARD):
        row = next(row for row in read_rows(evaluation / "grades.jsonl") if row["task"] == task)
        question = questions[row["question"]]
        table.add_row(extend.task(task).statement(question), answers[row["id"]], row["outcome"])
    return table
