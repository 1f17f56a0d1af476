"""Our questions as a taskset of verifiers: `vf-eval codereasoner-verifiers --env.taskset.questions cruxeval-o`.

A question is a task of one turn, and its reward is the grade of our own verifier. verifiers finds the taskset through
the module `codereasoner_verifiers`, which re-exports it: its plugins are top-level modules.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import verifiers.v1 as vf

from codereasoner import extend
from codereasoner.errors import MachineryError
from codereasoner.evaluation.load_questions import is_file
from codereasoner.exports.framework_questions import asked_style, grade_one, questions_here
from codereasoner.task import VERDICTS, Grade, Question

MESSAGES = {"system": vf.SystemMessage, "user": vf.UserMessage, "assistant": vf.AssistantMessage}


class QuestionsConfig(vf.TasksetConfig):
    """Which questions are asked, and how they are put."""

    questions: str = "cruxeval-o"
    """A benchmark's name, or the path of a questions.jsonl."""
    data: str | None = None
    """The benchmark's data; else $CODEREASONER_DATA, else the Hub."""
    split: str = "test"
    """Of a questions file: the split to ask."""
    style: str = "reasoning"
    """How to ask, and the answer format: a style, or file.py:NAME."""
    system: str | None = None
    """A system message before each question."""
    limit: int | None = None
    """Only the first so many questions."""


class QuestionData(vf.TaskData):
    """One question on the wire: its prompt, and what grading needs."""

    question: dict[str, Any]
    style: str
    benchmark: str = ""


class QuestionTask(vf.Task[QuestionData, vf.State, vf.TaskConfig]):
    """One question; its reward is 0 to 1, and each outcome is a metric of its own."""

    async def _grade(self, trace: vf.Trace) -> Grade:
        """The grade, made once for a trace and kept in its `info`, where the reason can be read."""
        if "grade" not in trace.info:
            data, question = self.data, Question.from_json(self.data.question)
            made = await grade_one(question, trace.last_reply, data.style, trace.is_truncated, data.benchmark)
            if made.outcome == "error":
                raise MachineryError(made.reason)
            trace.info["grade"] = made.to_json()
        return Grade.from_json(trace.info["grade"])

    @vf.metric
    async def outcome(self, trace: vf.Trace) -> dict[str, float]:
        """1 for the outcome of this completion, 0 for the others."""
        found = (await self._grade(trace)).outcome
        return {verdict: float(verdict == found) for verdict in VERDICTS}

    @vf.reward
    async def grade(self, trace: vf.Trace) -> float:
        """What a trainer is given for this completion, 0 to 1."""
        return float((await self._grade(trace)).reward or 0.0)


class QuestionsTaskset(vf.Taskset[QuestionTask, QuestionsConfig]):
    """The questions of a benchmark or a file."""

    def load(self) -> Iterator[QuestionTask]:
        """One task for each question, in their own order."""
        config = self.config
        benchmark = "" if is_file(config.questions) else config.questions
        style = asked_style(config.style, config.system)
        for question in questions_here(config.questions, config.data, config.split, config.limit):
            turns = extend.task_of(question).prompt(question, style)
            yield QuestionTask(
                QuestionData(
                    id=question.id,
                    name=question.id,
                    prompt=[MESSAGES[turn["role"]](content=turn["content"]) for turn in turns],
                    question=question.to_json(),
                    style=style.name,
                    benchmark=benchmark,
                ),
                config.task,
            )


__all__ = ["QuestionsTaskset"]
