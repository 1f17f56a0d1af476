"""The speed of this machine: how long an experiment takes here, and which budgets fit into minutes."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from codereasoner.errors import ConfigError, import_extra
from codereasoner.experiments.plan import Experiment
from codereasoner.experiments.run_options import Settings
from codereasoner.extend import Sampling
from codereasoner.ledger import write_whole
from codereasoner.machine_limits import cores
from codereasoner.models.checkpoint import Checkpoint
from codereasoner.models.device import give_back, has_gpu, multiplies_in_bf16
from codereasoner.models.local import generate
from codereasoner.training.budget import FORWARD, LEARN
from codereasoner.training.grpo import cost_of_token
from codereasoner.training.muon import make_optimizer
from codereasoner.training.presets import scratch
from codereasoner.training.settings import load, quiet
from codereasoner.training.training_config import GrpoConfig, RftConfig, SftConfig

ROW, PROMPT, COMPLETION, LONGEST = 58, 36, 18, 48
"""Mean tokens of the demo's SFT rows, and of GRPO's prompts and completions; the longest completion of a batch, for
which the others wait."""

WEIGHTS_ROW, WEIGHTS_PROMPT, WEIGHTS_COMPLETION = 200, 160, 32
"""The same of pretrained weights, whose prompts hold instructions and larger programs."""

PROMPTS = {"cpu": 16, "cuda": 64}
"""Prompts of pretrained weights that are measured together: about as many as an evaluation asks together."""

MEASURED = 1.5
"""Seconds for each of the two measurements: 30 to 100 repetitions, enough for a tenth."""

WHOLE = 800  # questions of a benchmark that is asked whole, where its time is estimated: as many as CRUXEval has

ANSWERED = 80
"""Mean tokens of an answer, those among them that go on to their limit, where evaluation of pretrained weights is
estimated."""

REST, REST_ARMS = 1_200_000, 4
"""Data and the evaluation of four arms take as long as SFT on this many tokens: the sum of those stages of a demo,
times the tokens a second of its SFT."""


@dataclass(frozen=True)
class Pace:
    """Tokens a second of one device, of learning and of generating; the devices are cores, or one GPU."""

    learn: float
    generate: float
    cores: int
    gpu: bool = False

    def training(self, plan: Experiment, settings: Settings) -> float:
        """Return the seconds of all trainings: those of a round are side by side."""
        rounds = plan.rounds(settings.arms, self.cores)
        return settings.seeds * sum(max(self._seconds(plan, name, settings) for name in names) for names in rounds)

    def rest(self, plan: Experiment, settings: Settings) -> float:
        """Return the seconds of everything else."""
        if settings.model:
            limits = [asked.limit or WHOLE for asked in (plan.benchmarks or {}).values() if not asked.arm]
            questions = settings.test * len(plan.tasks) + sum(limits)
            tokens = questions * (WEIGHTS_PROMPT + ANSWERED) * len(settings.arms) * settings.seeds
            return tokens / self.generate / self.cores
        return REST / self.learn * len(settings.arms) * settings.seeds / REST_ARMS

    def _seconds(self, plan: Experiment, arm: str, settings: Settings) -> float:
        config, learnt = plan.config(arm, settings), plan.tokens(arm, settings)
        if isinstance(config, GrpoConfig):
            tokens = learnt * LEARN / cost_of_token(config)
            return tokens * (1 / self.generate + 1 / self.learn)
        sampled = config.share * learnt if isinstance(config, RftConfig) else 0.0
        return sampled * LEARN / FORWARD / self.generate + (learnt - sampled) / self.learn

    def announce(self, plan: Experiment, settings: Settings) -> str:
        """Return the sentence that says how long the experiment will take."""
        minutes = (self.training(plan, settings) + self.rest(plan, settings)) / 60
        devices = f"{self.cores} cores, each" if self.cores > 1 else "one GPU," if self.gpu else "one core,"
        return (
            f"about {minutes:.0f} minutes on this machine: {devices} learning {self.learn:,.0f} and generating "
            f"{self.generate:,.0f} tokens a second"
        )


def fit_minutes(plan: Experiment, settings: Settings, pace: Pace) -> tuple[Settings, float]:
    """Return the settings with the tokens that fit into the minutes, and their share of the full tokens."""
    if settings.minutes is None:
        return settings, 1.0
    rest = pace.rest(plan, settings)
    share = (60 * settings.minutes - rest) / pace.training(plan, settings)
    if share < 0.01:
        raise ConfigError(
            f"--minutes {settings.minutes:g} leaves no time to train: data and evaluation take about "
            f"{rest / 60:.1f} minutes here; give more minutes"
        )
    tokens = {name: max(1, round(share * getattr(settings, name))) for name in ("sft_tokens", "then_tokens")}
    return replace(settings, **tokens), share


def pace_of(folder: Path, base: str | Path, learning: SftConfig | GrpoConfig, pretrained: bool = False) -> Pace:
    """Return the pace of a run: measured when it begins, and kept, so that its budgets stay when it is continued.

    `learning` has the batch and the optimizer of its SFT.
    """
    path = folder / "pace.json"
    if not path.is_file():
        write_whole(path, json.dumps(asdict(_measure(str(base), learning, pretrained))) + "\n")
        give_back()  # the optimizer's state and gradients of pretrained weights are gigabytes, which trainings need
    return Pace(**json.loads(path.read_text(encoding="utf-8")))


def _measure(base: str, learning: SftConfig | GrpoConfig, pretrained: bool) -> Pace:
    """Measure what one thread does, or the GPU that pretrained weights are trained on."""
    torch = import_extra("torch", "train")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    gpu = pretrained and has_gpu()
    asked, read, written, longest = (
        PROMPTS["cuda" if gpu else "cpu"],
        WEIGHTS_PROMPT,
        WEIGHTS_COMPLETION,
        WEIGHTS_COMPLETION,
    )
    if not pretrained:
        asked, read, written, longest = scratch()["grpo"].batch, PROMPT, COMPLETION, LONGEST
    row = WEIGHTS_ROW if pretrained else ROW
    try:
        with quiet():
            loaded = load(base)
            if gpu:
                loaded.model.to("cuda")
            sampling = Sampling(1.0, 1.0, longest)
            prompts = [[loaded.tokenizer.eos_token_id] * read] * asked
            taken = _mean_seconds(lambda: generate(*loaded, prompts, sampling))
            learnt = _mean_seconds(_update(loaded, learning, row))
    finally:
        torch.set_num_threads(threads)
    return Pace(learning.batch * row / learnt, asked * (read + written) / taken, 1 if gpu else cores(), gpu)


def _update(loaded: Checkpoint, learning: SftConfig | GrpoConfig, row: int) -> Callable[[], None]:
    """Return one update of SFT on random rows, in the precision of training."""
    torch, model = import_extra("torch", "train"), loaded.model
    ids = torch.randint(model.config.vocab_size, (learning.batch, row), device=model.device)
    optimizer = make_optimizer(model, learning) or torch.optim.AdamW(model.parameters(), lr=1e-6, fused=True)
    bf16 = multiplies_in_bf16(model.config)

    def update() -> None:
        with torch.autocast(model.device.type, torch.bfloat16, enabled=bf16):
            loss = model(input_ids=ids, labels=ids, use_cache=False).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        loss.item()  # waits for a GPU

    return update


def _mean_seconds(work: Callable[[], object]) -> float:
    """Return the mean seconds of a piece of work, its first time left out."""
    work()
    began, count = time.monotonic(), 0
    while time.monotonic() - began < MEASURED:
        work()
        count += 1
    return (time.monotonic() - began) / count
