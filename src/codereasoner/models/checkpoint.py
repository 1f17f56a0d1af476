"""Checkpoints: the weights and tokenizer of a folder or of the Hub, and the card that training writes next to them."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import struct
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from pickle import PickleError
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple, TypedDict, cast

from codereasoner.errors import ConfigError, counted, headline, import_extra, is_pointer
from codereasoner.jsonl_files import check_fields, object_of, read_text
from codereasoner.ledger import fingerprint
from codereasoner.models.chat import end_of_turn, prepare
from codereasoner.models.device import has_gpu, multiplies_in_bf16
from codereasoner.models.notices import say_once
from codereasoner.models.short_attention import use_short_attention

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

CARD = "codereasoner.json"
"""The file next to a model's weights that holds its card."""

PASSIVE_THREADS = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Waiting threads sleep instead of spinning: on two cores that others use too, spinning made two threads forty times
slower than one. It is read when torch is first imported, and costs nothing on idle cores."""


TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "tokenizer.model")
"""The files of which every tokenizer has one; peft itself saves adapters without them."""
HUB_NOTE = 1.5  # seconds after which it is said that the Hub is waited for
NO_CODE = {"trust_remote_code": False}  # else transformers asks on the terminal whether to execute a model's own code
HUB_SECONDS = 8.0  # within which the Hub says whether it has a model; more is a network that is down


class Card(TypedDict, total=False):
    """The card that training writes next to a model; a model trained elsewhere has none."""

    style: str
    max_tokens: int


class Checkpoint(NamedTuple):
    """A causal language model and its tokenizer."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase


def check_reachable(name: str) -> None:
    """Refuse a name that is neither in the cache nor on the Hub: loading it would try for minutes."""
    if Path(name).exists() or find_spec("huggingface_hub") is None:
        return
    hub = importlib.import_module("huggingface_hub")
    try:
        cached = [hub.try_to_load_from_cache(name, each) for each in ("config.json", "adapter_config.json")]
    except ValueError:
        raise ConfigError(f"there is no model {name}: it is no folder, and no name that the Hub could have") from None
    if any(isinstance(each, str) for each in cached):
        return
    if importlib.import_module("huggingface_hub.constants").HF_HUB_OFFLINE:
        raise ConfigError(f"the model {name} is not on this machine, and HF_HUB_OFFLINE forbids to ask the Hub for it")
    errors = importlib.import_module("huggingface_hub.errors").HfHubHTTPError.__mro__
    network = [each for each in errors if each not in (Exception, BaseException, object)]  # of any HTTP client
    failed = ["it did not answer"]

    def ask() -> None:
        try:
            hub.HfApi().model_info(name, timeout=HUB_SECONDS)
            failed.clear()
        except (ValueError, *network) as error:
            failed[:] = [headline(error)]

    asking = threading.Thread(target=ask, daemon=True)  # looking up a host has no time limit of its own
    asking.start()
    asking.join(HUB_NOTE)
    if asking.is_alive():
        say_once(f"waiting for the Hub to answer about {name}")
        asking.join(HUB_SECONDS)
    if failed:
        raise ConfigError(f"the Hub gives no model {name}: {failed[0]}; a model on this machine is named by its folder")


def load_checkpoint(
    name: str, half: bool = False, template: Mapping[str, object] | None = None, quantize: bool = False
) -> Checkpoint:
    """Load a model and its tokenizer from a folder or the Hub, on the CPU.

    Args:
        name: a path, or a name on the Hub.
        half: load the weights as bf16 where the device multiplies that faster; else they are fp32.
        template: arguments that are written into the chat template.
        quantize: hold the weights in 4 bits (bitsandbytes' NF4); a folder of adapters is refused.

    A folder of LoRA adapters gives their model with the adapters merged into it; that may be such a folder too. The
    tokenizer is that of the adapters, or of their model where they were saved without one.
    """
    transformers = silent_transformers()
    adapters = [name]
    while base := _adapted(adapters[-1]):
        if base in adapters:
            raise ConfigError(f"the adapters in {name} belong to themselves: {base} is named as their own model")
        adapters.append(base)
    base = adapters.pop()
    if adapters:
        check_reachable(base)
    if quantize and adapters:
        raise ConfigError(f"{name} holds LoRA adapters of {base}: merge them first (--save merged), or quantize {base}")
    with loading(name):
        own = (each for each in adapters if any((Path(each) / file).is_file() for file in TOKENIZER_FILES))
        tokenizer = transformers.AutoTokenizer.from_pretrained(next(own, base), **NO_CODE)
        model = whole_model(base, **_number_format(base, half, quantize))
        for folder in reversed(adapters):
            say_once(f"the adapters in {folder} are merged into {base}")
            model = _merged(model, folder)
    use_short_attention(model)
    prepare(tokenizer, name, template)
    _check_vocabulary(model, tokenizer, name)
    return Checkpoint(model, tokenizer)


def _merged(model: PreTrainedModel, folder: str) -> PreTrainedModel:
    """Return a model with the adapters of a folder merged into it, with the vocabulary that they were trained with."""
    if tokens := _trained_vocabulary(model, folder):
        model.resize_token_embeddings(tokens, mean_resizing=False)
    with warnings.catch_warnings(action="ignore", category=FutureWarning):  # peft asks for what is renamed
        warnings.filterwarnings("error", "Found missing adapter keys")
        adapted = import_extra("peft", "train").PeftModel.from_pretrained(model, folder)
    kind = adapted.active_peft_config
    if kind.is_prompt_learning:
        raise ConfigError(
            f"{folder} holds a trained prompt ({kind.peft_type.value}), which cannot be merged into a model"
        )
    merged = adapted.merge_and_unload()
    merged.requires_grad_(True)
    return cast("PreTrainedModel", merged)


