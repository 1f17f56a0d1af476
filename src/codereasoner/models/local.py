"""A model on this machine, through transformers: a folder of weights or a name on the Hub."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from codereasoner.errors import ConfigError, import_extra
from codereasoner.extend import Completion, Model, Prompt, Sampling
from codereasoner.models.chat import declared_tags, encode, end_of_turn, prompt_text
from codereasoner.models.checkpoint import (
    PASSIVE_THREADS,
    Checkpoint,
    check_reachable,
    context_of,
    environment_defaults,
    load_checkpoint,
    read_card,
    weights_identity,
)
from codereasoner.models.device import has_gpu
from codereasoner.models.group_decoding import dropping, shared_prefix
from codereasoner.models.threads import choose_threads
from codereasoner.thoughts import FAMILIES, Tags, has_opened, split_thoughts

if TYPE_CHECKING:
    from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

_TURN = threading.Lock()  # a model's own settings are changed while it generates, and torch's threads as it is loaded
BATCH_TOKENS = 24_576  # tokens of one batch on a CPU, prompts and what may be generated
BATCH_TOKENS_GPU = 262_144
MAX_BATCH = 256
MAX_BATCH_GPU = 1024  # a step of a small model takes a GPU as long for a thousand rows as for a hundred


class Local(Model):
    """A path or Hub name: batched generation with transformers, on a GPU if there is one.

    Prompts of like length are generated together, padded on the left; a greedy completion does not depend on what else
    is in its batch, up to the rounding of floating-point sums. With `loaded` it is that model as it is now, and samples
    with torch's global random state as it is: a training asks the model that it trains.
    """

    name = "local"
    check = staticmethod(check_reachable)

    def __init__(
        self,
        target: str,
        threads: int | None = None,
        batch: int | None = None,
        loaded: Checkpoint | None = None,
        **options: object,
    ) -> None:
        super().__init__(target, **options)
        self.threads = threads
        self.batch = batch
        card = read_card(target)
        self.style = card.get("style")
        self.max_tokens = card.get("max_tokens")
        self._seeds = loaded is None
        self._loaded = loaded

    @property
    def identity(self) -> str:
        """The target; for a folder the content of its weights, so that a retrained model is asked again."""
        return f"{self.name}:{weights_identity(self.target)}"

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[int, Completion]]:
        """Yield the completions batch by batch, the longest prompts first."""
        if not prompts:
            return
        with environment_defaults(PASSIVE_THREADS):
            torch = import_extra("torch", "train")
        model, tokenizer = self.load()
        ids = tokenise([prompt.messages for prompt in prompts], tokenizer, sampling)
        if sampling.temperature > 0 and self._seeds:
            torch.manual_seed(sampling.seed)
        for chosen in batches(ids, self.batch, sampling, is_on_gpu(model)):
            yield from zip(chosen, generate(model, tokenizer, [ids[each] for each in chosen], sampling), strict=True)

    def load(self) -> Checkpoint:
        """Return the model and its tokenizer, loaded on first use, or raise ConfigError if they cannot be loaded."""
        with _TURN:
            if self._loaded is None:
                self._loaded = self._load()
        return self._loaded

    def _load(self) -> Checkpoint:
        if self.threads:
            import_extra("torch", "train").set_num_threads(self.threads)
        model, tokenizer = load_checkpoint(self.target, half=True)
        model = model.to("cuda" if has_gpu() else "cpu").eval()
        _check_numbers(model, tokenizer, self.target)
        if not self.threads and not has_gpu():
            choose_threads(model)
        return Checkpoint(model, tokenizer)


PROBE = 16  # tokens of a row in which NaN shows: attention over a few gives 0 for it on some processors


def _check_numbers(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, name: str) -> None:
    """Refuse weights that give no numbers, as a training that diverged leaves them: its answers would be cut off."""
    torch = import_extra("torch", "train")
    with torch.inference_mode():
        scores = model(torch.tensor([[tokenizer.eos_token_id] * PROBE], device=model.device)).logits
    if scores.isnan().any():
        raise ConfigError(f"the model {name} computes no numbers (NaN): its weights are broken")


def is_on_gpu(model: PreTrainedModel) -> bool:
    """Tell whether a model generates on a GPU."""
    return bool(model.device.type == "cuda")


def most_prompts(gpu: bool, samples: int = 1) -> int:
    """Return the most prompts to generate together with so many samples of each."""
    return max(1, (MAX_BATCH_GPU if gpu else MAX_BATCH) // samples)


EXPECTED_TOKENS = 512  # of a completion, when a batch is sized; few use all that they may


def batches(ids: Sequence[list[int]], most: int | None, sampling: Sampling, gpu: bool) -> Iterator[list[int]]:
    """Yield the indices of at most `most` prompts of like length to generate together, the longest first."""
    order = sorted(range(len(ids)), key=lambda index: -len(ids[index]))
    room = BATCH_TOKENS_GPU if gpu else BATCH_TOKENS
    most = most or most_prompts(gpu)
    while order:
        longest = len(ids[order[0]]) + min(sampling.max_tokens, EXPECTED_TOKENS)
        size = max(1, min(most, room // longest))
        yield order[:size]
        order = order[size:]


def tokenise(
    prompts: Sequence[Sequence[Mapping[str, str]]], tokenizer: PreTrainedTokenizerBase, sampling: Sampling | None = None
) -> list[list[int]]:
    """Return the token ids of prompts, as the model's chat template writes them up to where it begins to answer."""
    return encode(tokenizer, [prompt_text(tokenizer, messages, sampling) for messages in prompts])


