"""show: one question of an evaluation, as it was asked and answered."""

from pathlib import Path
from typing import TypedDict

import click

from codereasoner.cli.config_command import ConfigCommand
from codereasoner.cli.option_types import PATH
from codereasoner.cli.options import json_option
from codereasoner.errors import DataError, counted
from codereasoner.parquet_files import Row


class AskedQuestion(TypedDict):
    """The messages of a question of an evaluation, and its answers with their grades."""

    question: str
    messages: list[dict[str, str]]
    answers: list[Row]


_COLOURS = {"correct": "bold green", "error": "bold yellow"}


@click.command("show", cls=ConfigCommand)
@click.argument("question", metavar="QUESTION")
@click.option(
    "--folder", type=PATH, required=True, help="Folder of an evaluation, such as evaluations/cruxeval-o@MODEL."
)
@json_option
def show_command(question: str, folder: Path, as_json: bool) -> None:
    """Show the messages that were sent for a question, each raw reply, what the model thought, and the grade.

    QUESTION is the id of a question, or the beginning of it. Reads prompts.jsonl, answers.jsonl and grades.jsonl.

    Example:

    \b
        codereasoner show ID --folder evaluations/questions@scripted-gold
    """
    from rich.text import Text

    from codereasoner.cli.console import print_json, result_screen, styled

    found = asked_and_answered(folder, question)
    if as_json:
        print_json(found)
        return
    out = result_screen()
    for message in found["messages"]:
        out.print(styled("bold", message["role"]))
        out.print(Text(message["content"]))
    for answer in found["answers"]:
        grade = answer["grade"]
        title = f"answer {answer['sample']}: {grade.get('outcome', 'not graded')}"
        out.print(styled(_COLOURS.get(grade.get("outcome"), "bold red"), title, f" {grade.get('reason', '')}"))
        if answer["thoughts"]:
            out.print(Text(answer["thoughts"], style="dim"))
        out.print(Text(answer["text"]))


def asked_and_answered(folder: Path, question: str) -> AskedQuestion:
    """Return the messages of a question, and its answers with their grades."""
    from codereasoner.ledger import read_rows
    from codereasoner.reports.run_folder import chosen_evaluations

    found = chosen_evaluations([folder])
    if len(found) > 1:
        names = ", ".join(each.folder.name for each in found)
        raise DataError(f"{folder} holds several evaluations, give the folder of one: {names}")
    [folder] = [each.folder for each in found]
    prompts = {row["id"]: row["messages"] for row in read_rows(folder / "prompts.jsonl")}
    ids = [question] if question in prompts else [each for each in prompts if each.startswith(question)]
    if len(ids) != 1:
        kind = "no question" if not ids else counted(len(ids), "question")
        raise DataError(
            f"{folder} has {kind} whose id begins with '{question}', such as {next(iter(ids or prompts), '')}"
        )
    grades = {row["id"]: row for row in read_rows(folder / "grades.jsonl")}
    answers = [row for row in read_rows(folder / "answers.jsonl") if row["question"] == ids[0] and row["id"] in grades]
    rows = [{**row, "thoughts": row.get("thoughts", ""), "grade": grades[row["id"]]} for row in answers]
    return {"question": ids[0], "messages": prompts[ids[0]], "answers": rows}
