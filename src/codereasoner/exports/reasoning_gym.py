"""Our benchmarks and tasks as data sets of reasoning-gym, registered when this module is imported:

    import reasoning_gym, codereasoner.exports.reasoning_gym
    data = reasoning_gym.create_dataset("codereasoner_output", size=100, seed=42)
    data.score_answer(answer, entry=data[0])

Each benchmark and each task of the registry is one, `codereasoner_` before its name with underscores; `codereasoner`
takes the name, or a questions file, as `questions`. A task asks about programs of the grammar, others for each seed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, make_dataclass
from itertools import islice
from typing import Any

from reasoning_gym.factory import ProceduralDataset, register_dataset

from codereasoner import extend
from codereasoner.errors import ConfigError
from codereasoner.exports.framework_questions import (
    benchmark_of,
    endless_questions,
    framework_questions,
    pool_of_process,
    share,
)
from codereasoner.exports.task_questions import task_named
from codereasoner.styles import chosen_style
from codereasoner.task import Question, grade_answers


@dataclass
class QuestionsConfig:
    """The questions of a data set and their style."""

    questions: str = "output"  # the name of a task or a benchmark, or the path of a questions.jsonl
    data: str | None = None  # the benchmark's data (default: $CODEREASONER_DATA, else the Hub)
    split: str = "train"  # of a questions file, or of the grammar's programs: train, rl, test
    style: str = "reasoning"  # the style, which fixes prompt and answer format
    difficulty: int | None = None  # of the grammar's programs, 0 to 5 (default: a mix)
    seed: int | None = None
    size: int = 500  # questions at most; a benchmark has as many as it has

    def validate(self) -> None:
        """Refuse a size below 1."""
        if self.size < 1:
            raise ConfigError(f"size must be at least 1, not {self.size}")


class QuestionsDataset(ProceduralDataset):
    """The questions of a task, a benchmark or a file."""

    registered = "codereasoner"  # the name it is created by, where composite data sets look for it

    def __init__(self, config: QuestionsConfig) -> None:
        super().__init__(config=config, seed=config.seed, size=config.size)
        self.style = chosen_style(config.style)
        self._made: list[Question] = []
        self._more: Iterator[Question] = iter(())
        if task := task_named(config.questions):
            self._more = endless_questions(task, config.split, self.seed, config.difficulty)
        else:
            self._made = framework_questions(config.questions, config.data, config.split, config.size)
            self.size = len(self._made)

    def __getitem__(self, idx: int) -> dict[str, object]:
        """Return one entry: the prompt, the answer, and the question as metadata.

        The size is not a bound, as in other data sets of reasoning-gym: a benchmark begins again behind its end.
        """
        if idx < 0:
            raise IndexError(f"an index is 0 or more, not {idx}")
        self._made += islice(self._more, max(0, idx + 1 - len(self._made)))
        question = self._made[idx % len(self._made)]
        turns = extend.task_of(question).prompt(question, self.style)
        return {
            "question": "\n\n".join(turn["content"] for turn in turns),
            "answer": question.gold[0],
            "metadata": {
                "source_dataset": self.registered,
                "source_index": idx,
                "task": question.task,
                "difficulty": dict(question.features),
                "question": question.to_json(),
            },
        }

    def score_answer(self, answer: str | None, entry: dict[str, Any]) -> float:
        """Return the reward of an answer, 0 to 1; a whole completion is read in the answer format of the style.

        Raises:
            InfrastructureError: the grader failed, which says nothing about the answer.
        """
        if not isinstance(answer, str):
            return 0.0
        question = Question.from_json(entry["metadata"]["question"])
        task, runner = extend.task_of(question), pool_of_process(benchmark_of(self.config.questions)).run
        grade = task.grade(question, answer, self.style, runner)
        if grade.outcome == "no_answer":  # reasoning-gym has taken the answer out of the completion already
            [grade] = grade_answers([(task, question, answer.strip())], runner)
        return share(question, grade)


def _register(name: str) -> None:
    registered = f"codereasoner_{name.replace('-', '_')}"
    config = make_dataclass(f"{registered}_config", [("questions", str, name)], bases=(QuestionsConfig,))
    register_dataset(registered, type(registered, (QuestionsDataset,), {"registered": registered}), config)


register_dataset(QuestionsDataset.registered, QuestionsDataset, QuestionsConfig)
for _name in (*extend.available("benchmark"), *extend.available("task")):
    _register(_name)
