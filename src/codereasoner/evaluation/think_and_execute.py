"""Think-and-Execute (arXiv:2404.02575): pseudocode for a task is written once, then simulated for each question.

Think: a model sees what the task asks for and a few instances without answers, and writes pseudocode that solves any
of them and prints its intermediate values. Execute: the model simulates the pseudocode for each question.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from codereasoner import extend
from codereasoner.errors import DataError, EndpointError
from codereasoner.evaluation.retrieval import Document
from codereasoner.extend import Model, Prompt, Sampling
from codereasoner.ledger import Ledger, read_rows
from codereasoner.task import Question

INSTANCES = 3  # shown to the author of the pseudocode, as in the paper's prompts
FILE = "pseudocode.jsonl"  # in the folder of the evaluation: task, messages, pseudocode
TITLE = (
    "Pseudocode that solves questions of this kind. Simulate its execution on the question below: go through it line "
    "by line, write what each print shows with the values of this question, and take the answer from there."
)
_THINK = """Below are instances of one task, without their answers. Do not solve them. Write pseudocode, in the manner \
of Python, that solves any instance of the task.

- It is one function that takes an instance and returns its answer.
- It goes step by step, names each intermediate value, and prints it, so that a reader who simulates it sees how the \
answer comes about.
- It is about the task: nothing in it belongs to one instance alone.

The task: {request}

{instances}

Give the pseudocode alone, in one ```python block."""


@dataclass(frozen=True)
class Thinker:
    """The model that writes pseudocode, how it is sampled, and the folder where the pseudocode is kept."""

    model: Model
    sampling: Sampling
    folder: Path


def pseudocode(questions: Sequence[Question], thinker: Thinker, given: Path | None = None) -> dict[str, Document]:
    """Return the pseudocode of each task of the questions; what was written before is not asked for again.

    given: a pseudocode.jsonl, such as one that a stronger model wrote.
    """
    tasks = {question.task: question for question in reversed(questions)}
    if given is not None:
        known = _read(given)
        if missing := sorted(set(tasks) - set(known)):
            has = ", ".join(known) or "none"
            raise DataError(f"{given} has no pseudocode of the task '{missing[0]}'; it has: {has}")
        return {task: known[task] for task in tasks}
    out = thinker.folder / FILE
    thinker.folder.mkdir(parents=True, exist_ok=True)
    config = {"model": thinker.model.identity, "sampling": thinker.sampling.facts()}
    with Ledger(out, config, key="task", reopen=True) as ledger:
        missing = [task for task in tasks if task not in ledger]
        prompts = [Prompt(tasks[task], think_messages(task, questions)) for task in missing]
        for index, completion in thinker.model.complete(prompts, thinker.sampling):
            if completion.finish == "error":
                raise EndpointError(f"no pseudocode of '{missing[index]}': {completion.reason or 'no answer'}")
            text = _block(completion.split().text)
            if not text:
                raise DataError(f"the model wrote no pseudocode of '{missing[index]}': {completion.text!r:.80}")
            row = {"task": missing[index], "messages": prompts[index].messages, "pseudocode": text}
            ledger.append(row)
        ledger.finish()
    known = _read(out)
    return {task: known[task] for task in tasks}


def think_messages(task: str, questions: Sequence[Question]) -> list[dict[str, str]]:
    """Return the prompt for the pseudocode of a task: its request and a few instances, never an answer.

    Instances are the task's worked examples, which no benchmark has, or else the first questions.
    """
    found = extend.task_of(next(question for question in questions if question.task == task))
    shown = [found.statement(Question(task, facts, (answer,))) for facts, answer, _ in found.worked_examples()]
    shown = shown or [found.statement(question) for question in questions if question.task == task]
    instances = "\n\n".join(
        f"Instance {number}:\n```python\n{text}\n```" for number, text in enumerate(shown[:INSTANCES], start=1)
    )
    return [{"role": "user", "content": _THINK.format(request=found.request, instances=instances)}]


def _block(text: str) -> str:
    """Return the last code block of a text, or the text where it has none."""
    blocks = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    return (blocks[-1] if blocks else text).strip()


def _read(path: Path) -> Mapping[str, Document]:
    found = {}
    for number, row in enumerate(read_rows(path), start=1):
        if not isinstance(row.get("task"), str) or not isinstance(row.get("pseudocode"), str):
            raise DataError(f"{path}, row {number}: needs the texts 'task' and 'pseudocode'; it has: {', '.join(row)}")
        found[row["task"]] = Document("pseudocode", row["pseudocode"])
    return found
