"""GRPO (arXiv:2402.03300): a model writes several answers to a prompt; those that are right are made more likely."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from codereasoner.errors import ConfigError, DataError, import_extra
from codereasoner.extend import Progress, Sampling, silent
from codereasoner.ledger import fingerprint, read_rows
from codereasoner.models.chat import declared_tags, end_of_turn, prompt_text
from codereasoner.models.checkpoint import weights_identity
from codereasoner.models.device import Precision, multiplies_in_bf16
from codereasoner.models.local import share_prompts, tokenise
from codereasoner.task import Runner
from codereasoner.thoughts import has_opened
from codereasoner.training import training_run
from codereasoner.training.bilevel import bi_level
from codereasoner.training.budget import FORWARD, LEARN, Budget, budget_of, on_budget
from codereasoner.training.callbacks import make_watch
from codereasoner.training.distributed import first_process_first
from codereasoner.training.evaluation_callback import make_check
from codereasoner.training.muon import make_optimizer
from codereasoner.training.prompt_selection import selected
from codereasoner.training.reward import Reward
from codereasoner.training.reward_terms import compose, reward_identity
from codereasoner.training.settings import (
    BUDGET_OPERATIONS,
    BUDGET_SECONDS,
    BUDGET_TOKENS,
    CLOCK,
    PRECISION,
    arguments_for_device,
    load,
    lora,
    option,
    quiet,
    set_threads,
    style_of,
    template_arguments,
    what,
)
from codereasoner.training.training_rows import style_of_rows


@dataclass(frozen=True)
class GrpoConfig:
    """How to train. The defaults are current practice: Dr. GRPO's loss (arXiv:2503.20783), DAPO's wider upper clip
    and masked truncation (arXiv:2503.14476), and prompts chosen for what they can teach.
    """

    seed: int = option(0, "Seed of the order of the prompts and of sampling.")
    tokens: int | None = BUDGET_TOKENS
    operations: float | None = BUDGET_OPERATIONS
    seconds: float | None = BUDGET_SECONDS
    clock: Literal["wall", "cpu"] = CLOCK
    epochs: float = option(1.0, "Passes over the prompts, unless a budget is given (tokens, operations or seconds).")
    max_steps: int | None = option(None, "Updates, instead of epochs.")
    rollouts: int = option(8, "Completions of one prompt, which are compared with one another.")
    batch: int = option(8, "Completions in one forward pass on one device.")
    accumulate: int = option(16, "Forward passes for one update.")
    reuse: int = option(1, "Updates made from the completions of one round of sampling.")
    learning_rate: float = option(1e-6, "The highest learning rate.")
    warmup: float = option(0.0, "Share of the updates over which the learning rate rises; not when a budget is given.")
    optimizer: Literal["adamw", "muon"] = option(
        "adamw", "Muon is for small models that were trained with it; AdamW for all others."
    )
    adam_beta2: float = option(0.99, "Decay of Adam's second moment.")
    weight_decay: float = option(0.0, "Weight decay.")
    max_grad_norm: float = option(1.0, "Gradients are clipped to this norm.")
    thinking: Literal["auto", "on", "off"] = option(
        "auto", "Whether the model thinks, where its chat template knows the difference."
    )
    template_args: str = option("{}", "Arguments of the chat template, as a JSON object.")
    max_tokens: int = option(2048, "Tokens of a completion; one that is longer is cut off.")
    temperature: float = option(1.0, "Temperature of the completions.")
    loss: Literal["grpo", "dr_grpo", "dapo", "bnpo", "cispo"] = option("dr_grpo", "How the loss is summed over tokens.")
    scale_rewards: Literal["group", "batch", "none"] = option(
        "none", "What advantages are divided by: the deviation in the group, in the batch, or nothing."
    )
    advantage: Literal["group", "bi-level"] = option(
        "group", "One advantage for a completion, or one for each step of an answer that has steps (anchors)."
    )
    step_weight: float = option(0.3, "What a right step adds to the advantage of its tokens, where it is bi-level.")
    beta: float = option(0.0, "Weight of the KL term; 0 leaves it out.")
    epsilon: float = option(0.2, "How far a token's probability may fall in one update.")
    epsilon_high: float = option(0.28, "How far it may rise.")
    mask_truncated: bool = option(True, "Learn nothing from a completion that was cut off.")
    reward: str | None = option(
        None, "A reward of your own, file.py:function(grade, completion, tokens), in place of the grade's, 0 to 1."
    )
    format_bonus: float = option(0.0, "Added to the reward of a completion with an answer that can be parsed.")
    format_penalty: float = option(0.0, "Taken off the reward of a completion without one.")
    overlong: int = option(
        0, "Tokens below max-tokens from which on length costs, up to 1 (arXiv:2503.14476, eq. 13); 0: it never does."
    )
    select: int = option(
        4, "Completions per prompt of a pass that first leaves out prompts that are always or never solved; 0: no pass."
    )
    prompts: int | None = option(None, "Use only the first so many prompts.")
    vllm: Literal["off", "colocate", "server"] = option(
        "off", "Generate with vLLM in this process (colocate) or on a server (server), or with transformers (off)."
    )
    vllm_url: str | None = option(None, "The address of that server, http://HOST:8000, as `trl vllm-serve` prints it.")
    lora: int = option(0, "Rank of LoRA adapters; 0 trains every weight.")
    threads: int | None = option(None, "CPU threads; all cores by default.", how=True)
    precision: Precision = PRECISION
    checkpointing: bool = option(
        True, "On a GPU, compute activations twice instead of keeping them: slower, for large models.", how=True
    )
    log_every: int = option(1, "Updates between two rows of history.jsonl.", how=True)
    held_out: str | None = option(
        None,
        "Questions, or rows as GRPO reads them, to evaluate on during training; their time is not counted.",
        how=True,
    )
    checks: int = option(8, "How often they are asked, at equal shares of the training, and at its start.", how=True)
    check_questions: int = option(200, "Evaluate only on the first N of them.", how=True)
    save_seconds: float = option(600.0, "Seconds between two checkpoints; what a kill can cost.", how=True)


def grpo(
    rows: Path,
    model: str | Path,
    out: Path,
    config: GrpoConfig,
    runner: Runner | None,
    progress: Progress = silent,
    begun: Callable[[], None] = lambda: None,
) -> Path:
    """Train a model on the prompts of a file; returns its folder. A killed training continues where it was saved.

    The pass that selects prompts is part of the budget, and its result is kept in selected.json. `begun` is called when
    nothing speaks against the training any more.

    Raises:
        DataError: the rows are no GRPO rows, none of them can teach this model anything, or the reward of one's own
            is missing or fails.
        ConfigError: the folder holds another training, the model cannot be loaded, the batch does not hold whole groups
            of rollouts, or a term of the reward is none.
        MachineryError: the grader failed on more than 1 % of a step's completions.
    """
    source = str(model)
    _check(config)
    budget = budget_of(config)
    term = compose(
        config.reward,
        format_bonus=config.format_bonus,
        format_penalty=config.format_penalty,
        overlong=config.overlong,
        limit=config.max_tokens,
    )
    whole = {"rows": fingerprint(rows), "model": weights_identity(source), **what(config)}
    whole["reward"] = reward_identity(config.reward)
    if training_run.is_done(out, whole):
        return out
    with quiet(), training_run.alone(out):
        begun()
        with first_process_first():
            checkpoint = training_run.prepare(out, whole, budget)
        progress(0.0, "loading the model")
        loaded, tokenizer = load(source, config.lora > 0, template_arguments(config.thinking, config.template_args))
        budget.parameters, budget.cost = loaded.num_parameters(), cost_of_token(config)
        if config.vllm == "off":
            share_prompts(loaded)
        prompts = _prompts(rows, config)
        style = style_of_rows(prompts, style_of(source))
        opened = has_opened(prompt_text(tokenizer, prompts[0]["prompt"]), declared_tags(tokenizer))
        ends = frozenset([tokenizer.eos_token_id, end_of_turn(tokenizer)])
        reward = Reward(style, runner, ends, term, opened[0] if opened else "")
        if config.select:
            key = {"prompts": whole["rows"], "first": config.prompts, "model": whole["model"]}
            kept = out / "selected.json"
            sampling = Sampling(config.temperature, 1.0, config.max_tokens, config.seed)
            prompts = selected(prompts, loaded, tokenizer, reward, config.select, sampling, kept, key, budget, progress)
        _check_enough(prompts, config)
        check = make_check(config.held_out, config.check_questions, config.max_tokens, style, runner, tokenizer)
        watch = make_watch(budget, out / "history.jsonl", config.save_seconds, _row, progress, check, config.checks)
        trainer = _trainer(loaded, tokenizer, prompts, reward, out, config, budget, watch)
        training_run.train(trainer, checkpoint)
        training_run.finish(trainer, tokenizer, out, whole, source, style, watch.summary())
    return out


def _check(config: GrpoConfig) -> None:
    if config.batch * config.accumulate % config.rollouts:
        raise ConfigError(
            f"batch {config.batch} times accumulate {config.accumulate} must be a multiple of the {config.rollouts} "
            "rollouts of one prompt"
        )
    if config.vllm_url and config.vllm != "server":
        raise ConfigError(f"vllm-url is the address of a server, and vllm is '{config.vllm}': give --vllm server too")


def cost_of_token(config: GrpoConfig) -> float:
    """Operations of a parameter for a token of a prompt or completion: it is read or written, then learnt.

    Completions that serve several updates are read once more before the first, and a KL term has them read by the
    model that training began with.
    """
    readings = 1 + (config.reuse > 1) + (config.beta > 0)
    return readings * FORWARD + LEARN


def _check_enough(prompts: Sequence[Mapping[str, Any]], config: GrpoConfig) -> None:
    needed = config.batch * config.accumulate * config.reuse // config.rollouts
    if len(prompts) < needed:
        raise DataError(
            f"there are {len(prompts)} prompts to train on; one round of sampling takes {needed}: give more prompts, "
            "or a smaller batch or accumulate"
        )


def _prompts(rows: Path, config: GrpoConfig) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for row in read_rows(rows):
        if not row.get("prompt") or not row.get("question"):
            name = row.get("id", len(found) + 1)
            raise DataError(f"{rows}, row {name} has no prompt and question: is it a GRPO row?")
        found.append(row)
        if len(found) == config.prompts:
            break
    if not found:
        raise DataError(f"{rows} has no rows")
    return found


def _trainer(
    loaded: Any,
    tokenizer: Any,
    prompts: list[Mapping[str, Any]],
    reward: Reward,
    out: Path,
    config: GrpoConfig,
    budget: Budget,
    watch: Any,
) -> Any:
    trl = import_extra("trl", "train")
    datasets = import_extra("datasets", "train")
    columns = {name: [row[name] for row in prompts] for name in ("prompt", "question")}
    trainer = exact_prompts(trl.GRPOTrainer)
    if config.advantage == "bi-level":
        trainer = bi_level(trainer, reward, config.step_weight)
    set_threads(config.threads)
    bf16 = multiplies_in_bf16(loaded.config, config.precision)
    return on_budget(trainer, budget)(
        model=loaded,
        args=trl_config(config, out, budget, bf16),
        reward_funcs=reward,
        train_dataset=datasets.Dataset.from_dict(columns),
        processing_class=tokenizer,
        peft_config=lora(config.lora),
        optimizers=(make_optimizer(loaded, config), None),
        callbacks=[watch],
    )


def exact_prompts(trainer: type) -> type:
    """Return the trainer class with the prompts tokenised as SFT and evaluation do it."""

    class ExactPrompts(trainer):  # type: ignore[misc]
        """Only the tokens of prompts differ, where a program holds the text of a control token."""

        def _tokenize_prompts(self, prompts: list[Any]) -> tuple[list[list[int]], None, dict[str, Any]]:
            return tokenise(prompts, self.processing_class), None, {}

    return ExactPrompts


def trl_config(config: GrpoConfig, out: Path, budget: Budget, bf16: bool) -> Any:
    """TRL's own configuration of this training on this machine."""
    return import_extra("trl", "train").GRPOConfig(
        **training_run.arguments(out, config, budget),
        **arguments_for_device(bf16, config.checkpointing),
        **_method(config),
        steps_per_generation=config.accumulate * config.reuse,
        use_vllm=config.vllm != "off",
        vllm_mode="colocate" if config.vllm == "off" else config.vllm,
        vllm_server_base_url=config.vllm_url,
    )


def _method(config: GrpoConfig) -> dict[str, Any]:
    """What makes it this kind of GRPO."""
    return {
        "num_generations": config.rollouts,
        "max_completion_length": config.max_tokens,
        "temperature": config.temperature,
        "loss_type": config.loss,
        "scale_rewards": config.scale_rewards,
        "beta": config.beta,
        "epsilon": config.epsilon,
        "epsilon_high": config.epsilon_high,
        "mask_truncated_completions": config.mask_truncated,
    }


def _row(logs: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "loss": logs["loss"],
        "learning_rate": logs.get("learning_rate"),
        "grad_norm": logs.get("grad_norm"),
        "reward": logs.get("reward"),
        "pass_rate": logs.get("pass_rate"),
        "reward_seconds": logs.get("reward_seconds"),
        "step_seconds": logs.get("step_time"),
        "zero_variance": logs.get("frac_reward_zero_std"),
        "truncated": logs.get("completions/clipped_ratio"),
        "completion_tokens": logs.get("completions/mean_length"),
        "entropy": logs.get("entropy"),
    }
