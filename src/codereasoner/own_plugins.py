"""Plugins of a user's file: a mistake in their code ends a command with a sentence."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar, get_args, get_origin, get_type_hints

from codereasoner.errors import DataError
from codereasoner.interfaces import (
    Benchmark,
    Completion,
    Generations,
    Model,
    OfficialVerdicts,
    Prompt,
    Questions,
    Rejected,
    Sampling,
    Source,
)
from codereasoner.plugin_files import call, split_reference
from codereasoner.records import Plain, Program, Run
from codereasoner.steps.source import with_newlines
from codereasoner.task import Asked, Question, Runner, Task

Record = TypeVar("Record", bound=Plain)


def check_class(found: type, base: type, path: Path) -> None:
    """Refuse a class in which a value stands for a method of the plugins of its kind, or something else for a value.

    Raises:
        DataError: it has such a name; the message says what belongs there.
    """
    hints = get_type_hints(base)
    if base is not Task and not isinstance(getattr(found, "name", None), str):  # `register` says it of a task
        raise DataError(f"{path}: {found.__name__} has no name: set `name = ...` in its class")
    for name, default in vars(base).items():
        own, words = inspect.getattr_static(found, name), f"{path}: {found.__name__}.{name}"
        if inspect.isfunction(default):
            if not callable(getattr(found, name)):
                raise DataError(f"{words} is a value; write a method: def {name}{inspect.signature(default)}")
        elif name in hints and not isinstance(own, property) and (wanted := _wanted(own, hints[name])):
            raise DataError(f"{words} must be {wanted}, not {own!r:.60}")


def _wanted(value: object, hint: Any) -> str:
    """Say what belongs where a hint stands, if a value is something else."""
    hint = get_args(hint)[0] if get_origin(hint) is ClassVar else hint
    plain = get_origin(hint) or hint
    if plain is Literal:
        options = get_args(hint)
        return "" if value in options else f"one of {', '.join(map(repr, options))}"
    if plain is Sequence:
        if not isinstance(value, Sequence) or isinstance(value, str):
            return "a list or tuple"
        wrong = (said for each in value for item in get_args(hint) if (said := _wanted(each, item)))
        return next((f"a list or tuple, each {said}" for said in wrong), "")
    if plain is Mapping:
        return "" if isinstance(value, Mapping) else "a dict"
    if plain is float:
        return "" if isinstance(value, int | float) else "a number"
    if plain in (bool, str):
        return "" if isinstance(value, plain) else {bool: "True or False", str: "a text"}[plain]
    return ""


class OwnTask(Task):
    """A task of a file: its code is checked where it asks."""

    def collect(self, run: Run, runner: Runner | None = None) -> Asked:
        """Return what the task asks, if its code does not fail and could put every question to a model."""
        path, _ = split_reference(self.reference)
        asked = call(super().collect, run, runner, path=path, words=f"{self.reference}.ask")
        for question in asked.questions:
            self.check(question)
        return asked

    def check(self, question: Question) -> None:
        """Refuse a question whose parts are of other types than the stages take."""
        if wrong := [each for each in question.gold if not isinstance(each, str)]:
            raise DataError(f"{self.reference}: a right answer is a text, not {wrong[0]!r:.60}")
        path, _ = split_reference(self.reference)
        call(super().check, question, path=path, words=f"{self.reference}.statement")
        if not isinstance(stated := self.statement(question), str):
            raise DataError(f"{self.reference}.statement must return a text, not {stated!r:.60}")
        if not isinstance(self.guesses(question), Mapping):
            raise DataError(f'{self.reference}.guesses must return answers by name, such as {{"0": "0"}}')

    def question(
        self, run: Run, facts: Mapping[str, object], gold: Sequence[str], features: Mapping[str, object] | None = None
    ) -> Question:
        """Make a question about a run; a text is no list of right answers, though Python takes it for one."""
        if isinstance(gold, str):
            raise DataError(f"the gold of {self.name} is a list of right answers, not the text {gold!r:.60}")
        return super().question(run, facts, gold, features)

    def conclude(self, question: Question) -> str:
        """Return the last sentence of a chain, if it is a text."""
        return self._text("conclude", question)

    def conclude_at(self, question: Question, state: Mapping[str, str], following: int | None) -> str:
        """Return the sentence that ends a chain where the question looks, if it is a text."""
        return self._text("conclude_at", question, state, following)

    def _text(self, name: str, *values: object) -> str:
        found = _told(OwnTask, name)(self, *values)
        if not isinstance(found, str):
            raise DataError(f"{self.reference}.{name} must return a text, not {found!r:.60}")
        return found


def _checked(record: Record, where: str) -> Record:
    """Return a record whose fields are of the types that it declares.

    Raises:
        DataError: one is not; the message names it.
    """
    try:
        return type(record).from_json(vars(record))
    except DataError as error:
        raise DataError(f"{where}: {error}") from None


class OwnSource(Source):
    """A source of a file: what it yields is checked."""

    reference: str

    def programs(self, split: str, count: int) -> Iterator[Program | Rejected]:
        """Yield its programs, if they are programs; one without a split or an origin gets those of the source."""
        for each in _each(self, OwnSource, "programs", split, count):
            if isinstance(each, Program):
                made = _checked(each, f"{self.reference}.programs")
                if made.split not in ("", split):
                    wrong = f"it was asked for the split '{split}', and a program has the split {made.split!r:.20}"
                    raise DataError(f"{self.reference}.programs: {wrong}")
                origin = made.origin or self.name
                yield replace(made, split=split, origin=origin, source=with_newlines(made.source))
            elif isinstance(each, Rejected):
                yield each
            else:
                raise DataError(f"{self.reference}.programs must yield programs, not {each!r:.60}")


class OwnModel(Model):
    """A model of a file: what it yields is checked."""

    reference: str

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[int, Completion]]:
        """Yield its completions, if each has the index of a prompt."""
        for each in _each(self, OwnModel, "complete", prompts, sampling):
            match each:
                case (int() as index, Completion()) if 0 <= index < len(prompts):
                    yield each
                case _:
                    wanted = "the index of a prompt and a Completion"
                    raise DataError(f"{self.reference}.complete must yield pairs of {wanted}, not {each!r:.60}")


def _each(plugin: Source | Model, base: type[Source | Model], name: str, *values: object) -> Iterator[Any]:
    """Yield what a generator of the user's class yields; an error in it names its line."""
    path, _ = split_reference(plugin.reference)  # type: ignore[union-attr] # one of the two above
    words, end = f"{plugin.reference}.{name}", object()  # type: ignore[union-attr]
    found = call(iter, _told(base, name)(plugin, *values), path=path, words=words)
    while (each := call(next, found, end, path=path, words=words)) is not end:
        yield each


