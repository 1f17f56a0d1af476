"""Question, Grade, Task: the one definition that serves data, instruction tuning, reward and evaluation.

    run ──ask──> question ──prompt──> model ──completion──> parse ──verify──> grade
                     └──────render──> the completion of a perfect model

- An SFT row is `prompt` and `render(gold, chain)`; a GRPO row is `prompt` and the question as JSON.
- The reward of every trainer is `grade(...).reward`; evaluation is `grade`, counted.
- The gold self-check: `render(gold)` -> `parse` -> `grade` must be correct for every question there is.

The rules of grading: the model's text is never evaluated here; a Job that must be executed goes to a runner, which
gets no expected value; whatever a text can cause is `wrong`, and only a failure of our own machinery is `error`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, TypeAlias

from codereasoner.errors import MachineryError
from codereasoner.literals import LiteralError
from codereasoner.records import Facts, Job, Plain, Run, content_id
from codereasoner.styles import Example, Style
from codereasoner.thoughts import split_thoughts

Runner: TypeAlias = Callable[[Sequence[Job]], Sequence[Run]]
"""Executes jobs, in order. Execution's `Pool.run` is one; a task never runs anything itself."""

Verdict = Literal["correct", "wrong", "no_answer", "truncated", "error"]
VERDICTS: tuple[Verdict, ...] = ("correct", "wrong", "no_answer", "truncated", "error")


@dataclass(frozen=True)
class Question(Plain):
    """One verifiable item: its task, the facts its prompt shows, the gold answers, features of difficulty."""

    task: str
    facts: Facts  # what the prompt may show, and what the verifier needs: source, entry, call, line, ...
    gold: tuple[str, ...]  # right answers as a model would write them; gold[0] is the canonical one
    features: Facts = field(default_factory=dict)
    program: str = ""  # the Program's id; answers to one program's questions are one cluster
    split: str = ""
    run: str = ""  # the id of the Run it was asked about; "" for a benchmark's own questions
    id: str = ""
    plugin: str = ""  # `file.py:ClassName` of a task that is not the package's own; left out of rows where it is ""

    def __post_init__(self) -> None:
        if not self.id:
            object.__setattr__(self, "id", content_id(self.task, dict(self.facts)))

    def to_json(self) -> dict[str, Any]:
        """The question as a dict of plain JSON values."""
        row = super().to_json()
        if not self.plugin:
            del row["plugin"]
        return row


@dataclass(frozen=True)
class Grade(Plain):
    """The verdict on one completion."""

    outcome: Verdict
    answer: str | None = None  # the parsed answer; None where there is none
    reason: str = ""  # a short, countable reason for everything but correct
    parts: Mapping[str, float] = field(default_factory=dict)  # a task of several parts: each part's share, 0 to 1
    credit: float | None = None  # what a task pays for its parts; None: 1 for correct and 0 for the rest

    @property
    def reward(self) -> float | None:
        """What a trainer is given: None when our machinery failed, so that nothing is learnt from it."""
        if self.outcome == "error":
            return None
        return self.credit if self.credit is not None else float(self.outcome == "correct")


class Wrong(Exception):
    """Raised by a task's `verify` or `job` to refuse an answer with its reason; grade makes it `wrong`."""


@dataclass(frozen=True)
class Skip:
    """Why a task left a question out: a short, countable reason."""

    reason: str


