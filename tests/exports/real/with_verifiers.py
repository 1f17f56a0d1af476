"""Runs inside verifiers' own environment: the rewards of the right completions, as verifiers scores them, as JSON.

python with_verifiers.py DATA NAME ...    NAME is a benchmark, whose data is in DATA, or a task
"""

from __future__ import annotations

import asyncio
import json
import sys

import verifiers.v1 as vf

from codereasoner import extend
from codereasoner.exports.verifiers import QuestionsConfig, QuestionsTaskset
from codereasoner.styles import find_style
from codereasoner.task import Question


async def rewards(name: str, data: str) -> list[float]:
    """The reward of the right completion of each of two questions, and of none."""
    taskset = QuestionsTaskset(QuestionsConfig(questions=name, data=data, limit=2))
    found = []
    for task in taskset:
        question = Question.from_json(task.data.question)
        right = extend.task_of(question).render(question, find_style(task.data.style))
        for reply in (right, ""):
            trace = vf.Trace.model_construct(root_reply=reply)
            await task.score(trace)
            found.append(trace.rewards["grade"].score)
    return found


if __name__ == "__main__":
    data, *names = sys.argv[1:]
    json.dump({name: asyncio.run(rewards(name, data)) for name in names}, sys.stdout)
