"""Question, Grade, Task: the one definition that serves data, instruction tuning, reward and evaluation.

    run ──ask──> question ──prompt──> model ──completion──> parse ──verify──> grade
                     └──────render──> the completion of a perfect model

- An SFT row is `prompt` and `render(gold, chain)`; a GRPO row is `prompt` and the question as JSON.
- The reward of every trainer is `grade(...).reward`; evaluation is `grade`, counted.
- The gold self-check: `render(gold)` -> `parse` -> `grade` must be correct for every question there is.

The model's text is never evaluated here. A Job that must be executed goes to a runner, which gets no expected value.
Everything that a text can cause is `wrong`; only an infrastructure error is `error`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, ClassVar, Literal, NamedTuple, Self, TypeAlias, TypedDict, get_origin, get_type_hints

from codereasoner.errors import DataError, InfrastructureError
from codereasoner.literals import LiteralError
from codereasoner.plugin_files import failure
from codereasoner.records import Facts, Job, Outcome, Plain, Run, content_id
from codereasoner.renamed import NEW_NAMES, current_name
from codereasoner.styles import Example, Style
from codereasoner.thoughts import split_thoughts
from codereasoner.worked_examples import worked_examples

Runner: TypeAlias = Callable[[Sequence[Job]], Sequence[Run]]
"""A function that executes jobs in order, such as `Pool.run`; a task never runs anything itself."""

NewLines: TypeAlias = Mapping[int, int]
"""The line that each old line has become in a rewritten program."""
Verdict = Literal["correct", "wrong", "no_answer", "truncated", "error"]
NO_PLACE = "the rewritten program has no such place"  # the reason of an `ask_again` that skips
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

    @classmethod
    def from_json(cls, row: Mapping[str, object]) -> Self:
        """Read a row; the old name of a task becomes the new one, and the id stays.

        Raises:
            DataError: a field is missing, unknown or of another type than declared.
        """
        found = super().from_json(row)
        if found.task in NEW_NAMES["task"] and not found.plugin:
            return replace(found, task=current_name("task", found.task, NEW_NAMES["task"].values()))
        return found

    def to_json(self) -> dict[str, object]:
        """Return the question as a dict of plain JSON values."""
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
        """The number for a trainer; None after an infrastructure error, so that nothing is learnt from it."""
        if self.outcome == "error":
            return None
        return self.credit if self.credit is not None else float(self.outcome == "correct")


class Wrong(Exception):
    """Raised by a task to refuse an answer; the message is the reason that its grade gives."""


@dataclass(frozen=True)
class Skip:
    """The reason why a task left a question out: short, and the same words each time, as reasons are counted."""

    reason: str


class Asked(NamedTuple):
    """The questions of one task about one run, and how often each reason left one out."""

    questions: list[Question]
    skipped: Counter[str]


@dataclass(frozen=True)
class Misreading:
    """The claim about a run that a wrong answer makes, for the analysis of errors."""

    about: Literal["result", "variable", "executed line", "next line"]
    claimed: str = ""  # result and variable: the value that the answer gives
    true: str = ""  # and the value of the run
    line: int = 0
    time: int = 1
    variable: str = ""


class CallFacts(TypedDict):
    """The facts of a question about one call of a program."""

    source: str
    entry: str
    call: str  # argument source


class Task:
    """A kind of question about a run. Subclass it in one file under tasks/, or in a file of your own.

    A subclass sets `name` and `request`, and writes `ask`, `statement` and `verify`; a task whose answers must be
    executed writes `job` too. All else has a default, which tells the other stages how to treat its questions.
    """

    name: ClassVar[str]
    request: ClassVar[str]  # one sentence that tells a model what to do, for the styles that instruct
    shown: ClassVar[Sequence[tuple[Facts, str, str]]] = ()  # facts, answer and chain of examples for few-shot styles
    facts: ClassVar[type | None] = None  # a TypedDict: the facts without which a question is refused
    short: ClassVar[str] = ""  # a word for it that tables show before its name
    direction: ClassVar[Literal["forward", "backward"]] = "forward"  # backward: from the fact `value` to a call
    observes: ClassVar[Literal["value", "steps"]] = "steps"  # the part of a run that decides its right answers
    answers: ClassVar[Literal["literal", "call", "code", "text"]] = "text"  # the kind of its right answers
    outcomes: ClassVar[Sequence[Outcome]] = ("ok",)  # how the runs end that it asks about; sets of it keep all of them
    executes: ClassVar[bool] = False  # whether `ask` yields lists of jobs and is sent their runs
    best: ClassVar[float] = 1.0  # the reward of a right answer
    reference: ClassVar[str] = ""  # `file.py:ClassName` where it comes from a file; set when it is loaded

    # ---- what a task writes

    def ask(self, run: Run) -> Iterable[Question | Skip | list[Job]]:
        """Yield the well-defined questions about a run in a fixed order, and a Skip for what is left out."""
        yield Skip("this task asks nothing about runs")

    def statement(self, question: Question) -> str:
        """Return what every prompt shows: the program and the question about it."""
        raise NotImplementedError

    def verify(self, question: Question, answer: str, run: Run | None = None) -> bool | Grade:
        """Return whether an answer is right. Pure: it reads text and, where the task has a `job`, the Run of that job.

        False is the reason "another value"; a task that is graded in parts returns the Grade itself.

        Raises:
            Wrong, LiteralError: it is not right, and the message is the reason.
        """
        raise NotImplementedError

    # ---- what a task may write

    def unfit(self, run: Run) -> str:
        """Return the reason why nothing can be asked about a run; "" where `ask` decides."""
        return ""

    def job(self, question: Question, answer: str) -> Job | None:
        """Return what must be executed before the answer can be verified; None: nothing.

        Raises:
            Wrong, LiteralError: the answer is nothing that may be executed.
        """
        return None

    def examine(self, question: Question, answer: str) -> Generator[Job, Run, Grade]:
        """Grade a parsed answer; each job that it yields is executed, and its Run is sent back.

        Override it where the verdict takes several runs, one after another.
        """
        job = self.job(question, answer)
        run = (yield job) if job is not None else None
        verdict = getattr(self, "score", self.verify)(question, answer, run)  # `score`: a verify that grades, in 0.1
        if isinstance(verdict, Grade):
            return verdict
        if verdict not in (True, False):
            raise TypeError(f"`verify` returned {verdict!r:.60}, and its verdict is True, False or a Grade")
        return Grade("correct", answer) if verdict else Grade("wrong", answer, "another value")

    def guesses(self, question: Question) -> Mapping[str, str]:
        """Return trivial answers by name ("no", "the last argument"); the best of them is a baseline."""
        return {}

    def conclude(self, question: Question) -> str:
        """Return the sentence that ends a narrated chain after the result of the call; "" where that is the answer."""
        return f"So the answer is {question.gold[0]}."

    def conclude_at(self, question: Question, state: Mapping[str, str], following: int | None) -> str:
        """Return the sentence that ends a chain where the question looks; "": the chain goes on to the result.

        That is after the line and time that its facts name, or at the end of the run where they name no time.

        Args:
            state: the variables there, as literals.
            following: the line that runs next in that function; None: it ends.
        """
        return ""

    def locate_error(self, question: Question, answer: str, run: Run | None) -> Misreading | None:
        """Return what a wrong answer claims about the run; None where it claims nothing that a rule can explain."""
        return None

    def rerun_job(self, question: Question) -> tuple[Job, str] | None:
        """Return the job that recomputes a recorded answer, and the literal it must return; None: there is none."""
        return None

    def ask_again(self, question: Question, run: Run, lines: NewLines, names: Mapping[str, str]) -> Question | Skip:
        """Return the same question about a run of a rewritten program, where old lines and names have new ones."""
        asked = self.collect(run).questions
        return asked[0] if len(asked) == 1 else Skip(NO_PLACE)

    # ---- what every task gets

    def collect(self, run: Run, runner: Runner | None = None) -> Asked:
        """Return the questions about a run, and what was left out; a task that `executes` needs the runner."""
        if reason := self.unfit(run):
            return Asked([], Counter([reason]))
        asking: Any = iter(getattr(self, "consider", self.ask)(run))  # `consider`: an ask that skips, in 0.1
        found: list[Question | Skip] = []
        sent = None
        with suppress(StopIteration):
            while True:
                each = asking.send(sent) if sent is not None else next(asking)
                sent = list(_run(dict(enumerate(each)), runner).values()) if isinstance(each, list) else None
                found += [] if isinstance(each, list) else [each]
        questions = [replace(each, plugin=self.reference) for each in found if isinstance(each, Question)]
        others: list[Any] = [each for each in found if not isinstance(each, Question)]
        skipped = Counter(getattr(each, "reason", f"`ask` yields what is no question: {each!r:.60}") for each in others)
        return Asked(questions, skipped if found else Counter(["no reason given"]))

    def check(self, question: Question) -> None:
        """Refuse a question that this task could not put to a model.

        Raises:
            DataError: it lacks a fact or an answer, or a fact has another type; the message names it.
        """
        about = f"question '{question.id}' of the task '{self.name}'"
        for name, kind in _fact_types(self.facts).items() if self.facts else ():
            if name not in question.facts:
                raise DataError(f"{about} lacks the fact '{name}'; it has: {', '.join(question.facts) or 'none'}")
            if not isinstance(question.facts[name], kind):
                raise DataError(f"{about}: the fact '{name}' must be {kind.__name__}, not {question.facts[name]!r:.40}")
        if not (question.gold or self.answers == "call") or not all(map(str.strip, question.gold)):
            raise DataError(f"{about} has no right answer: `gold` is empty, or one in it is blank")
        try:
            self.statement(question)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"{about} cannot be asked: its facts give {failure(error, self.reference)}") from None

    def question(
        self, run: Run, facts: Mapping[str, object], gold: Sequence[str], features: Mapping[str, object] | None = None
    ) -> Question:
        """Make a question about a run; of its features, sets are balanced by `difficulty`, and `side` of the answer."""
        known = ({"difficulty": run.difficulty} if run.difficulty else {}) | dict(features or {})
        return Question(self.name, dict(facts), tuple(gold), known, program=run.program, split=run.split, run=run.id)

    def worked_examples(self) -> Sequence[tuple[Facts, str, str]]:
        """Return facts, answer and chain of each example: `shown`, or those that the package has for this task."""
        return self.shown or worked_examples().get(self.name, ())

    def prompt(self, question: Question, style: Style) -> list[dict[str, str]]:
        """Return the chat messages that put the question to a model."""
        if style.official is not None:
            prompt = style.official(question)
            return [{"role": "user", "content": prompt}] if isinstance(prompt, str) else [dict(turn) for turn in prompt]
        examples = [
            Example(self.statement(Question(self.name, facts, (answer,))), answer, chain)
            for facts, answer, chain in self.worked_examples()[: style.shots]
        ]
        return style.messages(self.name, self.request, self.statement(question), examples)

    def render(self, question: Question, style: Style, chain: str = "") -> str:
        """Return the completion of a perfect model; a question without a right answer raises DataError."""
        if not question.gold:
            raise DataError(f"question '{question.id}' of the task '{self.name}' has no right answer: `gold` is empty")
        return style.render(self.statement(question), question.gold[0], chain)

    def parse(self, question: Question, completion: str, style: Style) -> str | None:
        """Return the last complete answer of a completion, in the answer format of the style, or None."""
        return style.parse(completion)

    def grade(
        self, question: Question, completion: str, style: Style, runner: Runner | None = None, finish: str = "stop"
    ) -> Grade:
        """Grade one completion; never raises."""
        return grade_all([(self, question, completion, finish)], style, runner)[0]


@cache
def _fact_types(facts: type) -> dict[str, type]:
    """Return the facts that a TypedDict requires, each with its plain type."""
    hints = get_type_hints(facts)
    return {name: get_origin(hints[name]) or hints[name] for name in sorted(facts.__required_keys__)}  # type: ignore[attr-defined]


Item: TypeAlias = tuple[Task, Question, str, str]  # task, question, completion, finish reason


def grade_all(items: Sequence[Item], style: Style, runner: Runner | None = None) -> list[Grade]:
    """Grade completions in order; all that must be executed goes to the runner in one batch."""
    answers = [(task, asked, read_completion(task, asked, text, style, finish)) for task, asked, text, finish in items]
    return grade_answers(answers, runner)


def read_completion(task: Task, question: Question, completion: str, style: Style, finish: str = "stop") -> str | Grade:
    """Return the answer in a completion, or the grade of a completion without any; never raises."""
    return _guarded(task, None, _parse, task, question, completion, style, finish)  # type: ignore[no-any-return]


def grade_answers(items: Sequence[tuple[Task, Question, str | Grade]], runner: Runner | None = None) -> list[Grade]:
    """Grade parsed answers in order; an item that is a grade already keeps it."""
    grades: dict[int, Grade] = {}
    waiting: dict[int, tuple[Task, str, Generator[Job, Run, Grade]]] = {}
    for index, (task, question, parsed) in enumerate(items):
        if isinstance(parsed, Grade):
            grades[index] = parsed
        else:
            waiting[index] = task, parsed, task.examine(question, parsed)
    runs: Mapping[int, Run] = {}
    while waiting:
        jobs: dict[int, Job] = {}
        for index, (task, answer, examination) in list(waiting.items()):
            if (run := runs.get(index)) is not None and run.outcome == "error":
                step: Job | Grade = Grade("error", answer, run.reason)
            else:
                step = _guarded(task, answer, _next_step, examination, run)
            if isinstance(step, Grade):
                grades[index] = step
                del waiting[index]
            else:
                jobs[index] = step
        runs = _run(jobs, runner)
    return [grades[index] for index in range(len(items))]


def _next_step(examination: Generator[Job, Run, Grade], run: Run | None) -> Job | Grade:
    """Return the next job of an examination, or the grade with which it ends."""
    try:
        step: object = examination.send(run)  # type: ignore[arg-type] # None starts it
    except StopIteration as end:
        step = end.value
    if not isinstance(step, Job | Grade):
        raise TypeError(f"{step!r:.60} is neither a Job, which `job` returns, nor a Grade, which `examine` returns")
    return step


def _parse(task: Task, question: Question, completion: str, style: Style, finish: str) -> str | Grade:
    if finish == "error":
        return Grade("error", None, "the model gave no completion")
    reading = split_thoughts(completion)
    if reading.open:
        return Grade("truncated", None, "cut off inside its thoughts")
    answer = task.parse(question, reading.text, style)
    if finish == "length" and (answer is None or style.open_ended(reading.text)):
        return Grade("truncated", None, "cut off before an answer")
    return Grade("no_answer", None, "no complete answer") if answer is None else answer


def _run(jobs: Mapping[int, Job], runner: Runner | None) -> dict[int, Run]:
    """Run the jobs; equal ones, which the samples of one question often are, run once."""
    if jobs and runner is None:
        raise InfrastructureError("something must be executed, and no runner was given: pass a Pool's run")
    places: dict[Job, int] = {}  # a job is hashed once, as its text is long
    place_of = {index: places.setdefault(job, len(places)) for index, job in jobs.items()}
    runs = [run for _, run in zip(places, runner(list(places)) if runner and places else (), strict=True)]
    return {index: runs[place] for index, place in place_of.items()}


def _guarded(task: Task, answer: str | None, step: Callable[..., Any], *given: Any) -> Any:
    """Return what the step gives, or the grade of what it raised: a model's text makes an answer wrong, not us fail."""
    try:
        return step(*given)
    except (Wrong, LiteralError) as error:
        return Grade("wrong", answer, str(error))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the one place: no completion may stop a training run
        return Grade("error", answer, f"the verifier failed: {failure(error, task.reference)}")
