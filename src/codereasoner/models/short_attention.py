"""Attention over short rows in bf16 on a CPU, as two matrix products and a softmax.

Torch's fused attention saves the memory of the scores, and on a CPU pays for it with time: over rows of 128 tokens in
bf16 it takes five times as long. A whole update of SmolLM2-135M gains an eighth. In fp32 torch's is
the faster one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codereasoner.errors import import_extra

if TYPE_CHECKING:
    from torch import Tensor, nn
    from transformers import PreTrainedModel

NAME = "short_rows"
"""As transformers knows it; `config.json` of a model never has it."""

MOST_SCORES = 384 * 384
"""Scores of one head and row up to which two products are faster than torch's fused attention."""


def use_short_attention(model: PreTrainedModel) -> None:
    """Let a model on a CPU compute attention over short rows by matrix products; what it computes stays the same.

    Models whose attention is not torch's own (`sdpa`), because they were loaded so or have a kind of it that torch has
    not, are left as they are.
    """
    config = model.config.get_text_config()
    if config._attn_implementation != "sdpa":
        return
    utilities = import_extra("transformers.modeling_utils", "train")
    masks = import_extra("transformers.masking_utils", "train")
    utilities.AttentionInterface.register(NAME, short_attention)
    masks.AttentionMaskInterface.register(NAME, masks.sdpa_mask)
    model.set_attn_implementation(NAME)


def short_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    is_causal: bool | None = None,
    **others: object,
) -> tuple[Tensor, None]:
    """Return what torch's fused attention would, with the signature that transformers gives to attention.

    Shapes: query is (rows, heads, tokens, width); key and value are (rows, key heads, read tokens, width), and heads
    that share a key head are computed in one product. The mask is (rows, 1, tokens, read tokens), true where a token is
    looked at. The result is (rows, tokens, heads, width).
    """
    torch = import_extra("torch", "train")
    rows, heads, tokens, width = query.shape
    causal = attention_mask is None and tokens > 1 and getattr(module, "is_causal", True) and is_causal is not False
    if causal:  # tokens that are read and not yet written come last
        key, value = key[:, :, :tokens], value[:, :, :tokens]
    read, key_heads = key.shape[2], key.shape[1]
    special = any(others.get(name) is not None for name in ("position_bias", "cache"))
    if special or value.dtype != torch.bfloat16 or value.device.type != "cpu" or tokens * read > MOST_SCORES:
        sdpa = import_extra("transformers.integrations.sdpa_attention", "train").sdpa_attention_forward
        fused: tuple[Tensor, None] = sdpa(
            module, query, key, value, attention_mask, dropout, scaling, is_causal, **others
        )
        return fused
    query, key = query.to(value.dtype), key.to(value.dtype)  # under autocast, positions have made them fp32
    scaled = (query * (width**-0.5 if scaling is None else scaling)).reshape(rows, key_heads, -1, width)
    scores = torch.matmul(scaled, key.transpose(2, 3)).view(rows, heads, tokens, read)
    if causal:
        scores += torch.full((tokens, read), torch.finfo(scores.dtype).min, dtype=scores.dtype).triu(1)
    elif attention_mask is not None and attention_mask.dtype == torch.bool:
        scores.masked_fill_(~attention_mask, torch.finfo(scores.dtype).min)
    elif attention_mask is not None:
        scores += attention_mask
    weights = torch.nn.functional.dropout(scores.softmax(-1), dropout, training=dropout > 0)
    mixed = torch.matmul(weights.view(rows, key_heads, -1, read), value).view(rows, heads, tokens, -1)
    return mixed.transpose(1, 2).contiguous(), None
