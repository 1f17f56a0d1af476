"""Tasks named by an option, looked up before a stage does any work."""

from collections.abc import Sequence
from pathlib import Path

from codereasoner import extend
from codereasoner.errors import UnknownName
from codereasoner.ledger import read_records
from codereasoner.task import Question


def task_names(given: Sequence[str], questions: Path | None = None) -> list[str]:
    """Return the names of the tasks that are given as `output` or `file.py:ClassName`, in the same order.

    A name that only the questions of the file know, because they belong to a user's task, is looked up there.
    """
    return [_name(each, questions) for each in given]


def _name(given: str, questions: Path | None) -> str:
    try:
        return extend.task(given).name
    except UnknownName:
        asked = {each.task: each for each in read_records(questions, Question)} if questions is not None else {}
        if given not in asked:
            raise UnknownName("task", given, {*extend.available("task"), *asked}) from None
        return extend.task_of(asked[given]).name
