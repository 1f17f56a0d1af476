"""The memory that a training will need, estimated before its first step from the model, the batch and the lengths.

Weights, gradients and the optimizer's state follow from the number of weights. Activations are those of a decoder of
the usual kind, whose vectors per token and layer are kept for the backward pass, or one of them with gradient
checkpointing; then the logits of the tokens that are learnt. Generation adds the keys and values of all completions of
a round. tests/training/test_memory.py holds the estimate against trainings that were measured.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from codereasoner import machine_limits
from codereasoner.errors import import_extra
from codereasoner.models.device import has_gpu
from codereasoner.models.short_attention import MOST_SCORES
from codereasoner.training.distributed import rank_and_size
from codereasoner.training.fast_trainer import ROOM, is_small
from codereasoner.training.training_config import GrpoConfig, TrainingConfig

if TYPE_CHECKING:
    from transformers import PreTrainedModel

C = TypeVar("C", bound=TrainingConfig)

GB = 1e9
TOGETHER = "CODEREASONER_TRAININGS"  # environment variable: how many trainings share the memory of a machine or GPU
FP32, BF16 = 4, 2
OPTIMIZER_BYTES = {"adamw": 8, "adamw-8bit": 2, "muon": 4}
"""Bytes of an optimizer's state for a weight that is trained: two moments, two of 8 bits, one momentum."""
WIDE, HEADS, INNER = 8, 6, 4
"""Vectors per token and layer that are kept: of the model's width, of its attention heads, and of its inner layer."""
LOGITS = 4  # copies: the logits, their log-probabilities, and the gradients of both


@dataclass(frozen=True)
class Memory:
    """Bytes that a training needs on each device, by what they are for."""

    weights: float
    gradients: float
    optimizer: float
    activations: float
    generation: float = 0.0

    @property
    def total(self) -> float:
        """Bytes at the peak: generation ends before an update begins."""
        return self.weights + self.gradients + self.optimizer + max(self.activations, self.generation)

    def words(self, free: float | None) -> str:
        """Return the sentence that a user reads before the first step; `free`: what `free_bytes` said before it."""
        parts = {name: value for name, value in vars(self).items() if value >= 0.05 * GB}
        shown = ", ".join(f"{name} {value / GB:.1f}" for name, value in parts.items())
        said = f"memory: about {_gigabytes(self.total)} GB{f' ({shown})' if shown else ''}"
        if free is None:
            return said
        advice = ": --lora and --quantize take less, and so does a smaller --batch" if self.total > free else ""
        return f"{said} of {free / GB:.1f} GB that are free{advice}"


def estimate(model: PreTrainedModel, config: TrainingConfig, length: int, learnt: int, bf16: bool) -> Memory:
    """Return the memory of a training that is about to begin.

    Args:
        model: the model as it was loaded, without adapters.
        config: the options of the training.
        length: tokens of the longest row, of prompt and completion together.
        learnt: those of them whose logits are computed.
        bf16: matrix products are in bf16.
    """
    shape = model.config.get_text_config()
    width, layers = int(shape.hidden_size), int(shape.num_hidden_layers)
    inner = int(getattr(shape, "intermediate_size", 0) or 4 * width)
    heads = int(getattr(shape, "num_attention_heads", 0) or 1)
    head = int(getattr(shape, "head_dim", 0) or width // heads)
    weights = float(sum(each.numel() * each.element_size() for each in model.parameters()))
    adapters = float(_lora_weights(model, config.lora))
    trained = adapters or float(model.num_parameters())
    number = BF16 if bf16 else FP32
    tokens, gpu = config.batch * length, has_gpu()
    layer = tokens * number * (WIDE * width + HEADS * heads * head + INNER * inner)
    if bf16 and not gpu and length**2 <= MOST_SCORES:
        layer += tokens * number * heads * length  # what each token looks at
    kept = layer + layers * tokens * number * width if gpu and config.checkpointing else layers * layer
    logits = config.batch * learnt * int(shape.vocab_size)
    if not is_small(model) and (gpu or (isinstance(config, GrpoConfig) and logits > ROOM)):
        logits = 0  # TRL's head computes them in small parts
    copies = BF16 * trained if bf16 and not adapters else 0.0  # autocast keeps the weights of a forward in bf16
    generation = 0.0
    if isinstance(config, GrpoConfig) and config.vllm == "off":
        keys = head * int(getattr(shape, "num_key_value_heads", 0) or heads)
        rows = config.batch * config.accumulate * config.updates_per_generation
        generation = float(2 * rows * length * layers * keys * number)
    split = _split_over()
    return Memory(
        (weights + FP32 * adapters) / split,
        FP32 * trained / split,
        OPTIMIZER_BYTES[config.optimizer] * trained / split,
        kept + FP32 * LOGITS * logits + copies,
        generation,
    )


def fitted(config: C, need: Callable[[C], Memory], free: float | None, notice: Callable[[str], None]) -> C:
    """Return the options with `batch` halved and `accumulate` doubled until a step fits into the memory that is free.

    Where nothing fits, the options are those that need least. An update learns the same rows, and its gradients differ
    by rounding only; `notice` gets a sentence about it. What cannot be halved stays: an odd batch, several processes,
    which must all have the same options, and GRPO's loss `bnpo`, an average over the tokens of a batch.
    """
    if free is None or rank_and_size()[1] > 1 or (isinstance(config, GrpoConfig) and config.loss == "bnpo"):
        return config
    tried = [config]
    while need(tried[-1]).total > free and tried[-1].batch % 2 == 0:
        tried.append(replace(tried[-1], batch=tried[-1].batch // 2, accumulate=tried[-1].accumulate * 2))
    found = min(tried, key=lambda each: (need(each).total > free, max(need(each).total, free)))
    if found != config:
        takes = f"--batch {config.batch} takes about {_gigabytes(need(config).total)} GB of {free / GB:.1f} that are"
        used = (
            f"batch {found.batch} with accumulate {found.accumulate} is used, which learns the same rows in an update"
        )
        notice(f"{takes} free: {used}")
    return found


def _split_over() -> int:
    """Return over how many processes FSDP or ZeRO-3 splits weights, gradients and the optimizer's state."""
    state = import_extra("accelerate", "train").PartialState()
    kinds = import_extra("accelerate", "train").DistributedType
    return int(state.num_processes) if state.distributed_type in (kinds.FSDP, kinds.DEEPSPEED) else 1


def _lora_weights(model: PreTrainedModel, rank: int) -> int:
    """Return the weights of adapters of that rank on every linear layer but the last one, as `lora` makes them."""
    linear, head = import_extra("torch", "train").nn.Linear, model.get_output_embeddings()
    layers = (each for each in model.modules() if isinstance(each, linear) and each is not head)
    return sum(int(rank * (each.in_features + each.out_features)) for each in layers)


def gpu_bytes() -> float:
    """Return the memory of the GPU in bytes; 0 without one."""
    return float(import_extra("torch", "train").cuda.mem_get_info()[1]) if has_gpu() else 0.0


def free_bytes() -> float | None:
    """Return this training's share of the memory of its GPU or machine, in bytes, or what is free of it if that is
    less; None where it is not known.
    """
    together = int(os.environ.get(TOGETHER, "1"))
    if has_gpu():
        free, whole = import_extra("torch", "train").cuda.mem_get_info()
        return float(min(free, whole / together))
    found = machine_limits.free_memory()
    return None if found is None else found / together


def _gigabytes(size: float) -> str:
    """Return a size in two digits that count, without an exponent."""
    return f"{float(f'{size / GB:.2g}'):g}"
