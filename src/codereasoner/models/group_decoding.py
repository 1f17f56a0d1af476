"""Generate groups of completions: a prompt is read once, and on a CPU an ended completion is computed no further.

transformers' `generate` reads equal prompts once each, and computes the rows that have ended until the longest has.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from codereasoner.errors import import_extra
from codereasoner.models.growing_cache import grow_in_place

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import GenerationConfig, LogitsProcessorList, PreTrainedModel, StoppingCriteriaList

PER_ROW = ("attention_mask", "position_ids")
STEPS = ("_prefill", "_update_model_kwargs_for_generation", "prepare_inputs_for_generation")
FEW = 8  # one in eight rows may have ended before the batch is made smaller, which copies what the others have read


def share_prompts(model: PreTrainedModel) -> None:
    """Make `model.generate` read equal prompts once, and drop ended rows: a trainer asks for groups of completions."""
    torch = import_extra("torch", "train")
    plain = model.generate

    @functools.wraps(plain)
    def generate(*arguments: Any, **options: Any) -> Any:
        inputs, mask = options.get("input_ids"), options.get("attention_mask")
        if not arguments and inputs is not None and mask is not None and "past_key_values" not in options:
            with torch.no_grad():
                options |= shared_prefix(model, inputs, mask) | dropping(model)
        return plain(*arguments, **options)

    model.generate = generate


def shared_prefix(model: PreTrainedModel, inputs: Tensor, mask: Tensor) -> dict[str, Any]:
    """Return the arguments of `generate` by which equal prompts are read once: the cache of all but their last token.

    Shapes: inputs and mask are (prompts, tokens), padded on the left. Empty where no prompts are equal.
    """
    torch = import_extra("torch", "train")
    rows, which = torch.unique(inputs, dim=0, return_inverse=True)
    if len(rows) == len(inputs) or inputs.shape[1] < 2 or not _can_share(model):
        return {}
    seen = mask[torch.stack([(which == row).nonzero()[0, 0] for row in range(len(rows))])]
    positions = (seen.cumsum(-1) - 1).clamp(min=0)[:, :-1]
    cache = import_extra("transformers", "train").DynamicCache(config=model.config)
    known = {"attention_mask": seen[:, :-1], "position_ids": positions, "past_key_values": cache}
    model(rows[:, :-1], **known, use_cache=True, logits_to_keep=1)
    if cache.get_seq_length() != inputs.shape[1] - 1:  # as under gradient checkpointing, which keeps none
        return {}
    cache.batch_select_indices(which)
    return {"past_key_values": cache}


def dropping(model: PreTrainedModel) -> dict[str, Any]:
    """Return the arguments of `generate` by which rows that have ended leave the batch; none where they cannot."""
    known = all(hasattr(model, name) for name in STEPS)  # parts of transformers' own loop, which no version promises
    return {"custom_generate": _decode} if known and model.device.type == "cpu" and _can_share(model) else {}


def _can_share(model: PreTrainedModel) -> bool:
    """Return whether the cache of this model holds only keys and values, which can be copied from row to row."""
    layers = getattr(model.config.get_text_config(), "layer_types", None) or ["full_attention"]
    return all(layer == "full_attention" for layer in layers)


def _decode(
    model: Any,
    input_ids: Tensor,
    logits_processor: LogitsProcessorList,
    stopping_criteria: StoppingCriteriaList,
    generation_config: GenerationConfig,
    **state: Any,
) -> Tensor:
    """Take the place of transformers' own loop; greedy completions are the same, sampled ones as likely.

    Shapes: input_ids is (rows, tokens), and the result has the rows in the same order, padded behind their ends.
    """
    torch = import_extra("torch", "train")
    pad = generation_config._pad_token_tensor  # as transformers' own loop, where the configuration has none
    rows = torch.arange(len(input_ids))
    ended = torch.zeros(len(input_ids), dtype=torch.bool)
    left: list[tuple[Tensor, Tensor]] = []  # rows that have left the batch, and their tokens
    if (cache := state.get("past_key_values")) is not None:
        grow_in_place(cache)
    outputs = model._prefill(input_ids, generation_config, state)
    while True:
        state = model._update_model_kwargs_for_generation(outputs, state)
        scores = logits_processor(input_ids, outputs.logits[:, -1].float())
        likely = scores.softmax(-1).multinomial(1)[:, 0] if generation_config.do_sample else scores.argmax(-1)
        input_ids = torch.cat([input_ids, torch.where(ended, pad, likely)[:, None]], dim=-1)
        ended |= stopping_criteria(input_ids, None)
        count = int(ended.sum())
        if count == len(ended):
            break
        if count * FEW >= len(ended):
            left.append((rows[ended], input_ids[ended]))
            going = (~ended).nonzero()[:, 0]
            state |= {name: state[name][going] for name in PER_ROW if state.get(name) is not None}
            if (cache := state.get("past_key_values")) is not None:  # none is kept under gradient checkpointing
                cache.batch_select_indices(going)
            rows, input_ids, ended = rows[going], input_ids[going], ended[going]
        new = 1 if state.get("use_cache") else None  # tokens that are read; None: all
        inputs = model.prepare_inputs_for_generation(input_ids, next_sequence_length=new, **state)
        outputs = model(**inputs, return_dict=True)
    left.append((rows, input_ids))
    result = input_ids.new_full((sum(len(each) for each, _ in left), input_ids.shape[1]), pad)
    for places, tokens in left:
        result[places, : tokens.shape[1]] = tokens
    return result