def _trained_vocabulary(model: PreTrainedModel, folder: str) -> int:
    """Return the number of tokens in the embeddings that adapters bring; 0 where they bring none."""
    path = Path(folder) / "adapter_model.safetensors"
    if not path.is_file():
        return 0
    own = next(name for name, each in model.named_modules() if each is model.get_input_embeddings())
    with importlib.import_module("safetensors").safe_open(path, "pt") as file:
        brought = f"base_model.model.{own}.weight"
        return int(file.get_slice(brought).get_shape()[0]) if brought in file.keys() else 0  # noqa: SIM118


def whole_model(name: str, **options: object) -> PreTrainedModel:
    """Load the weights of a folder or of the Hub; transformers draws those that are missing at random.

    Raises:
        ValueError: some are missing.
    """
    load = silent_transformers().AutoModelForCausalLM.from_pretrained
    model, found = load(name, **options, **NO_CODE, output_loading_info=True)
    if missing := sorted(found["missing_keys"]):
        raise ValueError(f"its files lack {counted(len(missing), 'weight')} of its config, such as {missing[0]}")
    return cast("PreTrainedModel", model)


def _check_vocabulary(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, name: str) -> None:
    """Refuse a tokenizer with tokens that the model can neither read nor write."""
    known = model.get_input_embeddings().weight.shape[0]
    most = max(tokenizer.vocab_size - 1, int(tokenizer.eos_token_id), end_of_turn(tokenizer))
    if most >= known:
        raise ConfigError(
            f"the tokenizer of {name} has a token {most:,}, and its model knows {known:,}: they do not fit"
        )
    if tokenizer.pad_token_id >= known:
        tokenizer.pad_token = tokenizer.eos_token


@contextlib.contextmanager
def loading(name: str) -> Iterator[None]:
    """Name the model in what a library raises where a file of it is not as it should be.

    Raises:
        ConfigError: in the place of such an error.
    """
    try:
        yield
    except _broken() as error:
        pointers = filter(None, map(is_pointer, sorted(Path(name).glob("*"))))
        why = next(pointers, headline(error) or type(error).__name__)
        raise ConfigError(f"the model {name} cannot be loaded: {why}") from None


def _broken() -> tuple[type[Exception], ...]:
    """Return what libraries raise where a file of a model is not as it should be."""
    hub, safetensors = importlib.import_module("huggingface_hub.errors"), importlib.import_module("safetensors")
    known = (OSError, ValueError, TypeError, LookupError, AttributeError, AssertionError, RuntimeError, MemoryError)
    others = (ImportError, ArithmeticError, UserWarning, PickleError, struct.error)
    bare = (Exception,) if type(sys.exception()) is Exception else ()  # as the library tokenizers raises it
    return (*known, *others, *bare, safetensors.SafetensorError, hub.StrictDataclassError)


def _number_format(name: str, half: bool, quantize: bool) -> dict[str, object]:
    """Return the arguments by which transformers loads weights as bf16, as fp32, or in 4 bits."""
    torch, transformers = import_extra("torch", "train"), silent_transformers()
    in_bf16 = half and multiplies_in_bf16(transformers.AutoConfig.from_pretrained(name, **NO_CODE))
    dtype = torch.bfloat16 if in_bf16 else torch.float32
    if not quantize:
        return {"dtype": dtype}
    nf4 = transformers.BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
    )
    return {"dtype": dtype, "quantization_config": nf4}


def _adapted(name: str) -> str | None:
    """Return the model that a folder of LoRA adapters changes; None for any other model."""
    path = Path(name) / "adapter_config.json"
    if not path.is_file() or (Path(name) / "config.json").is_file():
        return None
    base = object_of(str(path), read_text(path)).get("base_model_name_or_path")
    if not base or not isinstance(base, str):
        raise ConfigError(f"{path} names no model in 'base_model_name_or_path'")
    if not any(path.parent.glob("adapter_model.*")):
        raise ConfigError(f"the folder {name} has no weights of its adapters: adapter_model.safetensors is missing")
    return base


def silent_transformers() -> ModuleType:
    """Import transformers without progress bars and, where there is no GPU, without notices about GPU kernels."""
    transformers = import_extra("transformers", "train")
    transformers.utils.logging.disable_progress_bar()
    if not has_gpu():
        logging.getLogger("transformers.integrations.hub_kernels").setLevel(logging.ERROR)
    return transformers


def context_of(model: PreTrainedModel) -> int:
    """Return the number of tokens that a model can read, its answer included; a huge one where it has no limit."""
    shape = model.config.get_text_config()
    rope = getattr(shape, "rope_parameters", None) or {}
    stretched = (rope.get("factor") or 1) * (rope.get("original_max_position_embeddings") or 0)  # as YaRN has it
    found = max(getattr(shape, "max_position_embeddings", None) or 0, stretched)
    return int(found) if found > 0 else sys.maxsize


def weights_identity(name: str) -> str:
    """Identify a model by the content of its weights where it is a folder, else by its name."""
    weights = sorted(Path(name).glob("*.safetensors")) if Path(name).is_dir() else []
    return "+".join(map(fingerprint, weights)) or name


def read_card(name: str) -> Card:
    """Read the card of a model; empty for one that has none, as those of the Hub.

    Raises:
        DataError: it is no JSON object, or a field that is read here has another type.
    """
    path = Path(name) / CARD
    card = object_of(str(path), read_text(path)) if path.is_file() else {}
    check_fields(str(path), card, {"style": str, "max_tokens": int})
    return cast(Card, card)


@contextlib.contextmanager
def environment_defaults(values: Mapping[str, str]) -> Iterator[None]:
    """Set the variables that the user has not set, and remove them at the end."""
    added = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)
