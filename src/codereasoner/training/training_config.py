"""The options of SFT, GRPO and RFT, apart from the trainings themselves: a help page needs no more than this."""

from dataclasses import dataclass, fields
from typing import Literal

from codereasoner.config_fields import option, redeclared


@dataclass(frozen=True)
class TrainingConfig:
    """The options of every training."""

    seed: int = option(0, "Seed of the order of the rows and of sampling.")
    tokens: int | None = option(
        None, "Train until this many tokens are read and learnt; over the last 40 % the learning rate falls to zero."
    )
    operations: float | None = option(
        None,
        "Train until this many floating-point operations are spent: for each parameter 6 for a token learnt, 2 for a "
        "token read or written while generating.",
    )
    seconds: float | None = option(
        None, "Train for this many seconds; what is learnt then depends on the machine. Without a budget, epochs count."
    )
    clock: Literal["wall", "cpu"] = option(
        "wall", "How seconds are measured: wall-clock time, or CPU time of this process (unaffected by other load)."
    )
    epochs: float = option(2.0, "Passes over the rows, unless a budget is given (tokens, operations or seconds).")
    max_steps: int | None = option(None, "Number of updates, instead of epochs.")
    batch: int = option(2, "Rows per forward pass and device.")
    accumulate: int = option(8, "Forward passes per update.")
    learning_rate: float = option(1e-5, "Peak learning rate.")
    warmup: float = option(0.1, "Share of the updates over which the learning rate rises; unused with a budget.")
    optimizer: Literal["adamw", "adamw-8bit", "muon"] = option(
        "adamw",
        "Muon trains a small model from scratch in far fewer steps; AdamW is for pretrained models; adamw-8bit holds "
        "its state in 8 bits (takes a GPU and the package bitsandbytes).",
    )
    adam_beta2: float = option(0.999, "Decay of Adam's second moment.")
    weight_decay: float = option(0.0, "Weight decay of matrices and embeddings.")
    max_grad_norm: float = option(1.0, "Clip gradients to this norm.")
    thinking: Literal["auto", "on", "off"] = option(
        "auto", "Turn the model's thoughts on or off; auto leaves that to its chat template."
    )
    template_args: str = option("{}", "Arguments of the chat template, as a JSON object.")
    lora: int = option(0, "Rank of LoRA adapters (0 trains every weight).")
    quantize: Literal["none", "nf4"] = option(
        "none",
        "With --lora: hold the frozen weights in 4 bits (QLoRA, arXiv:2305.14314); takes a GPU and the package "
        "bitsandbytes.",
    )
    save: Literal["merged", "adapter", "both"] = option(
        "merged",
        "With --lora: save the whole model with the adapters merged into it, the adapters alone, or both (adapters in "
        "the folder `adapter` of the checkpoint).",
    )
    track: Literal["none", "tensorboard", "trackio", "wandb"] = option(
        "none",
        "Send metrics to this tracker as well; trackio and wandb also get a table of GRPO's completions.",
        how=True,
    )
    threads: int | None = option(None, "CPU threads (default: all cores).", how=True)
    precision: Literal["auto", "bf16", "fp32"] = option(
        "auto",
        "Number format of matrix products: bf16 or fp32; auto takes bf16 on a GPU and on a CPU that multiplies it "
        "faster.",
        how=True,
    )
    checkpointing: bool = option(
        True, "On a GPU, compute activations twice instead of keeping them: slower, for large models.", how=True
    )
    log_every: int = option(10, "Updates between two rows of history.jsonl.", how=True)
    held_out: str | None = option(
        None,
        "Evaluate during training on this file of questions, or of GRPO rows; the time it takes is not counted.",
        how=True,
    )
    checks: int = option(8, "With --held-out: number of evaluations after the first one.", how=True)
    check_questions: int = option(200, "With --held-out: evaluate only the first N questions.", how=True)
    save_seconds: float = option(600.0, "Seconds between two checkpoints (the most that a kill can cost).", how=True)


@dataclass(frozen=True)
class SftConfig(TrainingConfig):
    """The options of SFT. The defaults are the paper's (arXiv:2507.17548, section 4): 2 epochs, cosine, warm-up 0.1."""

    max_length: int = option(4096, "Leave out rows of more tokens (a chain without its answer teaches nothing).")
    order: Literal["length", "file"] = option(
        "length", "Order of the rows: batches of similar length, shuffled; or as in the file, from easy to hard."
    )
    readers: int = option(
        0, "Processes that read and tokenise a folder of shards ahead (0: the training itself does).", how=True
    )
    patience: float = option(
        10.0, "Stop after this many minutes without a new shard in an unfinished folder.", how=True
    )
    compile: bool = option(False, "Compile the model (takes minutes, pays off on a GPU).", how=True)
    check_tokens: int = option(2048, "Maximum tokens of an answer to a held-out question.", how=True)


