"""The interfaces of plugins, Source, Model and Benchmark (Task is in task.py), with the records they exchange."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import UnionType
from typing import ClassVar, Literal, TypeAlias, TypedDict

from codereasoner.errors import ConfigError
from codereasoner.outputs import published
from codereasoner.records import Json, Plain, Program
from codereasoner.styles import Style
from codereasoner.task import Grade, Question, Runner
from codereasoner.thoughts import Effort, Tags, Thinking, split_thoughts

Progress: TypeAlias = Callable[[float, str], None]
"""A callback of long work: it is called with the share that is done, 0 to 1, and a few words."""


def silent(share: float, text: str) -> None:
    """Ignore progress."""


@dataclass(frozen=True)
class Rejected(Plain):
    """A text that a source could not use as a program: it is dropped with its reason, and counted."""

    text: str
    reason: str
    origin: str = ""


class Source:
    """A source of programs."""

    name: ClassVar[str]

    def programs(self, split: str, count: int) -> Iterator[Program | Rejected]:
        """Yield the first `count` programs of a split ("train", "rl", "test"), the same ones on every call.

        The caller may stop before the end. Rejected texts come between the programs and do not count.
        """
        raise NotImplementedError

    def facts(self) -> Mapping[str, object]:
        """Return facts for the manifest, such as the tokens and the cost of a language model."""
        return {}


_NUMBERS: dict[str, tuple[type | UnionType, str]] = {  # by the annotation of a field
    "float": (int | float, "a number"),
    "int": (int, "a whole number"),
    "int | None": (int | None, "a whole number or None"),
}


_SECRET = re.compile(r"(?i:(?:\w+[-_])?(?:api[-_]?key|authorization|password|secret|(?:access|auth)[-_]token))")
"""Names of fields of a request that hold what nobody should read."""


@dataclass(frozen=True)
class Sampling:
    """The sampling parameters of a model, with limits on its thoughts. Temperature 0 is greedy.

    thinking: ask for thoughts, or for none, if the chat template of the model has a switch for it.
    thinking_budget: maximum tokens of a thought; effort: a word for it that some models know.
    template_args: arguments of the chat template; extra_body: fields of a request to a server.

    Raises:
        ConfigError: a number is impossible, or no number.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 2048
    seed: int = 0
    top_k: int = 0
    min_p: float = 0.0
    thinking: Thinking = "auto"
    thinking_budget: int | None = None
    effort: Effort | None = None
    template_args: Mapping[str, object] = field(default_factory=dict)
    extra_body: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            kinds, words = _NUMBERS.get(str(each.type), (object, ""))
            if words and (not isinstance(value, kinds) or isinstance(value, bool)):
                raise ConfigError(f"{each.name} is {value!r:.60}, and must be {words}")
        limits = {
            "temperature": (0 <= self.temperature < float("inf"), "0 or more"),
            "top_p": (0 < self.top_p <= 1, "above 0 and at most 1"),
            "max_tokens": (self.max_tokens >= 1, "at least 1"),
            "top_k": (self.top_k >= 0, "0 (off) or more"),
            "min_p": (0 <= self.min_p <= 1, "from 0 to 1"),
            "thinking_budget": (self.thinking_budget is None or self.thinking_budget >= 0, "0 or more"),
        }
        for name, (possible, range_) in limits.items():
            if not possible:
                raise ConfigError(f"{name} is {getattr(self, name)}, and must be {range_}")
        if secret := next((name for name in self.extra_body if _SECRET.fullmatch(name)), None):
            raise ConfigError(f"extra_body has '{secret}', and outputs keep what it has: give a key as $OPENAI_API_KEY")

    def facts(self) -> dict[str, Json]:
        """Return what can change an answer as plain JSON, without secrets: the usual four, and others that are set."""
        values = {each.name: published(getattr(self, each.name)) for each in fields(self)}
        usual = ("temperature", "top_p", "max_tokens", "seed")
        return {name: value for name, value in values.items() if name in usual or value != _UNSET[name]}

    def template_arguments(self) -> dict[str, object]:
        """Return the arguments of a chat template that say how much to think, under every name in use."""
        known: dict[str, object] = {}
        if self.thinking != "auto":
            known |= dict.fromkeys(("enable_thinking", "thinking"), self.thinking == "on")
        if self.effort is not None:
            known["reasoning_effort"] = self.effort
        if self.thinking_budget is not None:
            known["thinking_budget"] = self.thinking_budget
        return known | dict(self.template_args)


_UNSET: dict[str, object] = vars(Sampling())


