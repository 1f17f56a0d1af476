"""Types of options, and the ranges of numbers, so that every command refuses the same."""

import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from codereasoner.errors import ConfigError, did_you_mean
from codereasoner.outputs import check_place, check_writable

if TYPE_CHECKING:
    from codereasoner.extend import Kind


class OneOf(click.Choice[str]):
    """One of several words; a mistyped one is answered with the nearest."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            near = did_you_mean(str(value), map(str, self.choices))
            raise click.BadParameter(error.message.rstrip(".") + (near or "."), ctx, param) from None


class FolderName(click.ParamType[str]):
    """The name of one folder, not a path."""

    name = "name"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if str(value) in ("", ".", "..") or Path(str(value)).name != str(value):
            self.fail(f"'{value}' is not the name of a folder: give a word, such as first-try", param, ctx)
        return str(value)


class RealRange(click.FloatRange):
    """A range of finite numbers."""

    def convert(self, value: float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number; nan would pass every comparison, and infinity most."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{number} is not a number to work with", param, ctx)
        return number


class Whole(click.IntRange):
    """A range of whole numbers that a computer can count to."""

    def convert(self, value: int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        number = super().convert(value, param, ctx)
        if number > MOST:
            self.fail(f"{number} is more than {MOST}, to which nothing can be counted", param, ctx)
        return number


MOST_DEEP = 50  # of JSON on the command line: more than any request, and less than what YAML can write


class JsonObject(click.ParamType[dict[str, object]]):
    """A JSON object on the command line, or a mapping in a config file."""

    name = "json"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, object]:
        try:
            found = json.loads(value) if isinstance(value, str) else value
            if _depth(found) > MOST_DEEP:
                self.fail(f"{value!r:.80} is nested more than {MOST_DEEP} deep", param, ctx)
        except (ValueError, RecursionError) as error:
            self.fail(f"{value!r:.80} is not JSON: {error}", param, ctx)
        if not isinstance(found, dict):
            self.fail(f'{value!r:.80} is not a JSON object, such as {{"name": 1}}', param, ctx)
        return dict(found)


def _depth(value: object) -> int:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, parts), default=0)


class NameOrFile(click.types.StringParamType):
    """The name of a plugin of a kind, or a file; the shell completes both."""

    def __init__(self, kind: "Kind") -> None:
        self.kind = kind

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from codereasoner.extend import available

        found = [CompletionItem(name) for name in available(self.kind) if name.startswith(incomplete)]
        return found or [CompletionItem(incomplete, type="file")]


class StyleName(click.ParamType[str]):
    """A style's name; `file.py:NAME` is loaded and gets its full path, so that later commands find it."""

    name = "name"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name by which `find_style` finds it."""
        from codereasoner.styles import chosen_style

        return chosen_style(str(value)).name


class SystemMessage(click.ParamType[str]):
    """A text, or the name of a file that holds it."""

    name = "text|file"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text without the white space around it."""
        text = str(value)
        if _is_file(text):
            text = _read(Path(text))
        elif _FILE_NAME.fullmatch(text):
            raise ConfigError(f"--system: there is no file {text}; give one that exists, or a message of several words")
        if not text.strip():
            raise ConfigError(f"--system {value!r} is empty: leave the option out to ask without a system message")
        return text.strip()


_FILE_NAME = re.compile(r"\S*/\S+|\S*\.[A-Za-z]{1,5}")  # one word that is meant as a file, not as a message


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long for a name, or with a null character
        return False


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--system: the file {path} cannot be read as UTF-8 text: {error}") from None


class Output(click.Path):
    """A path that a command writes: a file, or a folder, which is the command's own where `own` is true.

    `check_outputs` checks it before the command does any work.
    """

    def __init__(self, folder: bool = False, own: bool = False) -> None:
        super().__init__(path_type=Path)
        self.folder = folder
        self.own = own

    def check(self, path: Path, word: str) -> None:
        """Refuse a path at which no such thing can be written."""
        if re.search("[\ud800-\udfff]", str(path)):
            raise ConfigError(f"{word} {path} is not UTF-8 text, which no file of rows can name: give another path")
        if self.folder and path.exists() and not path.is_dir():
            raise ConfigError(f"{word} {path} is no folder: give one, or a path at which there is nothing yet")
        if not self.folder and not path.name:
            raise ConfigError(f"{word} '{path}' names no file: give the path of a file")
        if not self.folder and path.suffix in PACKED:
            raise ConfigError(f"{word} {path}: files are not packed: give a name without {path.suffix}")
        if not self.folder:
            check_writable(path)
        check_place(path, word)


PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip")
PATH = click.Path(path_type=Path)
OUT_FILE = Output()
OUT_FOLDER = Output(folder=True)
OWN_FOLDER = Output(folder=True, own=True)
STYLE_NAME = StyleName()
BENCHMARK, TASK = NameOrFile("benchmark"), NameOrFile("task")
FOLDER_NAME = FolderName()
SYSTEM_MESSAGE = SystemMessage()
MOST = 2**53  # up to here every whole number is a float too
MOST_PROCESSES = 1024  # of one command: a thousand times more would end the machine
MOST_SAMPLES = 10_000  # of one question, each with a prompt of its own in memory
MOST_RANK = 65_536  # of LoRA matrices, beyond the width of any model
MOST_CALLS = 1000  # of one program: more are no longer different, and a list of billions would never be finished

COUNT = Whole(min=1)
NUMBER = Whole(min=0)
PROCESSES = click.IntRange(1, MOST_PROCESSES)
CALLS = click.IntRange(0, MOST_CALLS)
SEED = click.IntRange(0, 2**32 - 1)  # as NumPy takes it
NOT_NEGATIVE = RealRange(min=0)
ABOVE_ZERO = RealRange(min=0, min_open=True)
SHARE = RealRange(min=0, max=1)
PERCENT = RealRange(min=0, max=100)
TOP_P = RealRange(min=0, max=1, min_open=True)
JSON_OBJECT = JsonObject()
BELOW_ONE = RealRange(min=0, max=1, max_open=True)
SEVERAL = Whole(min=2, max=MOST_SAMPLES)
SAMPLES = Whole(min=1, max=MOST_SAMPLES)


class NoneOrSeveral(Whole):
    """Zero, or at least two: one sample has none that it could be compared with."""

    def convert(self, value: int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        number = super().convert(value, param, ctx)
        if number == 1:
            self.fail("1 sample shows always or never, and nothing between: give 0 or at least 2", param, ctx)
        return number


OF_FIELDS: dict[str, click.ParamType[object]] = {
    **dict.fromkeys(("batch", "accumulate", "seeds", "log_every", "check_questions"), COUNT),
    **dict.fromkeys(("max_tokens", "max_length", "check_tokens", "tokens", "max_steps", "prompts"), COUNT),
    "vllm_tensor_parallel": PROCESSES,
    "vllm_memory": RealRange(min=0, max=1, min_open=True, max_open=True),
    **dict.fromkeys(("workers", "threads", "concurrency"), PROCESSES),
    **dict.fromkeys(("mutations", "faults"), CALLS),
    "readers": click.IntRange(0, MOST_PROCESSES),
    **dict.fromkeys(("sft_tokens", "then_tokens", "grpo_tokens", "updates_per_generation"), COUNT),
    **dict.fromkeys(("learning_rate", "seconds", "operations", "minutes", "epochs", "max_grad_norm"), ABOVE_ZERO),
    **dict.fromkeys(("patience", "save_seconds", "GrpoConfig.temperature", "RftConfig.temperature"), ABOVE_ZERO),
    **dict.fromkeys(("temperature", "weight_decay", "beta", "epsilon", "epsilon_high", "step_weight"), NOT_NEGATIVE),
    **dict.fromkeys(("format_bonus", "format_penalty", "price_in", "price_out"), NOT_NEGATIVE),
    **dict.fromkeys(("near", "min_p"), SHARE),
    "mix": RealRange(min=0, max=1, min_open=True, max_open=True),
    **dict.fromkeys(("warmup", "adam_beta2", "brevity"), BELOW_ONE),
    "consistency": NOT_NEGATIVE,
    "RftConfig.share": RealRange(min=0, max=1, min_open=True, max_open=True),
    "GrpoConfig.select": NoneOrSeveral(min=0),
    "requests_per_minute": ABOVE_ZERO,
    "top_p": TOP_P,
    "keep_above": PERCENT,
    "num_generations": SEVERAL,  # one completion has none that it could be compared with
    "samples": SAMPLES,
    "lora": Whole(min=0, max=MOST_RANK),
    "seed": SEED,
    "style": STYLE_NAME,
    "system": SYSTEM_MESSAGE,
}
"""The type of an option by the name of the field of a config that holds it; other whole numbers are 0 or more."""


def range_of(config: str, field: str, kind: type) -> object:
    """Return the type of the option for a field of a config."""
    found = OF_FIELDS.get(f"{config}.{field}") or OF_FIELDS.get(field)
    return found or {int: NUMBER, float: RealRange()}.get(kind, kind)
