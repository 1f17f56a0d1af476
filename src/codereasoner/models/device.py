"""The number format that a device computes in: bf16 where the hardware multiplies it faster, else fp32.

In training weights, gradients and the optimizer's state stay fp32 either way.
"""

from __future__ import annotations

import ctypes
import gc
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from codereasoner.errors import import_extra

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PretrainedConfig, PreTrainedModel

Precision = Literal["auto", "bf16", "fp32"]

NARROW = 256  # hidden units below which casting to bf16 costs a CPU more than the products save
ROWS = 256  # tokens of the measured product
GAIN = 1.5  # times as fast as fp32 that bf16 products must be: a whole step gains less than its products
TIMES = 8  # products in either format, of which the fastest counts: the first one prepares the others


def has_gpu() -> bool:
    """Return whether torch can use a GPU."""
    return bool(import_extra("torch", "train").cuda.is_available())


@contextmanager
def lent_to_gpu(model: PreTrainedModel) -> Iterator[None]:
    """Keep a model that waits on the CPU for its trainer on this process's GPU meanwhile, where there is one."""
    waits = has_gpu() and model.device.type == "cpu"
    if waits:
        model.to(f"cuda:{os.environ.get('LOCAL_RANK', 0)}")
    try:
        yield
    finally:
        if waits:
            model.to("cpu")
            give_back()


def give_back() -> None:
    """Give the memory that this process keeps for later to others: that of the GPU, and with glibc its own."""
    gc.collect()
    if has_gpu():
        import_extra("torch", "train").cuda.empty_cache()
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)


def avoid_cudnn_attention() -> None:
    """Have torch compute attention without cuDNN, in this process.

    Where a mask is given and rows are 64 tokens longer than a multiple of 128, its gradients are NaN at times on GPUs
    of the Hopper kind (PyTorch's issue 196678, since version 2.11): a GRPO run ends after twenty updates.
    """
    import_extra("torch", "train").backends.cuda.enable_cudnn_sdp(False)


def multiplies_in_bf16(config: PretrainedConfig, wanted: Precision = "auto") -> bool:
    """Return whether a model of this transformers config computes in bf16.

    "auto" is bf16 on a GPU. On a CPU it is bf16 where a product of the size of the model's layers is measured to be 1.5
    times as fast as in fp32: processors with AVX-512 BF16 or AMX are, all others emulate it and are slower. The
    measurement takes less than a second.
    """
    if wanted != "auto":
        return wanted == "bf16"
    if has_gpu():
        return True
    config = config.get_text_config()
    hidden = int(config.hidden_size)
    if hidden < NARROW:
        return False
    torch = import_extra("torch", "train")
    left, right = torch.randn(ROWS, hidden), torch.randn(hidden, int(getattr(config, "intermediate_size", hidden)))
    fp32 = min(_product_seconds(left, right) for _ in range(TIMES))
    left, right = left.bfloat16(), right.bfloat16()
    return any(GAIN * _product_seconds(left, right) < fp32 for _ in range(TIMES))


def _product_seconds(left: Tensor, right: Tensor) -> float:
    """Return the CPU time of a product: with the clock's, the format would depend on what else the machine does."""
    torch = import_extra("torch", "train")
    with torch.inference_mode():
        began = time.thread_time()
        left @ right
        return time.thread_time() - began