@dataclass(frozen=True)
class Prompt:
    """A request to a model. Scripted models read the question, all others only the messages."""

    question: Question
    messages: Sequence[Mapping[str, str]]
    sample: int = 0
    style: str = "direct"  # the name of the style the messages are in


@dataclass(frozen=True)
class Completion:
    """The reply of a model to one prompt: its text, and its thoughts apart from it."""

    text: str
    finish: str = "stop"  # stop, length, or error
    prompt_tokens: int = 0
    completion_tokens: int = 0
    thoughts: str = ""
    reason: str = ""  # of an error: why there is no completion, in the server's words

    def __post_init__(self) -> None:
        """Refuse a field of another type: a model of one's own may give None for a text."""
        for name, kind in _COMPLETION.items():
            if not isinstance(value := getattr(self, name), kind):
                raise TypeError(f"Completion.{name} must be {kind.__name__}, not {value!r:.60}")
        if self.finish not in _FINISHES:
            raise ValueError(f"Completion.finish must be one of {', '.join(_FINISHES)}, not {self.finish!r:.60}")

    @property
    def whole(self) -> str:
        """The thoughts, then the text."""
        return "\n".join(filter(None, (self.thoughts, self.text)))

    def split(self, opened: bool = False, declared: Sequence[Tags] = ()) -> Completion:
        """Move the thoughts in the text to their field; a thought that was never closed was cut off."""
        reading = split_thoughts(self.text, opened, declared)
        thoughts = "\n".join(filter(None, (self.thoughts, reading.thoughts)))
        finish = "length" if reading.open and self.finish == "stop" else self.finish
        return replace(self, text=reading.text, thoughts=thoughts, finish=finish)


_FINISHES = ("stop", "length", "error")
_COMPLETION: dict[str, type] = dict.fromkeys(("text", "finish", "thoughts", "reason"), str)
_COMPLETION |= dict.fromkeys(("prompt_tokens", "completion_tokens"), int)


class Model:
    """A model that completes prompts. `find("model", "openai:gpt-5")` makes the class `openai` with target "gpt-5"."""

    name: ClassVar[str]
    alone: ClassVar[bool] = False  # is it named without a target?
    style: str | None = None  # the name of the style that it was trained with; None: any
    max_tokens: int | None = None  # of its answers, where nothing else is asked for; None: the usual limit
    price: tuple[float, float] = (0.0, 0.0)  # dollars for a million tokens of prompts, and of completions

    def __init__(self, target: str, **options: object) -> None:
        self.target = target

    @property
    def identity(self) -> str:
        """The name of this model in the key of its answers: models that can answer differently differ in it."""
        return f"{self.name}:{self.target}" if self.target else self.name

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[int, Completion]]:
        """Yield (index of the prompt, completion) as completions are ready, in any order, each index once."""
        raise NotImplementedError

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float:
        """Return the price of these tokens in dollars."""
        return (prompt_tokens * self.price[0] + completion_tokens * self.price[1]) / 1e6


@dataclass(frozen=True)
class Published:
    """A published result of a model on a benchmark."""

    value: float  # pass@1, percent
    settings: str  # how the model was asked, in a few words
    source: str  # a paper or a repository
    mode: Literal["direct", "reasoning", "unknown"] = "unknown"  # does the model reason before it answers?
    evidence: Literal["recomputed", "stated", "quoted", "unconfirmed"] = "stated"  # see benchmarks/published.yaml


class Questions(list[Question]):
    """The questions of a benchmark, and by id the records that cannot be asked here, each with the reason."""

    def __init__(self, questions: Iterable[Question] = (), unavailable: Mapping[str, str] | None = None) -> None:
        super().__init__(questions)
        self.unavailable: Mapping[str, str] = unavailable or {}


class Generations(dict[str, Sequence[str]]):
    """The texts of a model by question id, and what else their file says of them.

    recorded: the file's own verdicts on the texts, by question id, where it has them.
    reasoned: were the texts asked for with a chain of thought?
    read: by question id what an evaluation reads in each text, where the file says in which style it was asked.
    """

    def __init__(
        self,
        texts: Mapping[str, Sequence[str]],
        recorded: Mapping[str, Sequence[bool]] | None = None,
        reasoned: bool = False,
        read: Mapping[str, Sequence[str | Grade]] | None = None,
    ) -> None:
        super().__init__(texts)
        self.recorded: Mapping[str, Sequence[bool]] = recorded or {}
        self.reasoned = reasoned
        self.read: Mapping[str, Sequence[str | Grade]] = read or {}


