"""The speed of this machine, measured in seconds: how long the demo takes here, and which budgets fit into minutes."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from codereasoner.cli.demo_config import DemoConfig
from codereasoner.errors import ConfigError, import_extra
from codereasoner.extend import Sampling
from codereasoner.ledger import write_whole
from codereasoner.models.local import generate
from codereasoner.training.budget import LEARN
from codereasoner.training.grpo import cost_of_token
from codereasoner.training.muon import make_muon
from codereasoner.training.presets import GRPO, SFT
from codereasoner.training.settings import load, quiet

ROW, PROMPT, COMPLETION, LONGEST = 58, 36, 18, 48
"""Tokens of the demo's rows, of the prompts and completions of GRPO, and of the longest completion of a batch, on which
the others wait."""

MEASURED = 1.5
"""Seconds for each of the two measurements: 30 to 100 repetitions, enough for a tenth."""

REST = 1_200_000
"""Data, held-out questions and evaluation take as long as SFT on this many tokens: the sum of those stages of a run,
times the tokens a second of its SFT."""


@dataclass(frozen=True)
class Pace:
    """Tokens a second of one core, of learning and of generating, and how many cores there are."""

    learn: float
    generate: float
    cores: int

    def training(self, config: DemoConfig) -> float:
        """Return the seconds of SFT, then of GRPO and the control: side by side, if there is a second core."""
        grpo = config.grpo_tokens * (1 / self.generate + 1 / self.learn)
        control = config.grpo_tokens * cost_of_token(GRPO["scratch"]) / LEARN / self.learn
        return config.sft_tokens / self.learn + (max(grpo, control) if self.cores > 1 else grpo + control)

    @property
    def rest(self) -> float:
        """The seconds of everything else."""
        return REST / self.learn


def pace_of(folder: Path, base: Path) -> Pace:
    """Return the pace of a run: measured when it begins, and kept, so that its budgets stay when it is continued."""
    path = folder / "pace.json"
    if not path.is_file():
        write_whole(path, json.dumps(asdict(measured(base))) + "\n")
    return Pace(**json.loads(path.read_text(encoding="utf-8")))


def measured(base: Path) -> Pace:
    """Measure what one thread does."""
    torch = import_extra("torch", "train")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with quiet():
            model, tokenizer = load(str(base))
            sampling = Sampling(1.0, 1.0, LONGEST)
            prompts = [[tokenizer.eos_token_id] * PROMPT] * GRPO["scratch"].batch
            written = _repeated(lambda: generate(model, tokenizer, prompts, sampling))
            learnt = _repeated(_update(model))
    finally:
        torch.set_num_threads(threads)
    rows = SFT["scratch"].batch * ROW
    return Pace(rows / learnt, len(prompts) * (PROMPT + COMPLETION) / written, len(os.sched_getaffinity(0)))


def _update(model: Any) -> Callable[[], None]:
    """One update of SFT on rows of chance."""
    torch = import_extra("torch", "train")
    ids = torch.randint(model.config.vocab_size, (SFT["scratch"].batch, ROW))
    optimizer = make_muon(model, 1e-3)

    def update() -> None:
        model(input_ids=ids, labels=ids, use_cache=False).loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    return update


def _repeated(work: Callable[[], Any]) -> float:
    """Return the mean seconds of a piece of work, its first time left out."""
    work()
    began, count = time.monotonic(), 0
    while time.monotonic() - began < MEASURED:
        work()
        count += 1
    return (time.monotonic() - began) / count


def fitted(config: DemoConfig, pace: Pace) -> tuple[DemoConfig, float]:
    """Return the config with the tokens that fit into its minutes, and the share that these are of its tokens.

    Raises:
        ConfigError: not even what is no training fits.
    """
    if config.minutes is None:
        return config, 1.0
    left = 60 * config.minutes - pace.rest
    share = left / pace.training(config)
    if share < 0.01:
        raise ConfigError(
            f"--minutes {config.minutes:g} leaves no time to train: data and evaluation take about "
            f"{pace.rest / 60:.1f} minutes here; give more minutes"
        )
    tokens = {name: max(1, round(share * getattr(config, name))) for name in ("sft_tokens", "grpo_tokens")}
    return replace(config, **tokens), share


def said(config: DemoConfig, pace: Pace) -> str:
    """Return the sentence that announces how long the demo will take."""
    minutes = (pace.training(config) + pace.rest) / 60
    cores = "one core" if pace.cores == 1 else f"{pace.cores} cores"
    return (
        f"about {minutes:.0f} minutes on this machine: {cores}, each learning {pace.learn:,.0f} and generating "
        f"{pace.generate:,.0f} tokens a second"
    )
