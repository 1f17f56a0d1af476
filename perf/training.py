"""The cost of SFTTrainer, as `codereasoner sft` uses it, over a bare loop on the same batches; the optimizer's share.

    make bench-training [SIZE=0.3m] [MODEL=smollm2]
    python -m perf.training --model smollm2 --steps 6             only the trainer, on pretrained weights
    python -m perf.training --size 0.3m --steps 150 --rounds 3 --json
    python -m perf.training --reading runs/gpu --readers 4        how fast shards are read and tokenised

The bare loop has forward, cross-entropy, backward, clipping and the optimizer's step, on batches that lie ready. Both
are timed in CPU seconds of this process, one thread, in turns; the median of the rounds counts. Only ratios mean
anything. A processor without AVX-512 and bf16 units is imitated by `ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2`.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from perf.ratios import ROUNDS, alternate, ratio

from codereasoner import extend
from codereasoner.chains.narrator import narrate
from codereasoner.execution.pool import Pool
from codereasoner.experiments.materials import parameters_of
from codereasoner.models.device import multiplies_in_bf16
from codereasoner.models.gguf_files import folder_of
from codereasoner.records import Job
from codereasoner.styles import find_style
from codereasoner.training.budget import LEARN, Budget
from codereasoner.training.callbacks import make_callback
from codereasoner.training.muon import make_muon
from codereasoner.training.presets import PRETRAINED, scratch
from codereasoner.training.scratch import make_scratch_model, make_tokenizer
from codereasoner.training.settings import load, quiet
from codereasoner.training.sft import Data, make_trainer
from codereasoner.training.shards import Shards
from codereasoner.training.streaming import Batches, Reader, batches_of_pass
from codereasoner.training.tokens import IGNORED, Seen, tokenised
from codereasoner.training.tokens import examples as token_examples
from codereasoner.training.training_config import SftConfig
from codereasoner.training.training_rows import SftRow, sft_row
from codereasoner.training.training_run import mute

TARGET = 0.85  # of the bare loop's tokens a second, at least
OPTIMIZER = 0.20  # of the bare loop's time, at most: Muon in emulated bf16 took 0.85
OF_PEAK = 0.5  # of the operations of large matrix products: wanted, and not reached (docs/training.md)
WARM = 2  # steps that are not timed
PARTS = {
    "products of weights": "aten::(add)?mm",
    "attention": "aten::_scaled_dot_product.*|aten::bmm|aten::_softmax.*",
    "loss": "aten::(_log_softmax|nll_loss|argmax).*",
    "copies, casts, clearing": "aten::(copy_|clone|_to_copy|fill_|zero_)",
}
"""Parts of a step, and the operations of torch that each consists of; the optimizer's are its own."""
REST = "norms, positions, gates, sums, Python"