@dataclass(frozen=True)
class GrpoConfig(TrainingConfig):
    """The options of GRPO. The defaults are current practice: Dr. GRPO's loss (arXiv:2503.20783), DAPO's wider upper
    clip and masked truncation (arXiv:2503.14476), and prompts chosen for what they can teach.
    """

    seed: int = redeclared(TrainingConfig, "seed", 0, "Seed of the order of the prompts and of sampling.")
    epochs: float = redeclared(
        TrainingConfig, "epochs", 1.0, "Passes over the prompts, unless a budget is given (tokens, ...)."
    )
    batch: int = redeclared(TrainingConfig, "batch", 8, "Completions per forward pass and device.")
    accumulate: int = redeclared(TrainingConfig, "accumulate", 16)
    learning_rate: float = redeclared(TrainingConfig, "learning_rate", 1e-6)
    warmup: float = redeclared(TrainingConfig, "warmup", 0.0)
    adam_beta2: float = redeclared(TrainingConfig, "adam_beta2", 0.99)
    log_every: int = redeclared(TrainingConfig, "log_every", 1)
    num_generations: int = option(8, "Completions per prompt, whose rewards are compared with one another.")
    updates_per_generation: int = option(1, "Updates per round of sampling.")
    max_tokens: int = option(2048, "Maximum tokens of a completion; a longer one is cut off.")
    temperature: float = option(1.0, "Sampling temperature of the completions.")
    loss: Literal["grpo", "dr_grpo", "dapo", "bnpo", "cispo"] = option(
        "dr_grpo", "How the loss is averaged over tokens."
    )
    scale_rewards: Literal["group", "batch", "none"] = option(
        "none", "Divide advantages by the standard deviation in the group, in the batch, or not at all."
    )
    advantage: Literal["group", "bi-level"] = option(
        "group", "One advantage per completion (group), or per step of an answer with steps, as in anchors (bi-level)."
    )
    step_weight: float = option(0.3, "With --advantage bi-level: weight of the reward of a step.")
    importance_sampling_level: Literal["token", "sequence"] = option(
        "token", "Compare new and old probabilities token by token, or of whole completions (GSPO, arXiv:2507.18071)."
    )
    beta: float = option(0.0, "Weight of the KL term (0 leaves it out).")
    epsilon: float = option(0.2, "Clip range: how far a token's probability may fall in one update, as a share.")
    epsilon_high: float = option(0.28, "Clip range: how far a token's probability may rise in one update, as a share.")
    mask_truncated: bool = option(True, "Leave truncated completions out of the loss.")
    reward: str | None = option(
        None, "Your own reward, file.py:function(grade, completion, tokens), instead of the grade's (0 to 1)."
    )
    format_bonus: float = option(0.0, "Added to the reward of a completion with an answer that can be parsed.")
    format_penalty: float = option(0.0, "Subtracted from the reward of one without such an answer.")
    consistency: float = option(
        0.0,
        "Added to the reward of a right answer, times how well its reasoning follows the trace of the run (0 to 1).",
    )
    brevity: float = option(
        0.0,
        "Taken off the reward of a right answer, times the share of its tokens that the shortest right one to the same "
        "prompt did without.",
    )
    overlong: int = option(
        0, "Penalty for the last N tokens before --max-tokens, rising to 1 (arXiv:2503.14476, eq. 13; 0: none)."
    )
    select: int = option(
        4, "First sample N completions per prompt, and leave out prompts that are always or never solved (0: keep all)."
    )
    dynamic_sampling: int = option(
        0,
        "Replace prompts whose completions all get the same reward by others, in up to N more rounds of sampling per "
        "step (arXiv:2503.14476; 0: none).",
    )
    prompts: int | None = option(None, "Use only the first N prompts.")
    vllm: Literal["off", "colocate", "server"] = option(
        "off", "Generate with vLLM in this process (colocate) or on a server (server), or with transformers (off)."
    )
    vllm_url: str | None = option(None, "With --vllm server: its address, as `trl vllm-serve` prints it.", how=True)
    vllm_memory: float | None = option(
        None, "With --vllm colocate: share of the GPU for vLLM (default: what the training leaves).", how=True
    )
    vllm_tensor_parallel: int = option(1, "With --vllm colocate: GPUs that share one copy of the model.", how=True)
    vllm_sleep: bool = option(True, "With --vllm colocate: vLLM gives its memory back during each update.", how=True)


@dataclass(frozen=True)
class RftConfig(SftConfig):
    """The options of RFT: sampling, and tuning on the right completions."""

    samples: int = option(8, "Completions per prompt; distinct right ones are kept.")
    temperature: float = option(1.0, "Sampling temperature of the completions.")
    max_tokens: int = option(2048, "Maximum tokens of a completion; a longer one is cut off.")
    share: float = option(0.4, "Share of the budget for sampling; without a budget, every prompt is sampled.")


def decisive(config: TrainingConfig) -> dict[str, object]:
    """Return the options that decide what is learnt."""
    return {each.name: getattr(config, each.name) for each in fields(config) if not each.metadata["how"]}
