"""A model on this machine, through transformers: a folder of weights or a name on the Hub."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from codereasoner.errors import ConfigError, import_extra
from codereasoner.extend import Completion, Model, Prompt, Sampling
from codereasoner.ledger import fingerprint

BATCH_TOKENS = 24_576  # tokens of one batch on a CPU, prompts and what may be generated
BATCH_TOKENS_GPU = 262_144
MAX_BATCH = 256
PATIENT = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Threads that wait for one another sleep instead of spinning: on two cores that others use too, spinning made two
threads forty times slower than one. It must be set before torch is imported, and costs nothing on idle cores."""


class Local(Model):
    """Batched generation with a key-value cache, on a GPU where there is one.

    Prompts of like length are generated together, padded on the left; a greedy completion is the same whatever else
    is in its batch, up to the rounding of floating-point sums.
    """

    name = "local"

    def __init__(self, target: str, threads: int | None = None, batch: int = MAX_BATCH, **options: Any) -> None:
        super().__init__(target, **options)
        self.threads = threads
        self.batch = batch
        card = _card(Path(target))
        self.style = card.get("style")
        self.max_tokens = card.get("max_tokens")
        self._loaded: tuple[Any, Any] | None = None

    @property
    def identity(self) -> str:
        """The target; for a folder, the content of its weights, so that a model trained anew answers anew."""
        weights = sorted(Path(self.target).glob("*.safetensors"))
        return f"{self.name}:{'+'.join(map(fingerprint, weights)) or self.target}"

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[int, Completion]]:
        """Yield the completions batch by batch, the longest prompts first.

        Raises:
            ConfigError: the model cannot be loaded.
        """
        if not prompts:
            return
        for name, value in PATIENT.items():
            os.environ.setdefault(name, value)
        torch = import_extra("torch", "train")
        model, tokenizer = self.load()
        ids = tokenise([prompt.messages for prompt in prompts], tokenizer)
        if sampling.temperature > 0:
            torch.manual_seed(sampling.seed)
        for chosen in batches(ids, self.batch, sampling, model.device.type == "cuda"):
            yield from zip(chosen, generate(model, tokenizer, [ids[each] for each in chosen], sampling), strict=True)

    def load(self) -> tuple[Any, Any]:
        """The model and its tokenizer, loaded on first use.

        Raises:
            ConfigError: they cannot be loaded.
        """
        if self._loaded is None:
            torch = import_extra("torch", "train")
            if self.threads:
                torch.set_num_threads(self.threads)
            self._loaded = _load(self.target)
        return self._loaded


EXPECTED_TOKENS = 512  # of a completion, when a batch is sized; few use all that they may


def batches(ids: Sequence[list[int]], most: int, sampling: Sampling, gpu: bool) -> Iterator[list[int]]:
    """The indices of prompts that are generated together: of like length, the longest first, `most` at most."""
    order = sorted(range(len(ids)), key=lambda index: -len(ids[index]))
    room = BATCH_TOKENS_GPU if gpu else BATCH_TOKENS
    while order:
        longest = len(ids[order[0]]) + min(sampling.max_tokens, EXPECTED_TOKENS)
        size = max(1, min(most, room // longest))
        yield order[:size]
        order = order[size:]


def tokenise(prompts: Sequence[Sequence[Mapping[str, str]]], tokenizer: Any) -> list[list[int]]:
    """The token ids of prompts, as the model's chat template writes them up to where it begins to answer."""
    texts = [
        tokenizer.apply_chat_template([*map(dict, messages)], add_generation_prompt=True, tokenize=False)
        for messages in prompts
    ]
    ids: list[list[int]] = tokenizer(texts, add_special_tokens=False)["input_ids"]
    return ids


def generate(model: Any, tokenizer: Any, ids: Sequence[list[int]], sampling: Sampling) -> list[Completion]:
    """The completions of one batch of prompts, padded on the left; sampled with torch's own state of chance."""
    torch = import_extra("torch", "train")
    longest = max(map(len, ids))
    pad = tokenizer.pad_token_id
    inputs = torch.tensor([[pad] * (longest - len(each)) + each for each in ids], device=model.device)
    mask = torch.tensor([[0] * (longest - len(each)) + [1] * len(each) for each in ids], device=model.device)
    ends = _ends(model, tokenizer)
    with torch.inference_mode():
        output = model.generate(
            input_ids=inputs,
            attention_mask=mask,
            generation_config=_generation(tokenizer, ends, sampling),
        )
    return [
        _completion(row, len(asked), ends, tokenizer)
        for asked, row in zip(ids, output[:, longest:].tolist(), strict=True)
    ]


def _card(folder: Path) -> dict[str, Any]:
    """What training wrote beside the weights; empty for a model that was trained elsewhere."""
    path = folder / "codereasoner.json"
    card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return card


def hush_kernels() -> None:
    """Where there is no GPU, nothing of the kernels for GPUs that transformers would have one install."""
    if not import_extra("torch", "train").cuda.is_available():
        logging.getLogger("transformers.integrations.hub_kernels").setLevel(logging.ERROR)


def _load(target: str) -> tuple[Any, Any]:
    torch = import_extra("torch", "train")
    transformers = import_extra("transformers", "train")
    transformers.utils.logging.disable_progress_bar()
    hush_kernels()
    gpu = torch.cuda.is_available()
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(target)
        model = transformers.AutoModelForCausalLM.from_pretrained(
            target, dtype=torch.bfloat16 if gpu else torch.float32
        )
    except (OSError, ValueError) as error:
        raise ConfigError(f"the model {target} cannot be loaded: {str(error).splitlines()[0]}") from None
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model.to("cuda" if gpu else "cpu").eval(), tokenizer


def _ends(model: Any, tokenizer: Any) -> list[int]:
    """The tokens that end a turn: the tokenizer's, and those the model declares."""
    declared = model.generation_config.eos_token_id
    declared = [] if declared is None else [declared] if isinstance(declared, int) else declared
    return [*dict.fromkeys([tokenizer.eos_token_id, *declared])]


def _generation(tokenizer: Any, ends: list[int], sampling: Sampling) -> Any:
    transformers = import_extra("transformers", "train")
    drawn = {"temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": 0}
    return transformers.GenerationConfig(
        max_new_tokens=sampling.max_tokens,
        do_sample=sampling.temperature > 0,
        eos_token_id=ends,
        pad_token_id=tokenizer.pad_token_id,
        disable_compile=True,
        **(drawn if sampling.temperature > 0 else {}),
    )


def _completion(row: list[int], prompt_tokens: int, ends: list[int], tokenizer: Any) -> Completion:
    end = next((index for index, token in enumerate(row) if token in ends), None)
    kept = row if end is None else row[:end]
    text = tokenizer.decode(kept, skip_special_tokens=True)
    tokens = len(row) if end is None else end + 1
    return Completion(text, "length" if end is None else "stop", prompt_tokens, tokens)
