"""Tasks and benchmarks of a user's file: a mistake in their code ends a command with a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

from codereasoner.errors import DataError
from codereasoner.interfaces import Benchmark, Generations, OfficialVerdicts, Questions
from codereasoner.plugin_files import call, split_reference
from codereasoner.records import Run
from codereasoner.task import Asked, Question, Runner, Task


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


def _told(base: type[Task | Benchmark], name: str) -> Callable[..., Any]:
    """Return a method that calls the one of the user's class, whose error names its line."""

    def method(self: Any, *values: object) -> Any:
        path, _ = split_reference(self.reference)
        return call(getattr(super(base, self), name), *values, path=path, words=f"{self.reference}.{name}")

    return method


for _base, _names in (
    (OwnTask, ("conclude", "conclude_at", "guesses", "locate_error")),
    (OwnBenchmark, ("metrics", "baselines", "official_counts", "read_generations", "generation_sets")),
):
    for _name in _names:
        setattr(_base, _name, _told(_base, _name))
