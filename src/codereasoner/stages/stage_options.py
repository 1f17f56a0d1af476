"""The options of the stages, declared once: for the command of each stage, and for `build`, which runs them all."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Literal

from codereasoner import configs
from codereasoner.config_fields import option, redeclared
from codereasoner.errors import ConfigError
from codereasoner.thoughts import Effort, Thinking

if TYPE_CHECKING:
    from codereasoner.extend import Model, Sampling
    from codereasoner.styles import Style

NARRATOR = "narrator"
SIZES = "source, call, value (in characters), steps (of a trace)"
_EXPONENT = re.compile(r"[+-]?\d+(\.\d*)?[eE][+-]?\d+")


@dataclass(frozen=True)
class ProgramOptions:
    """Choose the programs that are written, and those that are dropped."""

    source: tuple[str, ...] = option(
        ("procedural",), "Source of the programs (`codereasoner list`), or file.py:CLASS; repeat it to mix several."
    )
    mix: tuple[float, ...] = option(
        (), "Share of the programs from the first source; repeat it for each source but the last, which gets the rest."
    )
    set: tuple[str, ...] = option(
        (),
        "Option of the source (`codereasoner list`); the value is YAML, such as difficulty=3; with several sources the "
        "key begins with the source, such as procedural.difficulty; repeat it.",
        "KEY=VALUE",
    )
    train: int = option(1000, "Number of programs for instruction tuning.")
    rl: int = option(0, "Number of programs for reinforcement learning.")
    test: int = option(0, "Number of programs held out for evaluation.")
    mutations: int = option(0, "Number of extra calls per program, with mutated arguments.")
    faults: int = option(
        0, "Number of extra calls per program with an argument that is empty or of another type: many of them raise."
    )
    near: float = option(
        0.0, "Drop programs whose Jaccard similarity to a kept one exceeds this (0 disables, 0.9 is a good value)."
    )
    against: tuple[str, ...] = option(
        (),
        "Drop programs of this benchmark; its data comes from PATH, $CODEREASONER_DATA or the Hub. 'all' takes every "
        "benchmark with local data. Repeat it.",
        "NAME[=PATH]",
    )


@dataclass(frozen=True)
class TraceOptions:
    """Choose the runs that are kept."""

    calls: int = option(
        0, "Maximum number of calls kept per program; calls that take different paths come first (0 keeps all)."
    )
    second_run: bool = option(
        True, "Run each call a second time under another hash seed; drop it if the results differ."
    )
    outcome: tuple[str, ...] = option(
        ("ok",),
        "Keep runs that end in this way: ok, raised, timeout; repeat it. `build` keeps those that its tasks ask about, "
        "too.",
    )
    size: tuple[str, ...] = option((), f"Drop runs that exceed this size; NAME is one of {SIZES}; repeat it.", "NAME=N")


@dataclass(frozen=True)
class SetOptions:
    """Choose the sizes of the balanced sets."""

    sft_size: int = option(0, "Number of questions in the balanced SFT set (0 keeps all).")
    rl_size: int = option(0, "Number of questions in the balanced RL set (0 keeps all).")


@dataclass(frozen=True)
class StyleOptions:
    """Choose the prompts."""

    style: str = option("reasoning", "Prompt style and answer format: a style (`codereasoner list`), or file.py:NAME.")
    system: str | None = option(None, "System message before each question: a text, or a file that holds it.")


@dataclass(frozen=True)
class ServerOptions:
    """Reach a served model."""

    base_url: str = option("", "Address of the server of an openai: model (default: $OPENAI_BASE_URL).", "URL")
    concurrency: int | None = option(None, "Maximum number of open requests (default: 32).")
    requests_per_minute: float | None = option(None, "Maximum rate of requests (default: no limit).")
    price_in: float | None = option(None, "Dollars per million prompt tokens.")
    price_out: float | None = option(None, "Dollars per million completion tokens.")

    def server(self) -> dict[str, str | float]:
        """Return the options that were given, as the arguments of a model."""
        given = {each.name: getattr(self, each.name) for each in fields(ServerOptions)}
        return {name: value for name, value in given.items() if value not in (None, "")}


@dataclass(frozen=True)
class SamplingOptions:
    """Sample from a model."""

    temperature: float = option(0.0, "Sampling temperature (0 is greedy).")
    top_p: float = option(1.0, "Sample from this share of the likeliest tokens.")
    max_tokens: int | None = option(None, "Maximum tokens per answer (default: the model's limit, else 2048).")
    seed: int = option(0, "Seed of sampling; sample N takes seed + N.")
    thinking: Thinking | None = option(None, "Turn the model's thoughts on or off (default: the model's own choice).")
    thinking_budget: int | None = option(None, "Maximum tokens of the thoughts.")
    effort: Effort | None = option(None, "Reasoning effort, for models that have one.")
    top_k: int | None = option(None, "Sample from the K likeliest tokens only (0: from all).")
    min_p: float | None = option(None, "Minimum probability of a token, relative to the likeliest one.")
    template_args: dict[str, object] | None = option(None, "Arguments of the chat template, a JSON object.", "JSON")
    extra_body: dict[str, object] | None = option(None, "Fields added to each request, a JSON object.", "JSON")

    def sampling(self, limit: int | None = None) -> Sampling:
        """Return the options as Sampling; limit: maximum tokens where the options give none."""
        from codereasoner.extend import Sampling

        given = {each.name: getattr(self, each.name) for each in fields(SamplingOptions)}
        if limit is not None and self.max_tokens is None:
            given["max_tokens"] = limit
        return Sampling(**{name: value for name, value in given.items() if value is not None})


@dataclass(frozen=True)
class ModelOptions(ServerOptions, SamplingOptions):
    """Ask a model in a style."""

    style: str | None = option(
        None,
        "Prompt style and answer format: a style (`codereasoner list`), or file.py:NAME (default: the style the model "
        "was trained with, else reasoning).",
    )
    system: str | None = redeclared(StyleOptions, "system", None)

    def find(self, name: str) -> tuple[Model, Style, Sampling]:
        """Return the model of that name, the style in which it is asked, and how it is sampled."""
        from codereasoner.extend import find
        from codereasoner.styles import find_style

        model: Model = find("model", name, **self.server())
        style = find_style(self.style or model.style or "reasoning").with_system(self.system)
        return model, style, self.sampling(model.max_tokens)


@dataclass(frozen=True)
class ChainOptions(StyleOptions, ServerOptions, SamplingOptions):
    """Choose who writes the chains, and how."""

    by: str = option(NARRATOR, "Author of the chains: narrator, or a teacher model (openai:NAME, a path, a Hub name).")
    detail: Literal["states", "expressions", "local", "steps"] = option(
        "steps",
        "Detail of the narrator: states (values after each line), expressions (how each value comes about), local "
        "(every step follows from the text before it), steps (prose).",
    )
    attempts: int = option(3, "Calls that may fail before the narrator gives up its search for a right one.")
    # 8,000 characters are about 3,000 tokens of code and numbers, which leaves space for the prompt in 4,096.
    max_characters: int = option(8_000, "Fold loop passes in longer chains of the narrator (0 never folds).")
    samples: int = option(4, "How often the teacher is asked per question before it is dropped.")
    temperature: float = option(0.6, "Sampling temperature of the teacher.")
    top_p: float = option(0.9, "Sample the teacher's tokens from this share of the likeliest ones.")
    max_tokens: int = option(4096, "Maximum tokens per answer of the teacher.")


@dataclass(frozen=True)
class AuditOptions:
    """Choose the chains that pass the audit."""

    keep_above: float | None = option(
        None, "Keep only texts with a right answer and at least this percentage of true claims."
    )


@dataclass(frozen=True)
class RowOptions(StyleOptions):
    """Choose the form of the training rows."""

    direct: tuple[str, ...] = option((), "Task that is answered without a chain; repeat it.", "TASK")


@dataclass(frozen=True)
class BuildConfig(RowOptions, AuditOptions, ChainOptions, SetOptions, TraceOptions, ProgramOptions):
    """All options of a data set. The bytes of its files depend on nothing else."""

    rl: int = redeclared(ProgramOptions, "rl", 500)
    task: tuple[str, ...] = option(
        ("output", "input"), "Kind of question (`codereasoner list`), or file.py:CLASS; repeat it."
    )


def parse_setting(text: str) -> tuple[str, object]:
    """Return the name and the value of KEY=VALUE; the value is read as YAML, as in a configuration file."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise ConfigError(f"--set takes KEY=VALUE, not '{text}'")
    try:
        read = configs.read_yaml(value) if value else ""
    except ConfigError:
        raise ConfigError(f"--set {key}: '{value}' is not a YAML value; put it in quotes to take it as text") from None
    if read == value and _EXPONENT.fullmatch(value):  # YAML 1.1 reads 1e-3 as a text: it has neither a point nor a sign
        read = float(value)
    return key.replace("-", "_"), read
