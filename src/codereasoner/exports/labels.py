"""The label that travels with a prompt through another trainer: one text that holds all that grading needs."""

from __future__ import annotations

import json

from codereasoner.errors import DataError
from codereasoner.styles import Style, find_style
from codereasoner.task import Question


def write_label(question: str, style: str) -> str:
    """The label of a row: its question, which is JSON text already, and the name of the style it was put in."""
    return json.dumps({"style": style, "question": json.loads(question)}, ensure_ascii=True, separators=(",", ":"))


def read_label(label: str) -> tuple[Question, Style]:
    """The question and the style of a label.

    Raises:
        DataError: the text is no label. UnknownName: there is no such style.
    """
    try:
        found = json.loads(label)
        question, style = found["question"], found["style"]
    except (json.JSONDecodeError, KeyError, TypeError):
        raise DataError(f"this is no label that `codereasoner export` wrote: {str(label)[:80]!r}") from None
    return Question.from_json(question), find_style(style)