def main() -> int:
    """Measure, print, and exit with 1 where the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="0.3m", help="the size of the from-scratch model")
    parser.add_argument(
        "--model", help="pretrained weights instead: a path, a Hub name, smollm2; without the bare loop"
    )
    parser.add_argument("--steps", type=int, help="timed steps in a round; default: 150, or 6 of pretrained weights")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--reading", type=Path, help="only read this folder of shards, up to a hundred batches of 64")
    parser.add_argument("--readers", type=int, default=0, help="processes that read; 0: this one")
    options = parser.parse_args()
    if options.reading:
        with quiet():
            print(json.dumps(reading(options.reading, options.readers)))
        return 0
    steps = options.steps or (6 if options.model else 150)
    with quiet(), tempfile.TemporaryDirectory() as folder:
        if options.model:
            found = of_pretrained(Path(folder), options.model, steps, min(3, options.rounds))
            print(json.dumps(found, indent=None if options.json else 1))
            return 0
        result = measure(Path(folder), options.size, steps, options.rounds)
    if options.json:
        print(json.dumps(result))
    else:
        for name in ("bare loop", "SFTTrainer"):
            print(f"{name:12} {result[name]:9,.0f} tokens a CPU second")
        print(f"{'ratio':12} {result['ratio']:9.3f}   (at least {TARGET})")
        print(f"{'optimizer':12} {result['optimizer']:9.3f}   of the bare loop's time (at most {OPTIMIZER})")
        print(f"{'operations':12} {result['of_peak']:9.3f}   of those of large matrix products ({OF_PEAK} wanted)")
        print("\n".join(f"{share:22.3f}   of a step: {name}" for name, share in result["parts"].items()))
    return int(result["ratio"] < TARGET or result["optimizer"] > OPTIMIZER)


def measure(folder: Path, size: str, steps: int, rounds: int) -> dict[str, Any]:
    """Return the tokens a CPU second of both, their ratio, and the share of the optimizer in the loop."""
    import torch

    torch.set_num_threads(1)
    base = str(make_scratch_model(folder / "base", 0, size))
    config = settings(scratch()["sft"], steps)
    rows = list(islice(examples(), (steps + WARM) * config.batch))
    shares: list[float] = []

    def loop() -> float:
        speed, share = by_loop(base, rows, folder / f"loop {len(shares)}", config)
        shares.append(share)
        return speed

    ways = {"loop": loop, "trainer": lambda: by_trainer(base, rows, folder / f"trainer {len(shares)}", config)}
    speeds = alternate({**ways, "matrix": lambda: matrix_rate(multiplies_in_bf16(load(base).model.config))}, rounds)
    share = ratio(speeds["trainer"], speeds["loop"])
    of_peak = ratio([LEARN * parameters_of(base) * each for each in speeds["trainer"]], speeds["matrix"])
    medians: dict[str, Any] = {
        "bare loop": statistics.median(speeds["loop"]),
        "SFTTrainer": statistics.median(speeds["trainer"]),
    }
    found = {**medians, "ratio": share["median"], "optimizer": statistics.median(shares), "of_peak": of_peak["median"]}
    ratios = {"SFTTrainer: a bare loop": share, "SFTTrainer, operations: products of large matrices": of_peak}
    found["parts"] = parts(base, rows, folder / "profiled", config)
    return {**found, "size": size, "batch": config.batch, "ratios": ratios}


def of_pretrained(folder: Path, model: str, steps: int, rounds: int) -> dict[str, Any]:
    """Return the tokens a CPU second of a training of pretrained weights, and its share of the matrix rate."""
    import torch

    torch.set_num_threads(1)
    base = folder_of(model)
    config = settings(PRETRAINED["sft"], steps)
    rows = list(islice(examples(), (steps + WARM) * config.batch * config.accumulate))
    in_bf16 = multiplies_in_bf16(load(base).model.config)
    made: list[float] = []

    def trainer() -> float:
        made.append(by_trainer(base, rows, folder / f"trainer {len(made)}", config))
        return made[-1]

    speeds = alternate({"trainer": trainer, "matrix": lambda: matrix_rate(in_bf16)}, rounds)
    share = ratio([LEARN * parameters_of(base) * each for each in speeds["trainer"]], speeds["matrix"])
    found: dict[str, Any] = {
        "model": model,
        "in": "bf16" if in_bf16 else "fp32",
        "tokens a CPU second": statistics.median(made),
    }
    found["parts"] = parts(base, rows, Path(folder, "profiled"), config)
    return {**found, "ratios": {f"{model}, operations: products of large matrices": share}}


def matrix_rate(in_bf16: bool) -> float:
    """Operations a CPU second of products of large matrices, in the numbers in which the model is trained."""
    import torch

    kind = torch.bfloat16 if in_bf16 else torch.float32
    one, other = (torch.rand(1024, 1024).to(kind) for _ in range(2))
    one @ other
    began, times = time.process_time(), 20
    for _ in range(times):
        one @ other
    return times * 2 * 1024**3 / (time.process_time() - began)


def reading(folder: Path, readers: int) -> dict[str, int]:
    """Tokens a second by the clock and, where this process reads itself, by CPU time: what one core does."""
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    shards, tokenizer = Shards(folder, 1.0, Budget()), make_tokenizer()
    tokens = partial(token_examples, tokenizer=tokenizer, max_length=1024)
    reader = Reader(tokens, DataCollatorForLanguageModeling(tokenizer.pad_token_id, pad_to_multiple_of=8))
    count = min(100, batches_of_pass(shards, 64))
    began, cpu, learnt = time.monotonic(), time.process_time(), 0
    for batch in islice(Batches(shards, 64, reader, readers, lambda: 0, Seen()), count):
        learnt += int(batch["attention_mask"].sum())
    found = {"tokens": learnt, "tokens a second": round(learnt / (time.monotonic() - began))}
    return found if readers else found | {"tokens a CPU second": round(learnt / (time.process_time() - cpu))}


def examples() -> Iterator[SftRow]:
    """Rows as the demo's: forward with chains of states, backward direct."""
    source = extend.find("source", "procedural", breadth="tiny", types=["list"])
    style = find_style("terse")
    with Pool(workers=1, allow_weak_isolation=True) as pool:
        programs = source.programs("train", 1_000_000)
        while batch := list(islice(programs, 100)):
            jobs = [Job(each.source, each.entry, call, record="trace") for each in batch for call in each.calls]
            for run in pool.run(jobs):
                for question in extend.task("output").collect(run).questions:
                    yield sft_row(question, narrate(question, run, "states").text, style)
                for question in extend.task("input").collect(run).questions:
                    yield sft_row(question, None, style)


