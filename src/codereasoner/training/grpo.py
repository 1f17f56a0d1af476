"""GRPO (arXiv:2402.03300): a model writes several answers to a prompt; those that are right are made more likely."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codereasoner.errors import ConfigError, DataError, import_extra
from codereasoner.extend import Progress, Sampling, silent
from codereasoner.ledger import fingerprint
from codereasoner.models.chat import declared_tags, end_of_turn, prompt_text
from codereasoner.models.checkpoint import Checkpoint, context_of, weights_identity
from codereasoner.models.device import has_gpu, multiplies_in_bf16
from codereasoner.models.group_decoding import share_prompts
from codereasoner.models.local import Reader, tokenise
from codereasoner.task import Runner
from codereasoner.thoughts import has_opened
from codereasoner.training.bilevel import bi_level
from codereasoner.training.budget import FORWARD, LEARN, Budget, budget_of, on_budget
from codereasoner.training.callbacks import make_callback
from codereasoner.training.distributed import rank_and_size
from codereasoner.training.dynamic_sampling import REPLACED, THROWN, dynamic_sampling
from codereasoner.training.evaluation_callback import make_check
from codereasoner.training.fast_trainer import completions_only, is_small
from codereasoner.training.group_terms import GroupTerms
from codereasoner.training.memory import Memory, estimate, fitted, gpu_bytes
from codereasoner.training.muon import make_optimizer
from codereasoner.training.prompt_selection import selected
from codereasoner.training.reward import Reward
from codereasoner.training.reward_terms import compose, reward_identity
from codereasoner.training.settings import lora, set_threads, style_of
from codereasoner.training.training_config import GrpoConfig
from codereasoner.training.training_rows import Row, prompts_of, style_of_rows
from codereasoner.training.training_run import WITH_TABLES, Made, arguments, run_training

if TYPE_CHECKING:
    from transformers import TrainerCallback
    from trl import GRPOConfig as TrlGrpoConfig
    from trl import GRPOTrainer

VLLM_LEAST, VLLM_MOST = 0.1, 0.9
"""Shares of a GPU for vLLM, independent of the estimate: with less it cannot start, and CUDA itself takes a part."""

LOGGED = {
    "loss": "loss",
    "learning_rate": "learning_rate",
    "grad_norm": "grad_norm",
    "reward": "reward",
    "pass_rate": "pass_rate",
    "reward_seconds": "reward_seconds",
    "step_seconds": "step_time",
    "zero_variance": "frac_reward_zero_std",
    "truncated": "completions/clipped_ratio",
    "completion_tokens": "completions/mean_length",
    "entropy": "entropy",
}
"""Columns of history.jsonl, by the names that TRL logs."""


def grpo(
    rows: Path,
    model: str | Path,
    out: Path,
    config: GrpoConfig,
    runner: Runner | None,
    progress: Progress = silent,
    begun: Callable[[], None] = lambda: None,
    notice: Callable[[str], None] = lambda words: None,
) -> Path:
    """Train a model on the prompts of a file; returns its folder. A killed training continues where it was saved.

    The pass that selects prompts is part of the budget, and its result is kept in selected.json. `begun` is called once
    the training is sure to start; `notice` gets what the user should know then.

    Raises:
        InfrastructureError: the grader failed on more than 1 % of a step's completions.
    """
    source, budget = str(model), budget_of(config)
    _check(config)
    term = compose(
        config.reward,
        format_bonus=config.format_bonus,
        format_penalty=config.format_penalty,
        overlong=config.overlong,
        limit=config.max_tokens,
    )
    content = fingerprint(rows)

    def make(loaded: Checkpoint, free: float | None) -> Made:
        tokenizer = loaded.tokenizer
        budget.cost = cost_of_token(config)
        if config.vllm == "off":
            share_prompts(loaded.model)
        prompts = _prompts(rows, config)
        context = _context(prompts, loaded, config)
        style = style_of_rows(prompts, style_of(source))
        opened = has_opened(prompt_text(tokenizer, prompts[0]["prompt"]), declared_tags(tokenizer))
        ends = [tokenizer.eos_token_id, end_of_turn(tokenizer)]
        groups = GroupTerms(config.consistency, config.brevity) if config.consistency or config.brevity else None
        reader = Reader(tokenizer, ends)
        reward = Reward(style, runner, frozenset(ends), term, opened[0] if opened else "", groups, reader)
        if config.select:
            key = {"prompts": content, "first": config.prompts, "model": weights_identity(source)}
            sampling = Sampling(config.temperature, 1.0, config.max_tokens, config.seed)
            kept = out / "selected.json"
            prompts = selected(prompts, loaded, style, runner, config.select, sampling, kept, key, budget, progress)
        _check_enough(prompts, config)
        check = make_check(config, config.max_tokens, style, runner, tokenizer)
        logged = LOGGED | ({each: each for each in (REPLACED, THROWN)} if config.dynamic_sampling else {})
        callback = make_callback(budget, out, config, logged, progress, check)
        bf16 = multiplies_in_bf16(loaded.model.config, config.precision)

        def need(config: GrpoConfig) -> Memory:
            return estimate(loaded.model, config, context, config.max_tokens, bf16)

        small = fitted(config, need, free, notice)
        memory = need(small)
        completions = small.batch * small.accumulate * small.updates_per_generation * rank_and_size()[1]
        budget.announce(completions * context, "up to", notice)
        args = trl_config(small, out, budget, bf16, vllm_arguments(small, context, memory, gpu_bytes()))
        return Made(_trainer(loaded, prompts, reward, args, small, budget, callback), style, callback, memory)

    facts = {"rows": content, "reward": reward_identity(config.reward)}
    return run_training(source, out, config, facts, budget, make, progress, begun, notice)


def _check(config: GrpoConfig) -> None:
    if config.batch * config.accumulate % config.num_generations:
        raise ConfigError(
            f"batch {config.batch} times accumulate {config.accumulate} must be a multiple of the "
            f"{config.num_generations} completions of one prompt (num-generations)"
        )
    for given, needed, words in (
        (config.vllm_url, "server", "vllm-url is the address of a server"),
        (config.vllm_memory, "colocate", "vllm-memory is for vLLM in this process"),
        (config.vllm_tensor_parallel > 1, "colocate", "vllm-tensor-parallel is for vLLM in this process"),
    ):
        if given and config.vllm != needed:
            raise ConfigError(f"{words}, and vllm is '{config.vllm}': give --vllm {needed} too")
    if config.vllm != "off" and find_spec("vllm") is None:
        raise ConfigError(f"--vllm {config.vllm} needs the package vllm: pip install 'trl[vllm]', or give --vllm off")


def cost_of_token(config: GrpoConfig) -> float:
    """Return the operations of a parameter for a token of a prompt or completion: it is read or written, then learnt.

    Completions that serve several updates are read once more before the first, and a KL term has them read by the
    model that training began with.
    """
    readings = 1 + (config.updates_per_generation > 1) + (config.beta > 0)
    return readings * FORWARD + LEARN


def _context(prompts: Sequence[Row], loaded: Checkpoint, config: GrpoConfig) -> int:
    """Return the tokens of the longest prompt and its completion together."""
    longest = max(map(len, tokenise([row["prompt"] for row in prompts], loaded.tokenizer)))
    if longest + config.max_tokens > (most := context_of(loaded.model)):
        advice = f"give --max-tokens {most - longest} at most" if longest < most else "leave long prompts out"
        raise ConfigError(
            f"the longest prompt has {longest:,} tokens, which makes {longest + config.max_tokens:,} with --max-tokens "
            f"{config.max_tokens}, and the model reads {most:,}: {advice}"
        )
    return longest + config.max_tokens


def _check_enough(prompts: Sequence[Row], config: GrpoConfig) -> None:
    needed = config.batch * config.accumulate * config.updates_per_generation // config.num_generations
    if len(prompts) < needed:
        raise DataError(
            f"there are {len(prompts)} prompts to train on; one round of sampling takes {needed}: give more prompts, "
            "or a smaller batch or accumulate"
        )


def _prompts(rows: Path, config: GrpoConfig) -> list[Row]:
    found = list(islice(prompts_of(rows), config.prompts))
    if not found:
        raise DataError(f"{rows} has no rows")
    return found


def _trainer(
    loaded: Checkpoint,
    prompts: Sequence[Row],
    reward: Reward,
    args: TrlGrpoConfig,
    config: GrpoConfig,
    budget: Budget,
    callback: TrainerCallback,
) -> GRPOTrainer:
    trainer = exact_prompts(import_extra("trl", "train").GRPOTrainer)
    if not is_small(loaded.model) and not has_gpu():
        trainer = completions_only(trainer)
    if config.dynamic_sampling:
        trainer = dynamic_sampling(trainer, reward, budget, config.dynamic_sampling)
    if config.advantage == "bi-level":
        trainer = bi_level(trainer, reward, config.step_weight)
    set_threads(config.threads)
    columns = {name: [row[name] for row in prompts] for name in ("prompt", "question")}
    return on_budget(trainer, budget)(
        model=loaded.model,
        args=args,
        reward_funcs=reward,
        train_dataset=import_extra("datasets", "train").Dataset.from_dict(columns),
        processing_class=loaded.tokenizer,
        peft_config=lora(config.lora),
        optimizers=(make_optimizer(loaded.model, config), None),
        callbacks=[callback],
    )


def exact_prompts(trainer: type) -> type:
    """Return the trainer class with the prompts tokenised as SFT and evaluation do it."""

    class ExactPrompts(trainer):  # type: ignore[misc]
        """Only the tokens of prompts differ, where a program holds the text of a control token."""

        def _tokenize_prompts(self, prompts: list[Any]) -> tuple[list[list[int]], None, dict[str, Any]]:
            return tokenise(prompts, self.processing_class), None, {}

    return ExactPrompts


def trl_config(
    config: GrpoConfig, out: Path, budget: Budget, bf16: bool, vllm: Mapping[str, object] | None = None
) -> TrlGrpoConfig:
    """Return TRL's own configuration of this training on this machine, with the arguments that concern vLLM."""
    return import_extra("trl", "train").GRPOConfig(
        **arguments(out, config, budget, bf16),
        log_completions=config.track in WITH_TABLES,
        num_completions_to_print=0,
        num_generations=config.num_generations,
        max_completion_length=config.max_tokens,
        temperature=config.temperature,
        loss_type=config.loss,
        scale_rewards=config.scale_rewards,
        importance_sampling_level=config.importance_sampling_level,
        beta=config.beta,
        epsilon=config.epsilon,
        epsilon_high=config.epsilon_high,
        mask_truncated_completions=config.mask_truncated,
        steps_per_generation=config.accumulate * config.updates_per_generation,
        **(vllm or {}),
    )


def vllm_arguments(
    config: GrpoConfig, context: int, memory: Memory | None = None, size: float = 0.0
) -> dict[str, object]:
    """Return the arguments of TRL's GRPOConfig that concern vLLM.

    TRL's own defaults are the model's whole context, whose cache may not fit, and 0.3 of the GPU.

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
    return round(min(VLLM_MOST, max(VLLM_LEAST, 0.95 * (1.0 - needed / size))), 2)
