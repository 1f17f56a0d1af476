"""The rows that trainers read: one for each example of instruction tuning or prompt of reinforcement."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias, TypedDict

from codereasoner import extend
from codereasoner.errors import DataError
from codereasoner.jsonl_files import object_of
from codereasoner.ledger import read_rows
from codereasoner.styles import Style
from codereasoner.task import Question

Row: TypeAlias = Mapping[str, Any]
"""A row as it is read from a file; each reader checks the columns that it needs."""


class GrpoRow(TypedDict):
    """A row of grpo.parquet; its prompt is a list of chat messages, as TRL and every chat template take them."""

    id: str
    prompt: list[dict[str, str]]
    question: str  # as JSON
    style: str


class SftRow(GrpoRow):
    """A row of sft.parquet; its completion is a list of chat messages, too."""

    completion: list[dict[str, str]]


def sft_row(question: Question, chain: str | None, style: Style, answer: str = "") -> SftRow:
    """Return a prompt and the completion to learn: the chain, where there is one, and the answer it leads to.

    The answer is the question's first gold answer, unless one is given.
    """
    task = extend.task_of(question)
    answered = replace(question, gold=(answer, *question.gold)) if answer else question
    completion = task.render(answered, style, chain or "")
    return {
        "id": question.id,
        "prompt": task.prompt(question, style),
        "completion": [{"role": "assistant", "content": completion}],
        "question": question_text(question),
        "style": style.name,
    }


def grpo_row(question: Question, style: Style) -> GrpoRow:
    """Return a prompt and the question that its completions are graded against."""
    task = extend.task_of(question)
    return {
        "id": question.id,
        "prompt": task.prompt(question, style),
        "question": question_text(question),
        "style": style.name,
    }


def question_text(question: Question) -> str:
    """Return a question as the JSON text of a column: its facts differ in their keys, a column may not."""
    return json.dumps(question.to_json(), ensure_ascii=True, separators=(",", ":"))


def check_first(rows: Path, needed: str) -> None:
    """Refuse a file of other rows by its first one, before a model is made or loaded for it."""
    first = next(read_rows(rows), None)
    if first is None:
        raise DataError(f"{rows} has no rows")
    if needed == "completion" and not first.get("completion") and first.get("messages"):
        return
    if missing := [name for name in ("prompt", needed) if not first.get(name)]:
        kind = "SFT" if needed == "completion" else "GRPO"
        own = "; rows of your own have prompt and completion, or messages" if needed == "completion" else ""
        raise DataError(
            f"{rows}, row 1 has no {' and no '.join(missing)} (it has: {', '.join([*first][:12])}): is it a file of "
            f"{kind} rows? `codereasoner rows` makes them of questions{own}"
        )
    if needed == "question" and isinstance(first["prompt"], str):
        raise DataError(f"{rows}, row 1: the prompt is a text, and must be a list of messages")


def prompts_of(rows: Path) -> Iterator[Row]:
    """Yield the rows of a file of prompts.

    Raises:
        DataError: a row has no prompt of messages, or no question; the message names it.
    """
    for number, row in enumerate(read_rows(rows), start=1):
        place = f"{rows}, row {row.get('id', number)}"
        prompt = messages_of(row.get("prompt"), place)
        if not prompt or not isinstance(row.get("question"), str):
            raise DataError(f"{place} has no prompt (messages) and question (JSON text): is it a GRPO row?")
        yield {"id": str(number), **row, "prompt": prompt}


def messages_of(found: object, place: str) -> list[dict[str, Any]]:
    """Return a list of chat messages, whose parts of text are joined; an empty one for anything else.

    Raises:
        DataError: a message has no text; the error names the place.
    """
    turns = found if isinstance(found, list) else []
    is_chat = all(isinstance(each, dict) and {"role", "content"} <= {*each} for each in turns)
    return [{**each, "content": _content(each, place)} for each in turns] if is_chat else []


def _content(message: Row, place: str) -> str | None:
    content = message["content"]
    if isinstance(content, list) and all(isinstance(each, dict) and each.get("type") == "text" for each in content):
        content = "".join(str(each.get("text")) for each in content)
    if isinstance(content, str) or (content is None and message.get("tool_calls")):
        return content
    raise DataError(f"{place}: the content of a message must be a text, or parts of text, not {content!r:.60}")


def style_of_rows(rows: Iterable[Row], default: str) -> str:
    """Return the style that all these rows are written in, or the default where they do not say."""
    found = sorted({row["style"] for row in rows if row.get("style")})
    if len(found) > 1:
        raise DataError(f"the rows are in several styles: {', '.join(found)}; a model is trained in one")
    return found[0] if found else default


def read_question(text: str) -> Question:
    """Read the question of a column's text.

    Raises:
        DataError: it is no question that could be put to a model.
    """
    if not isinstance(text, str):
        raise DataError(f"a question is JSON text, as the column `question` has it, not {type(text).__name__}")
    place = f"a question is wanted, as the column `question` has it, not {text!r:.60}"
    return extend.checked(Question.from_json(object_of(place, text)))
