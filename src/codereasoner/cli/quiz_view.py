"""Replies to a quiz: a table of them, and the first mistake next to the true trace."""

from collections import Counter
from collections.abc import Sequence
from itertools import takewhile

from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from codereasoner.cli.annotated_source import Annotated, result
from codereasoner.cli.console import Screen, make_table, result_screen, styled
from codereasoner.evaluation.error_rules import KINDS
from codereasoner.evaluation.quiz_questions import Reply
from codereasoner.records import Run
from codereasoner.reports.question_browser import prompt_without_program
from codereasoner.reports.question_records import check_claims, false_claim
from codereasoner.task import Question

AROUND = 6  # lines of a chain that are shown on either side of its first false claim
SIDE_BY_SIDE = 130  # columns of a terminal
_MARKS = {"correct": ("green", "✓"), "wrong": ("red", "✗"), "no_answer": ("yellow", "∅"), "truncated": ("magenta", "…")}


def show_replies(replies: Sequence[Reply], run: Run) -> None:
    """Print the table of replies, the score, and the first mistake."""
    out = result_screen()
    out.print(_table(replies))
    out.print(_score(replies))
    _show_first_mistake(out, replies, run)


def quiz_summary(replies: Sequence[Reply], run: Run) -> dict[str, object]:
    """Return the replies as plain JSON, with their grades, mistakes and claims."""
    rows = []
    for reply in replies:
        checked = check_claims(reply.question, reply.text, run)
        rows.append(
            {
                "task": reply.question.task,
                "question": prompt_without_program(reply.question).strip(),
                "gold": list(reply.question.gold),
                "text": reply.text,
                **reply.grade.to_json(),
                "mistake": reply.mistake.to_json() if reply.mistake else None,
                "claims": {"true": checked.true, "checked": checked.checked, "first_false": false_claim(checked)},
            }
        )
    right = sum(reply.grade.outcome == "correct" for reply in replies)
    return {"right": right, "asked": len(replies), "questions": rows}


def _table(replies: Sequence[Reply]) -> Table:
    table = make_table(None, "", "task", "question", "answer", "right answer", "")
    table.pad_edge = False
    for reply in replies:
        right = reply.grade.outcome == "correct"
        words = _words(reply.question)
        gold = "" if right else _cut(reply.question.gold[0])
        answer = reply.grade.answer if reply.grade.answer is not None else reply.grade.outcome.replace("_", " ")
        found = KINDS[reply.mistake.kind] if reply.mistake else ""
        mark = styled(*_MARKS.get(reply.grade.outcome, ("red", "!")))
        table.add_row(mark, reply.question.task, Text(words), Text(_cut(answer)), Text(gold), Text(found, style="red"))
    return table


def _words(question: Question) -> str:
    """Return the question without the program: `x after line 3, time 2?`; `returns? and 4 more` where it is several."""
    lines = prompt_without_program(question).strip().split("\n")
    more = len(list(takewhile(lambda line: line.startswith("# "), reversed(lines))))
    words = lines[-1 - more].removeprefix("assert ").rpartition("  # ")[2]
    return f"{words} and {more} more" if more else words


def _score(replies: Sequence[Reply]) -> Text:
    asked_of = Counter(reply.question.task for reply in replies)
    right = Counter(reply.question.task for reply in replies if reply.grade.outcome == "correct")
    parts = ", ".join(f"{task} {right[task]}/{count}" for task, count in asked_of.items())
    return Text.assemble((f"{right.total()} of {len(replies)} right", "bold"), f": {parts}")


def _show_first_mistake(out: Screen, replies: Sequence[Reply], run: Run) -> None:
    """Print the chain of the first mistake around its first false claim, next to the annotated source."""
    reply = next((each for each in replies if each.mistake is not None), None)
    if reply is None or reply.mistake is None:
        out.print(Annotated(run))
        out.print(result(run))
        return
    found = reply.mistake
    note = f"{KINDS[found.kind]}: {found.why}"
    out.print()
    out.print(Text.assemble(("first goes wrong", "bold red"), f" in the question about {reply.question.task}: {note}"))
    trace = Group(Annotated(run, {found.line: KINDS[found.kind]} if found.line else {}), result(run))
    said, happened = Panel(_excerpt(reply, run), title="what the model says"), Panel(trace, title="what happens")
    if out.width < SIDE_BY_SIDE:
        out.print(said, happened)
        return
    both = Table.grid(expand=True, padding=(0, 1))
    both.add_column(ratio=2)
    both.add_column(ratio=3)
    both.add_row(said, happened)
    out.print(both)


def _excerpt(reply: Reply, run: Run) -> Text:
    """Return the chain around its first false claim, which is marked; its beginning where none is false."""
    checked = check_claims(reply.question, reply.text, run)
    if checked.first_false_at is None:
        return Text(_lines(reply.text, 0, 2 * AROUND))
    start, end = checked.first_false_at
    line = reply.text.count("\n", 0, start)
    first = max(0, line - AROUND)
    offset = sum(len(each) + 1 for each in reply.text.split("\n")[:first])
    shown = Text(_lines(reply.text, first, 2 * AROUND + 1))
    shown.stylize("bold white on red", start - offset, end - offset)
    return Text.assemble(shown, "\n\n", (f"{checked.true} of the {checked.checked} claims are true", "dim"))


def _lines(text: str, first: int, count: int) -> str:
    lines = text.split("\n")
    shown = "\n".join(lines[first : first + count])
    return shown + ("\n…" if len(lines) > first + count else "")


def _cut(text: str) -> str:
    flat = " ⏎ ".join(text.split("\n"))
    return flat if len(flat) <= 60 else f"{flat[:59]}…"
