"""Our questions as a taskset of verifiers: `vf-eval codereasoner-verifiers --env.taskset.questions cruxeval-o`.

A question is a task of one turn, and its reward is our grade. verifiers finds tasksets as top-level modules:
`codereasoner_verifiers` re-exports this one.
"""

from __future__ import annotations

from collections.abc import Iterator

import verifiers.v1 as vf

from codereasoner import extend
from codereasoner.exports.framework_questions import benchmark_of, framework_questions, grade_one, share
from codereasoner.styles import chosen_style
from codereasoner.task import VERDICTS, Grade, Question

MESSAGES = {"system": vf.SystemMessage, "user": vf.UserMessage, "assistant": vf.AssistantMessage}


class QuestionsConfig(vf.TasksetConfig):
    """The questions to ask and their style."""

    questions: str = "cruxeval-o"
    """The name of a benchmark or of a task, or the path of a questions.jsonl."""
    data: str | None = None
    """The benchmark's data (default: $CODEREASONER_DATA, else the Hub)."""
    split: str = "test"
    """The split to ask, of a questions file or of the grammar's programs."""
    style: str = "reasoning"
    """The style, which fixes prompt and answer format: a name, or file.py:NAME."""
    system: str | None = None
    """A system message before each question."""
    limit: int | None = None
    """Ask only the first N questions (default: all; of a task, 100)."""
    seed: int = 0
    """Of a task: the seed of its programs, which the grammar writes."""
    difficulty: int | None = None
    """Of a task: the difficulty of its programs, 0 to 5 (default: a mix)."""


class QuestionData(vf.TaskData):
    """One question: its prompt, and the fields that grading needs."""

    question: dict[str, object]
    style: str
    benchmark: str = ""


class QuestionTask(vf.Task[QuestionData, vf.State, vf.TaskConfig]):
    """One question; its reward is 0 to 1, and each outcome is a metric of its own."""

    async def _grade(self, trace: vf.Trace) -> Grade:
        """Grade a trace once, and keep the grade with its reason in `trace.info`."""
        if "grade" not in trace.info:
            data, question = self.data, Question.from_json(self.data.question)
            made = await grade_one(question, trace.last_reply, data.style, trace.is_truncated, data.benchmark)
            trace.info["share"] = share(question, made)
            trace.info["grade"] = made.to_json()
        return Grade.from_json(trace.info["grade"])

    @vf.metric
    async def outcome(self, trace: vf.Trace) -> dict[str, float]:
        """Return 1 for the outcome of this completion and 0 for the others."""
        found = (await self._grade(trace)).outcome
        return {verdict: float(verdict == found) for verdict in VERDICTS}

    @vf.reward
    async def grade(self, trace: vf.Trace) -> float:
        """Return the reward of this completion, 0 to 1."""
        await self._grade(trace)
        return float(trace.info["share"])


class QuestionsTaskset(vf.Taskset[QuestionTask, QuestionsConfig]):
    """The questions of a benchmark, a task or a file."""

    def load(self) -> Iterator[QuestionTask]:
        """Yield a task for each question, in the order of the benchmark or file."""
        config = self.config
        benchmark = benchmark_of(config.questions)
        style = chosen_style(config.style).with_system(config.system)
        for question in framework_questions(
            config.questions, config.data, config.split, config.limit, config.seed, config.difficulty
        ):
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
