"""Rejection-sampling fine-tuning (arXiv:2308.01825): a model is tuned on those of its own answers that are right.

It is the control that reinforcement must beat: the same prompts, the same verifier, the same operations, and no
comparison of answers with one another.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from random import Random

from codereasoner.errors import ConfigError, DataError, import_extra
from codereasoner.extend import Progress, Sampling, silent
from codereasoner.ledger import fingerprint, write_whole
from codereasoner.models.checkpoint import Checkpoint, weights_identity
from codereasoner.outputs import refuse_others
from codereasoner.task import Runner
from codereasoner.training.budget import FORWARD, LIMITS, Budget, budget_of
from codereasoner.training.row_sampling import batches_within, sample_rows, tokens_of
from codereasoner.training.settings import load, quiet, set_threads, style_of
from codereasoner.training.sft import sft
from codereasoner.training.training_config import RftConfig, SftConfig, decisive
from codereasoner.training.training_rows import Row, prompts_of, style_of_rows
from codereasoner.training.training_run import as_json, check_before, comparable, is_done, lock


def rft(
    prompts: Path,
    model: str | Path,
    out: Path,
    config: RftConfig,
    runner: Runner | None,
    progress: Progress = silent,
    begun: Callable[[], None] = lambda: None,
    notice: Callable[[str], None] = lambda words: None,
) -> Path:
    """Sample, keep what is right in rft.jsonl, and tune the model on it; returns the folder of the model.

    The budget is that of both parts together. `begun` is called once the training is sure to start;
    `notice` gets what the user should know then.

    Raises:
        DataError: the rows are no GRPO rows, or nothing that the model wrote is right.
        ConfigError: the folder holds another training, or the budget is too small for one batch of prompts.
    """
    kept, note, source = out / "rft.jsonl", out / "rft.json", str(model)
    facts = {"prompts": fingerprint(prompts), "model": weights_identity(source), **decisive(config)}
    known = json.loads(note.read_text(encoding="utf-8")) if note.is_file() else {}
    if known:
        refuse_others(out, comparable(known["config"], facts), as_json(facts), "begun")
    else:
        is_done(out, facts)  # which refuses what another command trained there
        check_before(config)
    begun()
    if not known:
        with quiet(), lock(out):
            known = {"config": facts, **_sample(prompts, source, kept, config, runner, progress)}
        write_whole(note, json.dumps(known) + "\n")
    if (limit := budget_of(config).limit) is not None and known["share"] >= 1:
        raise ConfigError(f"sampling one batch of prompts used up the budget of {limit:,.0f}: give more")
    tune = SftConfig(**{each.name: getattr(config, each.name) for each in fields(SftConfig)})
    left = {name: limit - known["spent"][name] for name in LIMITS if (limit := getattr(config, name)) is not None}
    return sft(kept, source, out, replace(tune, **left), runner, progress, notice=notice)


def _sample(
    prompts: Path, model: str, kept: Path, config: RftConfig, runner: Runner | None, progress: Progress
) -> dict[str, object]:
    """Write the right completions as SFT rows; returns what it took and how many there are."""
    set_threads(config.threads)
    budget = budget_of(config)
    loaded = load(model, True, check_before(config), config.quantize != "none")
    budget.parameters = loaded.model.num_parameters()
    rows = list(prompts_of(prompts))
    style = style_of_rows(rows, style_of(model))
    budget.start()
    import_extra("torch", "train").manual_seed(config.seed)
    asked, lines = 0, list[Row]()
    order = Random("rft").sample(rows, len(rows))
    for batch in batches_within(config.share, budget, order, loaded, config.samples, config.max_tokens):
        asked += len(batch)
        lines += _right(batch, loaded, style, runner, config, budget)
        progress(min(1.0, asked / len(rows)), f"sampling: {asked:,} prompts, {len(lines):,} right answers")
    if not lines:
        raise DataError(f"none of {asked * config.samples} completions of {model} is right: train the model more first")
    write_whole(kept, "".join(json.dumps(line) + "\n" for line in lines))
    return {"spent": budget.state(), "share": budget.share, "prompts": asked, "rows": len(lines)}


def _right(
    batch: Sequence[Row], loaded: Checkpoint, style: str, runner: Runner | None, config: RftConfig, budget: Budget
) -> list[Row]:
    """Return SFT rows of the right completions of a batch of prompts, each text once."""
    sampling = Sampling(config.temperature, 1.0, config.max_tokens, config.seed)
    samples = sample_rows(batch, loaded, style, sampling, runner, config.samples)
    budget.add(tokens_of(samples), FORWARD)
    found = {
        (row["id"], each.completion.text, each.completion.thoughts): row
        for row, each in zip((row for row in batch for _ in range(config.samples)), samples, strict=True)
        if each.correct
    }
    return [
        {
            "id": f"{name}/{number}",
            "prompt": row["prompt"],
            "completion": [{"role": "assistant", "content": text, "reasoning_content": thoughts}],
            "question": row["question"],
            "style": style,
        }
        for number, ((name, text, thoughts), row) in enumerate(found.items())
    ]
