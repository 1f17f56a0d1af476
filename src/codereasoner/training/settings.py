"""What SFT and GRPO share: how an option is declared, devices, and loading a model with its tokenizer."""

from __future__ import annotations

import contextlib
import json
import os
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import field, fields
from pathlib import Path
from typing import Any

from codereasoner.errors import ConfigError, headline, import_extra
from codereasoner.extend import Sampling, check_model_folder
from codereasoner.interfaces import Thinking
from codereasoner.ledger import fingerprint
from codereasoner.models.chat import prepare
from codereasoner.models.local import PATIENT, hush_kernels
from codereasoner.styles import is_style

CARD = "codereasoner.json"
"""Beside a model's weights: the style it was trained with, and what it was trained on."""

ENVIRONMENT = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "ACCELERATE_DYNAMO_USE_DYNAMIC": "true",  # lengths differ from batch to batch: what is compiled must take any
    **PATIENT,
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
CLOCK = option(
    "wall", "How seconds are measured: wall-clock time, or CPU time of this process (unaffected by other load)."
)


def what(config: Any) -> dict[str, Any]:
    """The options that decide what is learnt."""
    return {each.name: getattr(config, each.name) for each in fields(config) if not each.metadata["how"]}


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without the progress bars, notices and telemetry of the libraries; what we have to say goes through Progress."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    transformers = import_extra("transformers", "train")
    logs = [transformers.utils.logging, import_extra("datasets", "train").utils.logging]
    before = [log.get_verbosity() for log in logs]
    bars = transformers.utils.logging.is_progress_bar_enabled()
    for log in logs:
        log.set_verbosity_error()
        log.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for log, level in zip(logs, before, strict=True):
            log.set_verbosity(level)
        if bars:
            transformers.utils.logging.enable_progress_bar()


def has_gpu() -> bool:
    """Is there a GPU that torch can use?"""
    return bool(import_extra("torch", "train").cuda.is_available())


def arguments_for_device(threads: int | None, checkpointing: bool = True) -> dict[str, Any]:
    """The arguments of a TRL trainer that follow from the device: bf16 and checkpointing pay on a GPU only.

    On a CPU without matrix units bf16 is three times slower than fp32.
    """
    torch = import_extra("torch", "train")
    if threads:
        torch.set_num_threads(threads)
    gpu = has_gpu()
    return {"use_cpu": not gpu, "bf16": gpu, "gradient_checkpointing": gpu and checkpointing}


def load(model: str, frozen: bool = False, template: Mapping[str, Any] | None = None) -> tuple[Any, Any]:
    """A causal language model and its tokenizer, of a folder or of the Hub.

    Weights that are trained are fp32, also on a GPU, where the operations are bf16: an update is often smaller than
    the step from one bf16 number to the next. `frozen` weights, as under LoRA, are bf16 there. The arguments of the
    chat template are written into it.

    Raises:
        ConfigError: there is no such model, or the tokenizer's pad token ends turns too.
    """
    check_model_folder(model)
    torch = import_extra("torch", "train")
    transformers = import_extra("transformers", "train")
    hush_kernels()
    dtype = torch.bfloat16 if frozen and has_gpu() else torch.float32
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(model)
        loaded = transformers.AutoModelForCausalLM.from_pretrained(model, dtype=dtype)
    except (OSError, ValueError) as error:
        raise ConfigError(f"the model {model} cannot be loaded: {headline(error)}") from None
    prepare(tokenizer, model, template)
    tokenizer.padding_side = "left"
    return loaded, tokenizer


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


def identity(model: str) -> str:
    """What names a model in the config of a training: the content of its weights for a folder, else its name."""
    weights = sorted(Path(model).glob("*.safetensors")) if Path(model).is_dir() else []
    return "+".join(map(fingerprint, weights)) or model


def style_of(model: str) -> str:
    """The style in a model's card; "reasoning" for one that has no card, as those of the Hub."""
    name = _card(model).get("style")
    return name if isinstance(name, str) and is_style(name) else "reasoning"


def write_card(folder: Path, model: str, style: str, facts: Mapping[str, Any]) -> None:
    """Write the card of a trained model: the style it answers in, how long its answers get, what it was made from."""
    kept = {name: value for name, value in _card(model).items() if name == "max_tokens"}
    card = {"style": style, **kept, "from": model, **facts}
    (folder / CARD).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


def _card(model: str) -> dict[str, Any]:
    path = Path(model) / CARD
    card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return card
