"""The arguments of the Python interface: what each may be, and one sentence for what it is not."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from pathlib import Path
from types import UnionType
from typing import TypeAlias

from codereasoner import extend
from codereasoner.errors import ConfigError, did_you_mean
from codereasoner.extend import Model, Sampling
from codereasoner.models.function import FunctionModel
from codereasoner.styles import Style, chosen_style
from codereasoner.task import Question, Task
from codereasoner.training.training_rows import read_question

TaskLike: TypeAlias = "str | Task | type[Task]"
StyleLike: TypeAlias = "str | Style"
QuestionLike: TypeAlias = "Question | str | Mapping[str, object]"

PATH = "a path"


def refuse_others(kinds: type | UnionType, words: str, **given: object) -> None:
    """Refuse an argument of another type than these; numbers are no truth values."""
    for name, value in given.items():
        if not isinstance(value, kinds) or isinstance(value, bool):
            raise ConfigError(f"{name} must be {words}, not {value!r:.60}")


def path_like(path: str | Path | None) -> Path | None:
    """Return a path, with `~` as the home folder; None for none."""
    return Path(os.path.expanduser(path)) if path else None


def task_like(task: TaskLike) -> Task:
    """Return a task that is given by its name, as a class or as an instance."""
    if not isinstance(task, str | Task | type):
        raise ConfigError(f"a task is a name or a Task, not {type(task).__name__}: cr.ask(run, 'output', 'state')")
    return extend.task(task) if isinstance(task, str) else extend.register(task)


def refuse_options(model: Model, options: Mapping[str, object]) -> None:
    """Refuse what a model does not read: every model takes the options of the command line, of which it uses some."""
    kinds = [each for each in type(model).__mro__ if issubclass(each, Model)]
    named = {name for each in kinds for name in inspect.signature(each.__init__).parameters}
    taken = named - {"self", "target", "options"} if type(model) is not FunctionModel else set()
    is_own = type(model).__module__.startswith("codereasoner.")  # what another reads of its `options` is not known
    for name, value in options.items():
        if name not in taken and name in Sampling.__dataclass_fields__:
            raise ConfigError(
                f"{name} belongs to the sampling: sampling=codereasoner.extend.Sampling({name}={value!r})"
            )
        if name not in taken and is_own:
            there_are = f"; it has: {', '.join(sorted(taken))}" if taken else ""
            raise ConfigError(f"the model has no option '{name}'{did_you_mean(name, taken)}{there_are}")


def style_like(style: StyleLike) -> Style:
    """Return a style that is given by its name or as it is."""
    refuse_others(str | Style, "a style or its name", style=style)
    return chosen_style(style) if isinstance(style, str) else style


def question_like(question: QuestionLike) -> Question:
    """Return a question that is given as it is, as the JSON text of a row's column, or as a row of questions.jsonl."""
    if isinstance(question, Question):
        return extend.checked(question)
    if isinstance(question, str):
        return read_question(question)
    if not isinstance(question, Mapping):
        raise ConfigError(
            f"a question is wanted, or its row or JSON text, not {type(question).__name__}: cr.ask makes them"
        )
    return extend.checked(Question.from_json(question))