def settings(preset: Any, steps: int) -> SftConfig:
    """A preset of SFT for so many timed steps."""
    changes = {"seconds": None, "max_steps": steps + WARM, "threads": 1, "warmup": 0.0, "save_seconds": 1e9}
    return SftConfig(**vars(preset) | changes)


def trained(base: str, rows: Sequence[SftRow], out: Path, config: SftConfig, *callbacks: Any) -> Any:
    """The trainer that `codereasoner sft` makes."""
    loaded, budget = load(base), Budget()
    callback = make_callback(budget, out, config, {"loss": "loss"})
    out.mkdir(parents=True)
    data = Data(tokenised(rows, loaded.tokenizer, config.max_length), Seen())
    trainer = make_trainer(loaded, data, out, config, budget, callback, multiplies_in_bf16(loaded.model.config))
    for each in callbacks:
        trainer.add_callback(each)
    return trainer


def by_trainer(base: str, rows: Sequence[SftRow], out: Path, config: SftConfig) -> float:
    """Tokens a CPU second of SFTTrainer."""
    from transformers import TrainerCallback

    marks: list[float] = []

    class Stopwatch(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            marks.append(time.process_time())

    trainer = trained(base, rows, out, config, Stopwatch())
    tokens = [int(batch["attention_mask"].sum()) for batch in batches(trainer)]
    mute(trainer)
    trainer.train()
    return sum(tokens[WARM * config.accumulate :]) / (marks[-1] - marks[WARM - 1])


def by_loop(base: str, rows: Sequence[SftRow], out: Path, config: SftConfig) -> tuple[float, float]:
    """Return the tokens a CPU second of a loop that does nothing else, and the optimizer's share of its time."""
    import torch

    ready = batches(trained(base, rows, out, config))
    model, _ = load(base)
    model.train()
    optimizer = make_muon(model, config.learning_rate)
    began = updating = 0.0
    for number, batch in enumerate(ready):
        if number == WARM:
            began, updating = time.process_time(), 0.0
        logits = model(batch["input_ids"], attention_mask=batch["attention_mask"], use_cache=False).logits
        wanted = batch["labels"][:, 1:].reshape(-1)
        loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), wanted, ignore_index=IGNORED)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.max_grad_norm)
        before = time.process_time()
        optimizer.step()
        updating += time.process_time() - before
        optimizer.zero_grad()
    took = time.process_time() - began
    return sum(int(batch["attention_mask"].sum()) for batch in ready[WARM:]) / took, updating / took


def parts(base: str, rows: Sequence[SftRow], out: Path, config: SftConfig) -> dict[str, float]:
    """Return the share of each part of a step of SFTTrainer by the clock, as torch's profiler has it."""
    from torch.profiler import ProfilerActivity, profile
    from transformers import TrainerCallback

    profiler = profile(activities=[ProfilerActivity.CPU])

    class Profiled(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step == WARM:
                profiler.start()

        def on_train_end(self, *_: Any, **__: Any) -> None:
            profiler.stop()

    trainer = trained(base, rows, out, config, Profiled())
    mute(trainer)
    trainer.train()
    took: Counter[str] = Counter()
    for event in profiler.events():
        took[_part(event)] += event.self_cpu_time_total
    return {name: round(each / took.total(), 3) for name, each in took.most_common()}


def _part(event: Any) -> str:
    above = event
    while above is not None:
        if above.name.startswith("Optimizer.step"):
            return "optimizer"
        above = above.cpu_parent
    return next((name for name, pattern in PARTS.items() if re.fullmatch(pattern, event.name)), REST)


def batches(trainer: Any) -> list[dict[str, Any]]:
    """The batches that this trainer will take, in its order."""
    return list(trainer.get_train_dataloader())


if __name__ == "__main__":
    raise SystemExit(main())