class Task:
    """A kind of question about a run. Subclass it in one file under tasks/, or in a file of your own.

    A subclass sets `name` and `request`, and writes `ask` (or `consider`), `statement` and `verify`; a task whose
    answers must be executed writes `job` too.
    """

    name: ClassVar[str]
    request: ClassVar[str]  # one sentence that tells a model what to do, for the styles that instruct
    shown: ClassVar[Sequence[tuple[Facts, str, str]]] = ()  # facts, answer and chain of examples for few-shot styles
    reference: ClassVar[str] = ""  # `file.py:ClassName` where it comes from a file; set when it is loaded

    def ask(self, run: Run) -> list[Question]:
        """The well-defined questions about a run, in a fixed order; none where the run allows none.

        Override this, or `consider`, which also says why something was left out.
        """
        return [found for found in self.consider(run) if isinstance(found, Question)]

    def consider(self, run: Run) -> Iterator[Question | Skip]:
        """The questions about a run and, between them, what was left out and why."""
        if type(self).ask is Task.ask:
            raise NotImplementedError
        questions = self.ask(run)
        yield from questions
        if not questions:
            yield Skip("no reason given")

    def survey(self, run: Run) -> tuple[list[Question], Counter[str]]:
        """The questions about a run, and how often each reason left something out."""
        found = [self._own(each) for each in self.consider(run)]
        skipped = Counter(each.reason for each in found if isinstance(each, Skip))
        return [each for each in found if isinstance(each, Question)], skipped

    def _own(self, found: Question | Skip) -> Question | Skip:
        """The question with the reference by which a later process finds this task."""
        return replace(found, plugin=self.reference) if self.reference and isinstance(found, Question) else found

    def guesses(self, question: Question) -> Mapping[str, str]:
        """Answers that need no thought, by name ("no", "the last argument"): what they earn is the guess rate."""
        return {}

    def conclude(self, question: Question) -> str:
        """Return the sentence that ends a narrated chain: it ties what was told of the run to the answer.

        "" where what is told of every run ends with the answer.
        """
        return f"So the answer is {question.gold[0]}."

    def statement(self, question: Question) -> str:
        """What every prompt shows: the program and what is asked of it."""
        raise NotImplementedError

    def job(self, question: Question, answer: str) -> Job | None:
        """What must be executed before the answer can be verified; None: nothing.

        Raises:
            Wrong, LiteralError: the answer is nothing that may be executed.
        """
        return None

    def verify(self, question: Question, answer: str, run: Run | None = None) -> bool:
        """Is this answer right? Pure: it reads text and, where the task has a `job`, the Run of that job.

        Raises:
            Wrong, LiteralError: it is not, and the message is the reason.
        """
        raise NotImplementedError

    def score(self, question: Question, answer: str, run: Run | None = None) -> Grade:
        """The grade of a parsed answer. Override it, rather than `verify`, in a task that is graded in parts."""
        right = self.verify(question, answer, run)
        return Grade("correct" if right else "wrong", answer, "" if right else "another value")

    def examine(self, question: Question, answer: str) -> Generator[Job, Run, Grade]:
        """The grade of a parsed answer; each job that it yields is executed, and its Run is sent back.

        Override it in a task whose verdict takes several runs, one after another.
        """
        job = self.job(question, answer)
        run = (yield job) if job is not None else None
        return self.score(question, answer, run)

    # ---- what every task gets

    def question(
        self, run: Run, facts: Mapping[str, Any], gold: Sequence[str], features: Mapping[str, Any] | None = None
    ) -> Question:
        """A question of this task about a run; the difficulty of its program is one of its features."""
        known = {"difficulty": run.difficulty} if run.difficulty else {}
        features = known | dict(features or {})
        return Question(self.name, dict(facts), tuple(gold), features, program=run.program, split=run.split, run=run.id)

    def prompt(self, question: Question, style: Style) -> list[dict[str, str]]:
        """The chat messages that put the question to a model."""
        if style.official is not None:
            prompt = style.official(question)
            return [{"role": "user", "content": prompt}] if isinstance(prompt, str) else [dict(turn) for turn in prompt]
        examples = [
            Example(self.statement(Question(self.name, facts, (answer,))), answer, chain)
            for facts, answer, chain in self.shown[: style.shots]
        ]
        return style.messages(self.name, self.request, self.statement(question), examples)

    def render(self, question: Question, style: Style, chain: str = "") -> str:
        """The completion of a perfect model."""
        return style.render(self.statement(question), question.gold[0], chain)

    def parse(self, question: Question, completion: str, style: Style) -> str | None:
        """Return the last complete answer of a completion, in the answer format of the style, or None."""
        return style.parse(completion)

    def grade(
        self,
        question: Question,
        completion: str,
        style: Style,
        runner: Runner | None = None,
        finish: str = "stop",
    ) -> Grade:
        """The verdict on one completion; never raises."""
        return grade_all([(self, question, completion, finish)], style, runner)[0]