class OwnBenchmark(Benchmark):
    """A benchmark of a file: what its methods return is checked."""

    reference: str

    def load(self, data: Path, runner: Runner | None = None) -> Questions:
        """Return its questions, if they are questions, each with an id of its own."""
        found: Any = _told(OwnBenchmark, "load")(self, data, runner)
        if not isinstance(found, Questions):  # a list, or a generator, whose code runs here
            path, _ = split_reference(self.reference)
            found = call(Questions, found, path=path, words=f"{self.reference}.load")
        if wrong := [each for each in found if not isinstance(each, Question)]:
            raise DataError(f"{self.reference}.load must return questions, not {wrong[0]!r:.60}")
        for each in found:
            _checked(each, f"{self.reference}.load")
        name, times = max(Counter(each.id for each in found).items(), key=itemgetter(1), default=("", 0))
        if times > 1:
            raise DataError(f"{self.reference}.load gives {times} questions the id {name!r:.60}")
        return found  # type: ignore[no-any-return]

    def parse_generation(self, question: Question, text: str) -> str | None:
        """Return the answer in a text, if it is one."""
        found = _told(OwnBenchmark, "parse_generation")(self, question, text)
        if not isinstance(found, str | None):
            raise DataError(f"{self.reference}.parse_generation must return a text or None, not {found!r:.60}")
        return found

    def grade_officially(
        self, questions: Sequence[Question], generations: Generations, runner: Runner
    ) -> OfficialVerdicts:
        """Return the verdicts, if there is one for every text of every question."""
        found: Any = _told(OwnBenchmark, "grade_officially")(self, questions, generations, runner)
        if not isinstance(found, Mapping):
            raise DataError(f"{self.reference}.grade_officially must return verdicts by id, not {found!r:.60}")
        for each in questions:
            given = found.get(each.id)
            if not isinstance(given, Sequence) or len(given) != len(generations[each.id]):
                raise DataError(
                    f"{self.reference}.grade_officially must give a verdict on each text of {each.id!r:.60}"
                )
        return found if isinstance(found, OfficialVerdicts) else OfficialVerdicts(found)

    def official_counts(self, verdicts: Sequence[bool | None]) -> list[bool]:
        """Return the verdicts that count, if they are verdicts."""
        found: Any = _told(OwnBenchmark, "official_counts")(self, verdicts)
        if not isinstance(found, list) or not all(isinstance(each, bool) for each in found):
            raise DataError(f"{self.reference}.official_counts must return a list of True and False, not {found!r:.60}")
        return found

    def metrics(
        self, questions: Sequence[Question], correct: Mapping[str, Sequence[bool]]
    ) -> dict[str, float | Mapping[str, float]]:
        """Return its own numbers, if they are numbers."""
        return self._numbers("metrics", questions, correct)

    def baselines(self, questions: Sequence[Question]) -> dict[str, float]:
        """Return what answers without a model get, if these are numbers."""
        return self._numbers("baselines", questions)

    def _numbers(self, name: str, *values: object) -> dict[str, Any]:
        found: Any = _told(OwnBenchmark, name)(self, *values)
        if not isinstance(found, Mapping) or not all(map(_is_number, found.values())):
            raise DataError(f"{self.reference}.{name} must return numbers by name, not {found!r:.60}")
        return dict(found)


def _is_number(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(each, int | float) for each in value.values())
    return isinstance(value, int | float)


def _told(base: type[Task | Source | Model | Benchmark], name: str) -> Callable[..., Any]:
    """Return a method that calls the one of the user's class, whose error names its line."""

    def method(self: Any, *values: object) -> Any:
        path, _ = split_reference(self.reference)
        return call(getattr(super(base, self), name), *values, path=path, words=f"{self.reference}.{name}")

    return method


for _base, _names in (
    (OwnTask, ("guesses", "locate_error", "prompt")),
    (OwnBenchmark, ("read_generations", "generation_sets")),
):
    for _name in _names:
        setattr(_base, _name, _told(_base, _name))