def generate(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, ids: Sequence[list[int]], sampling: Sampling
) -> list[Completion]:
    """Return the completions of one batch of prompts, sampled with torch's global random state.

    A thought that has used up its budget is closed for the model, which then goes on to its answer. An answer is cut
    off where the context of the model ends, and a prompt that leaves no room for one is an error. Threads take turns.
    """
    with _TURN:
        return _completions(model, tokenizer, ids, sampling)


def _completions(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, ids: Sequence[list[int]], sampling: Sampling
) -> list[Completion]:
    ends, context = _ends(model, tokenizer), context_of(model)
    reader = Reader(tokenizer, ends)
    room = [min(sampling.max_tokens, context - len(each)) for each in ids]
    rows: list[list[int]] = [[] for _ in ids]
    budget = sampling.thinking_budget
    while going := [index for index, row in enumerate(rows) if len(row) < room[index] and reader.end(row) is None]:
        most = min(room[index] - len(rows[index]) for index in going)
        most = most if budget is None else min(most, max(1, budget))
        longer = [[*ids[index], *rows[index]] for index in going]
        more = _generate(model, tokenizer, longer, ends, replace(sampling, max_tokens=most))
        for index, row in zip(going, more, strict=True):
            rows[index] += row
            if budget is not None and reader.end(row) is None:
                rows[index] += reader.closing(ids[index], rows[index])
        budget = None
    return [
        reader.completion(asked, row)
        if left > 0
        else Completion("", "error", len(asked), reason=_too_long(asked, context))
        for asked, row, left in zip(ids, rows, room, strict=True)
    ]


def _too_long(prompt: Sequence[int], context: int) -> str:
    return f"the prompt has {len(prompt):,} tokens, and the model reads {context:,}, its answer included"


def _generate(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    ids: Sequence[list[int]],
    ends: list[int],
    sampling: Sampling,
) -> list[list[int]]:
    """Return the new tokens of each prompt, which is padded on the left."""
    torch = import_extra("torch", "train")
    longest = max(map(len, ids))
    pad = tokenizer.pad_token_id
    inputs = torch.tensor([[pad] * (longest - len(each)) + each for each in ids], device=model.device)
    mask = torch.tensor([[0] * (longest - len(each)) + [1] * len(each) for each in ids], device=model.device)
    with torch.inference_mode(), _without_own_defaults(model):
        output = model.generate(
            input_ids=inputs,
            attention_mask=mask,
            generation_config=_generation(tokenizer, ends, sampling),
            **shared_prefix(model, inputs, mask),
            **dropping(model),
        )
    rows: list[list[int]] = output[:, longest:].tolist()
    return rows


