"""The settings of vLLM for GRPO: a context as long as the training needs, and the memory that the training leaves.

TRL's own defaults are the model's whole context, whose cache may not fit, and 0.3 of the GPU.
"""

from codereasoner.training.memory import Memory
from codereasoner.training.training_config import GrpoConfig

LEAST, MOST = 0.1, 0.9
"""Shares of a GPU for vLLM, independent of the estimate: with less it cannot start, and CUDA itself takes a part."""


def vllm_arguments(
    config: GrpoConfig, context: int, memory: Memory | None = None, size: float = 0.0
) -> dict[str, object]:
    """Return the arguments of TRL's GRPOConfig that concern vLLM.

    Args:
        config: the options of the training.
        context: tokens of the longest prompt and its completion together.
        memory: what the training itself needs; None, as without a GPU, leaves the share to TRL.
        size: bytes of the GPU.
    """
    found: dict[str, object] = {
        "use_vllm": config.vllm != "off",
        "vllm_mode": "colocate" if config.vllm == "off" else config.vllm,
        "vllm_server_base_url": config.vllm_url,
    }
    if config.vllm != "colocate":
        return found
    found |= {
        "vllm_max_model_length": context,
        "vllm_tensor_parallel_size": config.vllm_tensor_parallel,
        "vllm_enable_sleep_mode": config.vllm_sleep,
    }
    share = config.vllm_memory or (share_left(memory, size, config.vllm_sleep) if memory is not None and size else None)
    return found | ({"vllm_gpu_memory_utilization": share} if share else {})


def share_left(memory: Memory, size: float, sleeps: bool) -> float:
    """Return the share of a GPU of `size` bytes that a training leaves to vLLM.

    One that sleeps during the updates gives way to the activations, which are there only then.
    """
    needed = memory.weights + memory.gradients + memory.optimizer + (0.0 if sleeps else memory.activations)
    return round(min(MOST, max(LEAST, 0.95 * (1.0 - needed / size))), 2)
