"""Our benchmarks and tasks as Inspect tasks: `inspect eval codereasoner/cruxeval_output --model openai/NAME`.

Each benchmark of the registry is one, and so is each task, about programs of the grammar; `questions` takes a file.
Names have underscores. Inspect generates and keeps the log. The score is our grade: C, I or N, with outcome and reason
as metadata; an infrastructure error is left unscored.
"""

from collections.abc import Callable

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageSystem, ChatMessageUser, GenerateConfig
from inspect_ai.scorer import CORRECT, INCORRECT, NOANSWER, Score, Scorer, Target, accuracy, scorer, stderr
from inspect_ai.solver import TaskState, generate

from codereasoner import extend
from codereasoner.exports.framework_questions import LIMIT, framework_questions, grade_one, share
from codereasoner.extend import Benchmark
from codereasoner.styles import Style, chosen_style
from codereasoner.task import Question
from codereasoner.task import Task as OurTask

VALUES = {"correct": CORRECT, "wrong": INCORRECT, "truncated": INCORRECT, "no_answer": NOANSWER}
ROLES = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}


@scorer(metrics=[accuracy(), stderr(cluster="program")])
def graded(style: str = "reasoning", benchmark: str = "") -> Scorer:
    """Score by our grade; the standard error is clustered by program."""

    async def score(state: TaskState, target: Target) -> Score:
        question = Question.from_json(state.metadata["question"])
        ends = [each.stop_reason for each in state.output.choices[:1]]  # none where a limit ended it before any output
        truncated = ends in (["max_tokens"], ["model_length"])
        grade = await grade_one(question, state.output.completion, style, truncated, benchmark)
        facts = {"outcome": grade.outcome, "parts": dict(grade.parts)}
        if grade.outcome == "error":
            return Score.unscored(
                reason="scoring_failed", answer=grade.answer, explanation=grade.reason, metadata=facts
            )
        value = VALUES[grade.outcome] if grade.credit is None else share(question, grade)
        return Score(value=value, answer=grade.answer, explanation=grade.reason, metadata=facts)

    return score


@task(name="questions")
def questions(
    file: str, style: str = "reasoning", split: str = "test", max_tokens: int = 2048, system: str | None = None
) -> Task:
    """Ask the questions of a questions.jsonl that `codereasoner ask` made."""
    return _task(framework_questions(file, split=split), chosen_style(style).with_system(system), max_tokens)


def registered_tasks() -> dict[str, Callable[..., Task]]:
    """Register every benchmark and every task as an Inspect task, and return these by name."""
    made = [_benchmark_task(name, plugin) for name, plugin in extend.available("benchmark").items()]
    made += [_grammar_task(name, plugin) for name, plugin in extend.available("task").items()]
    return {each.__name__: each for each in made}


def _benchmark_task(name: str, benchmark: type[Benchmark]) -> Callable[..., Task]:
    def ask(
        data: str | None = None, style: str = "reasoning", max_tokens: int = 2048, system: str | None = None
    ) -> Task:
        asked = framework_questions(name, data)
        return _task(asked, chosen_style(style).with_system(system), max_tokens, name, benchmark.version)

    ask.__name__ = inspect_name(name)
    ask.__doc__ = benchmark.__doc__
    return task(name=ask.__name__)(ask)


def _grammar_task(name: str, plugin: type[OurTask]) -> Callable[..., Task]:
    def ask(
        limit: int = LIMIT,
        seed: int = 0,
        difficulty: int | None = None,
        split: str = "test",
        style: str = "reasoning",
        max_tokens: int = 2048,
        system: str | None = None,
    ) -> Task:
        asked = framework_questions(name, None, split, limit, seed, difficulty)
        return _task(asked, chosen_style(style).with_system(system), max_tokens)

    ask.__name__ = inspect_name(name)
    ask.__doc__ = plugin.__doc__
    return task(name=ask.__name__)(ask)


def inspect_name(name: str) -> str:
    """Return the name that Inspect knows a benchmark or a task by; CRUXEval's say which half they are."""
    return {"cruxeval-i": "cruxeval_input", "cruxeval-o": "cruxeval_output"}.get(name, name.replace("-", "_"))


def _task(asked: list[Question], style: Style, max_tokens: int, benchmark: str = "", version: int | str = 0) -> Task:
    return Task(
        dataset=MemoryDataset([_sample(question, style) for question in asked], name=benchmark or "questions"),
        solver=generate(),
        scorer=graded(style.name, benchmark),
        config=GenerateConfig(max_tokens=max_tokens),
        version=version,
    )


def _sample(question: Question, style: Style) -> Sample:
    messages: list[ChatMessage] = [
        ROLES[turn["role"]](content=turn["content"]) for turn in extend.task_of(question).prompt(question, style)
    ]
    facts = {
        "program": question.program or question.id,
        "task": question.task,
        **question.features,
        "question": question.to_json(),
    }
    return Sample(id=question.id, input=messages, target=list(question.gold), metadata=facts)
