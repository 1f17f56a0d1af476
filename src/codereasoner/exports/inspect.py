"""Our benchmarks as Inspect tasks: `inspect eval codereasoner/cruxeval_output --model openai/NAME`.

Inspect finds this file by its entry point. Each benchmark is one task, named with underscores; `questions` asks the
questions of a file. A task asks, Inspect generates and keeps the log, and the score is the grade of our own verifier:
C, I or N, with the outcome and the reason as metadata. A failure of our own machinery is left unscored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageSystem, ChatMessageUser, GenerateConfig
from inspect_ai.scorer import CORRECT, INCORRECT, NOANSWER, Score, Scorer, Target, accuracy, scorer, stderr
from inspect_ai.solver import TaskState, generate

from codereasoner import extend
from codereasoner.exports.framework_questions import asked_style, grade_one, questions_here
from codereasoner.styles import Style
from codereasoner.task import Question

NAMES = {"cruxeval-i": "cruxeval_input", "cruxeval-o": "cruxeval_output"}
VALUES = {"correct": CORRECT, "wrong": INCORRECT, "truncated": INCORRECT, "no_answer": NOANSWER}
ROLES = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}


@scorer(metrics=[accuracy(), stderr(cluster="program")])
def graded(style: str = "reasoning", benchmark: str = "") -> Scorer:
    """The grade of codereasoner's own verifier; the standard error is clustered by program."""

    async def score(state: TaskState, target: Target) -> Score:
        question = Question.from_json(state.metadata["question"])
        truncated = state.output.stop_reason in ("max_tokens", "model_length")
        grade = await grade_one(question, state.output.completion, style, truncated, benchmark)
        facts = {"outcome": grade.outcome, "parts": dict(grade.parts)}
        if grade.outcome == "error":
            return Score.unscored(
                reason="scoring_failed", answer=grade.answer, explanation=grade.reason, metadata=facts
            )
        value = VALUES[grade.outcome] if grade.credit is None else grade.credit
        return Score(value=value, answer=grade.answer, explanation=grade.reason, metadata=facts)

    return score


@task(name="questions")
def questions(
    file: str, style: str = "reasoning", split: str = "test", max_tokens: int = 2048, system: str | None = None
) -> Task:
    """The questions of a questions.jsonl that `codereasoner ask` made."""
    return _task(questions_here(file, split=split), asked_style(style, system), max_tokens)


def _of_benchmark(name: str) -> Callable[..., Task]:
    def asked(
        data: str | None = None, style: str = "reasoning", max_tokens: int = 2048, system: str | None = None
    ) -> Task:
        return _task(questions_here(name, data), asked_style(style, system), max_tokens, name)

    asked.__name__ = NAMES.get(name, name.replace("-", "_"))
    asked.__doc__ = extend.available("benchmark")[name].__doc__
    return task(name=asked.__name__)(asked)


def _task(asked: list[Question], style: Style, max_tokens: int, benchmark: str = "") -> Task:
    return Task(
        dataset=MemoryDataset([_sample(question, style) for question in asked], name=benchmark or "questions"),
        solver=generate(),
        scorer=graded(style.name, benchmark),
        config=GenerateConfig(max_tokens=max_tokens),
        version=getattr(extend.available("benchmark").get(benchmark), "version", 0),
    )


def _sample(question: Question, style: Style) -> Sample:
    messages: list[ChatMessage] = [
        ROLES[turn["role"]](content=turn["content"]) for turn in extend.task_of(question).prompt(question, style)
    ]
    facts: dict[str, Any] = {
        "program": question.program or question.id,
        "task": question.task,
        **question.features,
        "question": question.to_json(),
    }
    return Sample(id=question.id, input=messages, target=list(question.gold), metadata=facts)


globals().update(
    {NAMES.get(name, name.replace("-", "_")): _of_benchmark(name) for name in extend.available("benchmark")}
)
