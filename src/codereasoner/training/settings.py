"""What SFT and GRPO share: how an option is declared, devices, and loading a model with its tokenizer."""

from __future__ import annotations

import contextlib
import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import field, fields
from pathlib import Path
from typing import Any

from codereasoner.errors import ConfigError, import_extra
from codereasoner.extend import Sampling, check_model_folder
from codereasoner.models.checkpoint import (
    CARD,
    PASSIVE_THREADS,
    Checkpoint,
    environment_defaults,
    load_checkpoint,
    read_card,
)
from codereasoner.models.device import has_gpu
from codereasoner.styles import is_style
from codereasoner.thoughts import Thinking

ENVIRONMENT = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "ACCELERATE_DYNAMO_USE_DYNAMIC": "true",  # lengths differ from batch to batch: what is compiled must take any
    **PASSIVE_THREADS,
}
"""Variables that the libraries read, mostly when they are first imported."""


def option(default: Any, words: str, how: bool = False) -> Any:
    """A field of a config: its default, and the sentence that the command line shows.

    What says only `how` the work is done, and changes nothing of what is learnt, may differ when it is continued.
    """
    return field(default=default, metadata={"help": words, "how": how})


BUDGET_TOKENS = option(
    None, "Train until this many tokens are read and learnt; over the last 40 % the learning rate falls to zero."
)
BUDGET_OPERATIONS = option(
    None,
    "Train until this many floating-point operations are spent: for each parameter 6 for a token learnt, 2 for a token "
    "read or written while generating.",
)
BUDGET_SECONDS = option(
    None, "Train for this many seconds; what is learnt then depends on the machine. Without a budget, epochs count."
)
PRECISION = option(
    "auto",
    "Number format of matrix products: bf16 or fp32; auto takes bf16 on a GPU and on a CPU that multiplies it faster.",
    how=True,
)
CLOCK = option(
    "wall", "How seconds are measured: wall-clock time, or CPU time of this process (unaffected by other load)."
)


def what(config: Any) -> dict[str, Any]:
    """The options that decide what is learnt."""
    return {each.name: getattr(config, each.name) for each in fields(config) if not each.metadata["how"]}


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
    """Have torch use so many threads of a CPU; None leaves it its own number."""
    if threads:
        import_extra("torch", "train").set_num_threads(threads)


def arguments_for_device(bf16: bool, checkpointing: bool = True) -> dict[str, Any]:
    """Return the arguments of a TRL trainer that follow from the device: checkpointing pays on a GPU only."""
    gpu = has_gpu()
    return {"use_cpu": not gpu, "bf16": bf16, "gradient_checkpointing": gpu and checkpointing}


def load(model: str, frozen: bool = False, template: Mapping[str, Any] | None = None) -> Checkpoint:
    """Load a model to train, and its tokenizer with padding on the left.

    Weights that are trained are fp32, also on a GPU, where the operations are bf16: an update is often smaller than
    the step from one bf16 number to the next. `frozen` weights, as under LoRA, are bf16 there.

    Raises:
        ConfigError: there is no such model, or no answer of it could end.
    """
    check_model_folder(model)
    loaded = load_checkpoint(model, half=frozen, template=template)
    loaded.tokenizer.padding_side = "left"
    return loaded


def template_arguments(thinking: Thinking, given: str) -> dict[str, Any]:
    """The arguments of the chat template that a training is told: how to think, and a JSON object of others.

    Raises:
        ConfigError: it is no JSON object.
    """
    try:
        found = json.loads(given)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ConfigError(f"template-args takes a JSON object such as {{\"name\": 1}}, not '{given}'")
    return Sampling(thinking=thinking, template_args=found).template_arguments()


def lora(rank: int) -> Any:
    """LoRA adapters of that rank on every linear layer; None for rank 0."""
    if not rank:
        return None
    peft = import_extra("peft", "train")
    return peft.LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM")


def style_of(model: str) -> str:
    """Return the style in a model's card; "reasoning" for one that has no card, as those of the Hub."""
    name = read_card(model).get("style")
    return name if isinstance(name, str) and is_style(name) else "reasoning"


def write_card(folder: Path, model: str, style: str, facts: Mapping[str, object]) -> None:
    """Write the card of a trained model: the style it answers in, how long its answers get, what it was made from."""
    old = read_card(model)
    kept = {"max_tokens": old["max_tokens"]} if "max_tokens" in old else {}
    card = {"style": style, **kept, "from": model, **facts}
    (folder / CARD).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
