"""Our benchmarks and tasks as data sets of reasoning-gym, registered when this module is imported:

    import reasoning_gym, codereasoner.exports.reasoning_gym
    data = reasoning_gym.create_dataset("codereasoner_output", size=100, seed=42)
    data.score_answer(answer, entry=data[0])

Each benchmark and each task of the registry is one, `codereasoner_` before its name with underscores; `codereasoner`
takes the name, or a questions file, as `questions`. A task asks about programs of the grammar, others for each seed.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, make_dataclass
from itertools import islice
from numbers import Integral
from threading import Lock
from typing import Any

from reasoning_gym.factory import ProceduralDataset, create_dataset, register_dataset

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
        """Refuse a setting of another type, and a size below 1."""
        for name in ("questions", "split", "style"):
            if not isinstance(value := getattr(self, name), str):
                raise ConfigError(f"{name} must be a text, not {value!r:.40}")
        for name in ("seed", "size"):
            if not isinstance(value := getattr(self, name), Integral) and not (value is None and name == "seed"):
                raise ConfigError(f"{name} must be a whole number, not {value!r:.40}")
        if self.size < 1:
            raise ConfigError(f"size must be at least 1, not {self.size}")


class QuestionsDataset(ProceduralDataset):
    """The questions of a task, a benchmark or a file; threads and forked processes may share one, and it is pickled."""

    registered = "codereasoner"  # the name it is created by, where composite data sets look for it

    def __init__(self, config: QuestionsConfig) -> None:
        super().__init__(config=config, seed=config.seed, size=config.size)
        self.style = chosen_style(config.style)
        self._made: list[Question] = []
        self._more: Iterator[Question] = iter(())
        self._writer = 0  # the process whose pools write more questions; 0: none
        self._locks: dict[int, Lock] = {}  # by process, as a child may be forked while a thread holds the parent's
        self._task = task_named(config.questions)
        if self._task is None:
            self._made = framework_questions(config.questions, config.data, config.split, config.size)
            self.size = len(self._made)

    def __reduce__(self) -> tuple[object, ...]:
        return _created, (self.registered, {**vars(self.config), "seed": self.seed})

    def __getitem__(self, idx: int) -> dict[str, object]:
        """Return one entry: the prompt, the answer, and the question as metadata.

        The size is not a bound, as in other data sets of reasoning-gym: a benchmark begins again behind its end.
        """
        if idx < 0:
            raise IndexError(f"an index is 0 or more, not {idx}")
        with self._locks.setdefault(os.getpid(), Lock()):
            question = self._question(idx)
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

    def _question(self, idx: int) -> Question:
        if self._task is None:
            return self._made[idx % len(self._made)]
        if self._writer != os.getpid():
            more = endless_questions(self._task, self.config.split, self.seed, self.config.difficulty)
            self._writer, self._more = os.getpid(), islice(more, len(self._made), None)
        try:
            self._made += islice(self._more, max(0, idx + 1 - len(self._made)))
        except BaseException:
            self._writer = 0  # it is broken off, such as by Ctrl-C, and would yield no more
            raise
        return self._made[idx]

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


def _created(name: str, settings: dict[str, Any]) -> ProceduralDataset:
    """Return a data set of that name, also in a process that has not imported this module yet."""
    return create_dataset(name, **settings)


def _register(name: str) -> None:
    registered = f"codereasoner_{name.replace('-', '_')}"
    config = make_dataclass(f"{registered}_config", [("questions", str, name)], bases=(QuestionsConfig,))
    register_dataset(registered, type(registered, (QuestionsDataset,), {"registered": registered}), config)


register_dataset(QuestionsDataset.registered, QuestionsDataset, QuestionsConfig)
for _name in (*extend.available("benchmark"), *extend.available("task")):
    _register(_name)
