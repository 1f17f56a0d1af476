"""Models to train: loading them without noise, LoRA, template arguments, and the card of what comes out."""

from __future__ import annotations

import contextlib
import json
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from codereasoner.errors import ConfigError, import_extra
from codereasoner.extend import Sampling, check_model_folder
from codereasoner.machine_limits import cores
from codereasoner.models.checkpoint import (
    CARD,
    PASSIVE_THREADS,
    Checkpoint,
    environment_defaults,
    load_checkpoint,
    read_card,
)
from codereasoner.styles import is_style
from codereasoner.thoughts import Thinking

if TYPE_CHECKING:
    from peft import LoraConfig

ENVIRONMENT = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "ACCELERATE_DYNAMO_USE_DYNAMIC": "true",  # lengths differ from batch to batch: what is compiled must take any
    **PASSIVE_THREADS,
}
"""Variables that the libraries read, mostly when they are first imported."""


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence the progress bars, notices and telemetry of the libraries, and set the variables that they read."""
    with environment_defaults(ENVIRONMENT), warnings.catch_warnings():
        transformers = import_extra("transformers", "train")
        logs = [transformers.utils.logging, import_extra("datasets", "train").utils.logging]
        levels = [log.get_verbosity() for log in logs]
        shows_bars = transformers.utils.logging.is_progress_bar_enabled()
        for log in logs:
            log.set_verbosity_error()
            log.disable_progress_bar()
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            for log, level in zip(logs, levels, strict=True):
                log.set_verbosity(level)
            if shows_bars:
                transformers.utils.logging.enable_progress_bar()


def set_threads(threads: int | None) -> None:
    """Let torch use this number of CPU threads; None leaves it its own number, or that of the cores it may use."""
    torch = import_extra("torch", "train")
    torch.set_num_threads(threads or min(int(torch.get_num_threads()), cores()))


def load(
    model: str, frozen: bool = False, template: Mapping[str, object] | None = None, quantize: bool = False
) -> Checkpoint:
    """Load a model to train, and its tokenizer with padding on the left.

    Weights that are trained are fp32, also on a GPU, where the operations are bf16: an update is often smaller than
    the step from one bf16 number to the next. `frozen` weights, as under LoRA, are bf16 there, or quantized to 4 bits.
    """
    check_model_folder(model)
    loaded = load_checkpoint(model, half=frozen, template=template, quantize=quantize)
    loaded.tokenizer.padding_side = "left"
    return loaded


def template_arguments(thinking: Thinking, given: str) -> dict[str, object]:
    """Return the arguments of the chat template: how to think, and those of a JSON object."""
    try:
        found = json.loads(given)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ConfigError(f"template-args takes a JSON object such as {{\"name\": 1}}, not '{given}'")
    return Sampling(thinking=thinking, template_args=found).template_arguments()


def lora(rank: int) -> LoraConfig | None:
    """Return the config of LoRA adapters of that rank on every linear layer; None for rank 0."""
    if not rank:
        return None
    peft = import_extra("peft", "train")
    return peft.LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM")


def style_of(model: str) -> str:
    """Return the style in a model's card; "reasoning" for one that has no card, as those of the Hub."""
    name = read_card(model).get("style")
    return name if isinstance(name, str) and is_style(name) else "reasoning"


def write_card(folder: Path, model: str, style: str, facts: Mapping[str, int | float]) -> None:
    """Write the card of a trained model: the style it answers in, how long its answers get, what it was made from.

    A limit of tokens per answer that the model had before has room for the longest answer that it learnt.
    """
    old = read_card(model).get("max_tokens")
    kept = {"max_tokens": max(old, facts.get("longest_answer", 0))} if isinstance(old, int) else {}
    card = {"style": style, **kept, "from": model, **facts}
    (folder / CARD).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