class Reader:
    """Reads generated tokens: the text of the answer, and apart from it the thoughts."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, ends: list[int]) -> None:
        self.tokenizer = tokenizer
        self.ends = ends
        self.tags = declared_tags(tokenizer)
        marks = [mark for tags in (*self.tags, *FAMILIES) for mark in tags] + ["<|channel|>"]
        added = (each.content for each in tokenizer.added_tokens_decoder.values() if each.special)
        self._special = not {*tokenizer.all_special_tokens, *added}.isdisjoint(marks)

    def completion(self, prompt: list[int], row: list[int]) -> Completion:
        """Return the completion of a prompt, up to the first token that ends a turn."""
        end = self.end(row)
        tokens = len(row) if end is None else end + 1
        found = Completion(self.text(row), "length" if end is None else "stop", len(prompt), tokens)
        return found.split(self._opened(prompt) is not None, self.tags)

    def closing(self, prompt: list[int], row: list[int]) -> list[int]:
        """Return the tokens that close the thought inside which a row ends; none where it ends outside of one."""
        text, opened = self.text(row), self._opened(prompt)
        if not split_thoughts(text, opened is not None, self.tags).open:
            return []
        tags = opened or next((tags for tags in (*self.tags, *FAMILIES) if tags[0] in text), FAMILIES[0])
        ids: list[int] = self.tokenizer(f"\n{tags[1]}\n\n", add_special_tokens=False)["input_ids"]
        return ids

    def _opened(self, prompt: list[int]) -> Tags | None:
        return has_opened(self.tokenizer.decode(prompt[-TAIL:]), self.tags)

    def text(self, row: Sequence[int]) -> str:
        """Return the text up to the end of the turn; special tokens are kept where they are the marks of thoughts."""
        text: str = self.tokenizer.decode(row[: self.end(row)], skip_special_tokens=not self._special)
        return text

    def end(self, row: Sequence[int]) -> int | None:
        """Return the place of the token that ends the turn; None where the row was cut off."""
        return next((index for index, token in enumerate(row) if token in self.ends), None)


TAIL = 16  # tokens at the end of a prompt that are searched for a tag that opens a thought


def _ends(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Return the tokens that end a turn: the tokenizer's, the template's, and those the model declares."""
    declared = model.generation_config.eos_token_id
    declared = [each for each in (declared if isinstance(declared, list) else [declared]) if isinstance(each, int)]
    return [*dict.fromkeys([tokenizer.eos_token_id, end_of_turn(tokenizer), *declared])]


@contextlib.contextmanager
def _without_own_defaults(model: PreTrainedModel) -> Iterator[None]:
    """Leave out what the model's generation_config.json sets: transformers adds it to whatever a caller leaves open.

    A repetition penalty, as Qwen's models have it, would change greedy answers, and no line of a result would say so.
    """
    settings = vars(model.generation_config)
    own = dict(settings)
    settings.clear()
    settings.update(vars(import_extra("transformers", "train").GenerationConfig()))
    try:
        yield
    finally:
        settings.clear()
        settings.update(own)


def _generation(tokenizer: PreTrainedTokenizerBase, ends: list[int], sampling: Sampling) -> GenerationConfig:
    transformers = import_extra("transformers", "train")
    drawn = {"temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": sampling.top_k}
    if sampling.min_p:
        drawn["min_p"] = sampling.min_p
    return transformers.GenerationConfig(
        max_new_tokens=sampling.max_tokens,
        do_sample=sampling.temperature > 0,
        eos_token_id=ends,
        pad_token_id=tokenizer.pad_token_id,
        disable_compile=True,
        **(drawn if sampling.temperature > 0 else {}),
    )
