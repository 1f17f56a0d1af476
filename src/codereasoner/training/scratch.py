"""A transformer to train from nothing, in an ordinary Hugging Face folder: a real tokenizer and a small model.

The model is one of two kinds. `0.5m` is Qwen3: attention in every layer. `0.8m-conv` is LFM2 (Liquid AI): every other
layer is a short convolution, by which a token knows the ones before it. To copy is to find where the last letters stood
before and to write what followed them, which takes two layers of attention, or a convolution and one: LFM2 learns it
from fewer tokens, and a token costs it no more.

The tokenizer is bytes without merges, so every letter and digit of a literal is a token of its own: a tokenizer that
merges letters makes reversing and slicing unlearnable for a small model. Only pieces of code outside literals, and
separators, are single tokens. (Qwen3, not Qwen2: `AutoTokenizer` replaces the tokenizer of any folder of type qwen2 by
Qwen's own, which normalises text and so changes literals.)
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from codereasoner.errors import ConfigError, UnknownName, import_extra
from codereasoner.ledger import read_manifest, write_manifest
from codereasoner.training.settings import quiet

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

STYLE = "terse"
PAD, END, USER, ASSISTANT = "<|pad|>", "<|end|>", "<|user|>", "<|assistant|>"
TAGS = ("<reasoning>", "</reasoning>", "<answer>", "</answer>")
CONTEXT = 4096  # tokens
MAX_TOKENS = 128  # of an answer, where nothing else is asked for: chains of tiny programs are shorter

TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] == 'assistant' %}{{ '<|assistant|>' + message['content'] + '<|end|>' }}"
    "{% else %}{{ '<|user|>' + message['content'] }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


@dataclass(frozen=True)
class Shape:
    """The shape of a transformer."""

    width: int
    layers: int
    heads: int
    key_heads: int
    inner: int  # width of the feed-forward layers
    convolutions: str = ""  # c: a layer that is a short convolution, a: one with attention; "": attention in all


SIZES = {
    "0.3m": Shape(96, 3, 4, 2, 256),
    "0.5m": Shape(112, 4, 4, 2, 288),
    "1m": Shape(160, 4, 4, 2, 416),
    "3m": Shape(256, 5, 8, 4, 640),
    "10m": Shape(384, 7, 8, 4, 1024),
    "30m": Shape(640, 8, 10, 5, 1600),
    "100m": Shape(896, 12, 14, 7, 2432),
    "0.4m-conv": Shape(96, 4, 4, 2, 240, "caca"),
    "0.8m-conv": Shape(128, 4, 4, 2, 320, "caca"),
    "1.8m-conv": Shape(176, 6, 8, 4, 448, "cacaca"),
    "30m-conv": Shape(512, 10, 8, 4, 1408, "cacacacaca"),
}
"""Shapes by their parameters, in millions."""


def is_scratch_name(name: str) -> bool:
    """Return whether a name means a new model ("scratch:0.5m") rather than a folder or one on the Hub."""
    return name.partition(":")[0] == "scratch"


def check_size(name: str) -> str:
    """Return the size that a name holds: "scratch:0.5m" or "0.5m"."""
    size = name.removeprefix("scratch").removeprefix(":") or "0.5m"
    if size not in SIZES:
        raise UnknownName("size", size, SIZES)
    return size


def make_scratch_model(folder: Path, seed: int = 0, size: str = "0.5m") -> Path:
    """Write an untrained model and its tokenizer as a Hugging Face folder; does nothing when it is there already.

    `size` is one of SIZES, or a name that holds one: "scratch:0.5m".
    """
    size = check_size(size)
    config = {"seed": seed, "size": size}
    manifest = read_manifest(folder)
    if manifest and manifest.get("config") == config and (folder / "model.safetensors").is_file():
        return folder
    if manifest is None and folder.exists():
        raise ConfigError(f"{folder} is where the untrained model goes, and holds something else: give another --out")
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    with quiet():
        tokenizer = make_tokenizer()
        tokenizer.save_pretrained(part)
        model = _model(SIZES[size], seed, tokenizer)
        model.save_pretrained(part)
    (part / "codereasoner.json").write_text(
        json.dumps({"style": STYLE, "max_tokens": MAX_TOKENS, **config}) + "\n", encoding="utf-8"
    )
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
    write_manifest(folder, {"config": config, "counts": {"parameters": model.num_parameters()}})
    return folder


def make_tokenizer() -> PreTrainedTokenizerBase:
    """Return the tokenizer: 256 bytes, the pieces, the tags; the end of a turn is the eos, and pad is another token."""
    tokenizers = import_extra("tokenizers", "train")
    transformers = import_extra("transformers", "train")
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    core = tokenizers.Tokenizer(tokenizers.models.BPE({byte: index for index, byte in enumerate(alphabet)}, []))
    core.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    core.decoder = tokenizers.decoders.ByteLevel()
    core.add_special_tokens([tokenizers.AddedToken(text, special=True) for text in (PAD, END, USER, ASSISTANT)])
    core.add_tokens([tokenizers.AddedToken(text, normalized=False) for text in (*TAGS, *pieces())])
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token=PAD,
        eos_token=END,
        additional_special_tokens=[USER, ASSISTANT],
        padding_side="left",
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def pieces() -> list[str]:
    """Return texts that are one token: separators, and pieces of code that a literal does not hold."""
    return [*dict.fromkeys([*_SEPARATORS, *_LINES, *_BLOCKS, *_METHODS, *_CALLS])]


_SIGNS = ("=", "+=", "-=", "==", "!=", "<", ">", "<=", ">=", "+", "-", "*", "%")
_SEPARATORS = (", ", ": ", *(f" {sign} " for sign in _SIGNS))
_LINES = (
    "def f(x):",
    "def f(s):",
    "def f(",
    "):\n",
    "\nassert f(",
    "\nassert ?? == ",
    ") == ??",
    "\n    return ",
    "\n    x = ",
    "\n    s = ",
    "[::-1]",
    "\nx = ",
    "\ns = ",
    "\n=",
    "=f(",
    "\nreturn ",
)
_WORDS = ("if ", "elif ", "else:", "for ", "while ", "return ", "break", "continue", "pass")
_BLOCKS = tuple("\n" + "    " * depth + word for depth, word in product((1, 2, 3, 4), ("", *_WORDS)))
_METHODS = tuple(
    f".{name}("
    for name in (
        *("append", "insert", "pop", "sort", "reverse", "extend", "remove", "clear", "copy", "count", "index"),
        *("upper", "lower", "strip", "replace", "split", "join", "startswith", "endswith", "find", "items"),
        *("get", "keys", "values", "update", "add", "discard"),
    )
)
_CALLS = tuple(
    f" {name}(" for name in ("len", "sorted", "sum", "min", "max", "range", "enumerate", "str", "int", "list", "set")
)


def _model(shape: Shape, seed: int, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    torch = import_extra("torch", "train")
    transformers = import_extra("transformers", "train")
    common = {
        "vocab_size": len(tokenizer),
        "hidden_size": shape.width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.key_heads,
        "intermediate_size": shape.inner,
        "max_position_embeddings": CONTEXT,
        "tie_word_embeddings": True,
        "initializer_range": INITIAL_SPREAD / shape.width**0.5,
        "bos_token_id": None,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "dtype": "float32",
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if not shape.convolutions:
            config = transformers.Qwen3Config(head_dim=shape.width // shape.heads, **common)
            return transformers.Qwen3ForCausalLM(config)
        config = transformers.Lfm2Config(
            layer_types=["conv" if kind == "c" else "full_attention" for kind in shape.convolutions],
            block_auto_adjust_ff_dim=False,
            conv_L_cache=KERNEL,
            rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
            **common,
        )
        return transformers.Lfm2ForCausalLM(config)


KERNEL = 8
"""Tokens that a convolution sees, the current one included: enough to tell one place in a list from the next."""

INITIAL_SPREAD = 0.5
"""Standard deviation of the first weights, times the square root of the width."""