class Unjudged(TypedDict):
    """An answer on which the published scorer cannot decide here."""

    id: str
    sample: int
    answer: str


class TruthComparison(TypedDict):
    """The agreement of gold answers that are derived here with those of a file."""

    points: int
    equal: int
    differing: list[dict[str, Json]]  # each with its field, `here` and `there`


class OfficialVerdicts(dict[str, "list[bool | None]"]):
    """The published scorer's verdict on every answer by question id; None: it leaves the answer out."""

    def __init__(
        self, verdicts: Mapping[str, list[bool | None]] | None = None, unjudged: Sequence[Unjudged] = ()
    ) -> None:
        super().__init__(verdicts or {})
        self.unjudged = unjudged


class Benchmark:
    """A fixed list of questions with a version, an official prompt, an official grader and published numbers."""

    name: ClassVar[str]
    title: ClassVar[str]
    version: ClassVar[str]
    license: ClassVar[str]
    paper: ClassVar[str]
    hub: ClassVar[str] = ""  # where the Hub keeps its data
    files: ClassVar[Sequence[str]] = ()  # what its data files are called, below a folder of data
    published: ClassVar[Mapping[str, Published]] = {}  # by model
    reruns: ClassVar[bool] = True  # does `check` run its programs again? (not where its data has none)
    packages: ClassVar[Sequence[str]] = ()  # what its programs import beyond what is quick to import
    cpu_seconds: ClassVar[float] = 1.0  # that one run of its programs may take
    large: ClassVar[Sequence[str]] = ()  # packages whose programs run in workers of their own, which preload them
    derives_truth: ClassVar[bool] = False  # are its gold answers derived by execution, and not in its data?
    features: ClassVar[Sequence[str]] = ()  # of its questions, by which a score is analysed

    def preload(self) -> list[str]:
        """Return those of its packages that are installed, for a pool to preload."""
        return [name for name in self.packages if importlib.util.find_spec(name) is not None]

    def load(self, data: Path, runner: Runner | None = None) -> Questions:
        """Return the questions of a data file or folder, in the benchmark's own order and with its own ids.

        Only a benchmark whose gold answers are not in its data but must be derived by execution needs the runner.

        Raises:
            DataError: the file is not this benchmark's; the message names the line and the field.
        """
        raise NotImplementedError

    def sources(self, data: Path) -> dict[str, str]:
        """Return the programs of a data file by question id, to check training data against them."""
        return {question.id: question.facts["source"] for question in self.load(data) if question.facts["source"]}

    def official_style(self, checkout: Path, reasons: bool) -> Style:
        """Return a style with its published prompts, loaded from a checkout; `reasons` takes those that ask to reason.

        Raises:
            ConfigError: there are none that could be loaded. DataError: the checkout does not have them.
        """
        raise ConfigError(f"{self.name} has no official prompts that can be loaded from a checkout: leave them out")

    def generation_sets(self, path: Path) -> list[Path]:
        """Return a path for each model whose texts `path` holds; almost always the path itself."""
        return [path]

    def read_generations(self, path: Path, questions: Sequence[Question]) -> Generations | None:
        """Return the texts of a file in a format of this benchmark's own; None: it is `{id: [texts]}` or similar."""
        return None

    def parse_generation(self, question: Question, text: str) -> str | None:
        """Return the answer in one entry of a generations file of this benchmark, for the strict grader."""
        raise NotImplementedError

    def grade_officially(
        self, questions: Sequence[Question], generations: Generations, runner: Runner
    ) -> OfficialVerdicts:
        """Return the published scorer's verdict on every answer."""
        raise NotImplementedError

    def official_counts(self, verdicts: Sequence[bool | None]) -> list[bool]:
        """Return the verdicts on one question that count for the published pass@k; by default all but None."""
        return [verdict for verdict in verdicts if verdict is not None]

    def metrics(
        self, questions: Sequence[Question], correct: Mapping[str, Sequence[bool]]
    ) -> dict[str, float | Mapping[str, float]]:
        """Return numbers of its own in percent; `correct` holds the verdicts by question id."""
        return {}

    def baselines(self, questions: Sequence[Question]) -> dict[str, float]:
        """Return what answers without any model get, in percent: "copy the first argument" -> 7.0."""
        old = getattr(self, "floors", None)  # its name in 0.1
        return dict(old(questions)) if old else {}

    def compare_truth(self, data: Path, truth: Path, runner: Runner | None) -> TruthComparison:
        """Compare the gold answers that are derived here with those of a file; only where `derives_truth`."""
        raise NotImplementedError