Item: TypeAlias = tuple[Task, Question, str, str]  # task, question, completion, finish reason


def grade_all(items: Sequence[Item], style: Style, runner: Runner | None = None) -> list[Grade]:
    """Grade completions together, so that all that must be executed goes to the runner in one batch.

    Shapes: `n` items give `n` grades, in the same order.
    """
    parsed = [
        _guarded(None, _parse, task, question, completion, style, finish)
        for task, question, completion, finish in items
    ]
    answers = [(task, question, answer) for (task, question, _, _), answer in zip(items, parsed, strict=True)]
    return grade_answers(answers, runner)


def grade_answers(items: Sequence[tuple[Task, Question, str | Grade]], runner: Runner | None = None) -> list[Grade]:
    """Grade parsed answers together; an item that is a grade already keeps it.

    Shapes: `n` items give `n` grades, in the same order.
    """
    grades: dict[int, Grade] = {}
    waiting: dict[int, tuple[str, Generator[Job, Run, Grade]]] = {}
    for index, (task, question, parsed) in enumerate(items):
        if isinstance(parsed, Grade):
            grades[index] = parsed
        else:
            waiting[index] = parsed, task.examine(question, parsed)
    runs: Mapping[int, Run] = {}
    while waiting:
        jobs: dict[int, Job] = {}
        step: Job | Grade
        for index, (answer, examination) in list(waiting.items()):
            run = runs.get(index)
            if run is not None and run.outcome == "error":
                step = Grade("error", answer, run.reason)
            else:
                step = _guarded(answer, _next_step, examination, run)
            if isinstance(step, Grade):
                grades[index] = step
                del waiting[index]
            else:
                jobs[index] = step
        runs = _run(jobs, runner)
    return [grades[index] for index in range(len(items))]


def _next_step(examination: Generator[Job, Run, Grade], run: Run | None) -> Job | Grade:
    """The next job of an examination, or the grade with which it ends."""
    try:
        return examination.send(run)  # type: ignore[arg-type] # None starts it
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


def _parse(task: Task, question: Question, completion: str, style: Style, finish: str) -> str | Grade:
    if finish == "error":
        return Grade("error", None, "the model gave no completion")
    reading = split_thoughts(completion)
    if reading.open:
        return Grade("truncated", None, "cut off inside its thoughts")
    answer = task.parse(question, reading.text, style)
    if answer is not None and not (finish == "length" and style.open_ended(reading.text)):
        return answer
    if finish == "length":
        return Grade("truncated", None, "cut off before an answer")
    return Grade("no_answer", None, "no complete answer")


def _run(jobs: Mapping[int, Job], runner: Runner | None) -> dict[int, Run]:
    """The runs of the jobs; equal ones, which the samples of one question often are, are run once."""
    if not jobs:
        return {}
    if runner is None:
        raise MachineryError("these answers must be executed, and no runner was given: pass a Pool's run")
    places: dict[Job, int] = {}  # a job is hashed once, as its text is long
    place_of = {index: places.setdefault(job, len(places)) for index, job in jobs.items()}
    runs = [run for _, run in zip(places, runner(list(places)), strict=True)]
    return {index: runs[place] for index, place in place_of.items()}


def _guarded(answer: str | None, step: Callable[..., Any], *given: Any) -> Any:
    """What the step gives, or the grade of what it raised: a model's text can make an answer wrong, not us fail."""
    try:
        return step(*given)
    except (Wrong, LiteralError) as error:
        return Grade("wrong", answer, str(error))
    except Exception as error:  # noqa: BLE001 - the one place: no completion may stop a training run
        return Grade("error", answer, f"the verifier failed: {type(error).__name__}: {error}")
