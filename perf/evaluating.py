"""How fast an evaluation is: 16,000 answers of a scripted model from prompt to summary, and local generation.

    make bench-evaluating [DATA=FOLDER]
    python -m perf.evaluating --data FOLDER --json

The first part asks CRUXEval-I and CRUXEval-O ten times each: prompts, answers kept one by one, parsing, grading with
execution, counting. The second lets an untrained model of half a million parameters write 64 tokens to 256 prompts,
through our model and through transformers' `generate` on the same batches in the same run; the third samples GRPO's
groups, eight completions of eight prompts, which end after 32 tokens on average and 128 at most. Only ratios mean
anything.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from perf.ratios import ROUNDS, Ratio, alternate, ratio

from codereasoner import extend
from codereasoner.benchmarks.loading import locate
from codereasoner.evaluation.run_evaluation import Asking, evaluate
from codereasoner.execution.pool import Pool
from codereasoner.extend import Prompt, Sampling
from codereasoner.models.group_decoding import share_prompts
from codereasoner.models.local import Local, batches, tokenise
from codereasoner.styles import find_style
from codereasoner.training.scratch import make_scratch_model

ANSWERS_A_SECOND = 2000.0  # at least
SHARE_OF_BARE_GENERATE = 0.9  # at least
GROUPS_AS_FAST = 3.0  # times transformers' generate, at least
SAMPLING = Sampling(max_tokens=64)
PROMPTS, GROUP = 8, 8  # of one step of GRPO
LONGEST, MEAN = 128, 32  # tokens of a completion: the most there are, and how many they have on average


def main() -> int:
    """Measure, print, and exit with 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("CODEREASONER_DATA", "../shared/data")))
    parser.add_argument(
        "--repeat", type=int, default=ROUNDS, help="generations of each kind, in turns; the median counts"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    part, share = local(options.data, options.repeat)
    grouped = groups(options.data, options.repeat)
    result = {"scripted": scripted(options.data), "local": part, "groups": {"times_as_fast": grouped["median"]}}
    if options.json:
        of_local = {"tokens of a local model: transformers' generate": share}
        of_groups = {"tokens of GRPO's groups: transformers' generate": grouped}
        print(json.dumps({**result, "ratios": {**of_local, **of_groups}}))
    else:
        for part in result.values():
            print("\n".join(f"{name.replace('_', ' '):36} {value:,.2f}" for name, value in part.items()))
    slow = result["scripted"]["answers_a_second"] < ANSWERS_A_SECOND
    slow = slow or grouped["median"] < GROUPS_AS_FAST
    return int(slow or result["local"]["share_of_bare_generate"] < SHARE_OF_BARE_GENERATE)


def scripted(data: Path) -> dict[str, float]:
    """Two evaluations of 8,000 answers each, the start of the pool included."""
    began, answers = time.perf_counter(), 0
    asking = Asking(find_style("reasoning"), samples=10)
    with tempfile.TemporaryDirectory() as folder, Pool(allow_weak_isolation=True) as pool:
        for name, script in (("cruxeval-i", "gold"), ("cruxeval-o", "copy")):
            benchmark = extend.find("benchmark", name)
            questions = benchmark.load(locate(benchmark, data))
            model = extend.find("model", f"scripted:{script}")
            summary = evaluate(name, questions, model, asking, Path(folder, name), pool.run)
            answers += summary["n_answers"]
    seconds = time.perf_counter() - began
    return {"answers": answers, "seconds": seconds, "answers_a_second": answers / seconds}


def local(data: Path, repeat: int) -> tuple[dict[str, float], Ratio]:
    """Tokens a CPU second of our local model and of transformers alone, on the same batches."""
    benchmark = extend.find("benchmark", "cruxeval-o")
    style = find_style("reasoning")
    questions = benchmark.load(locate(benchmark, data))[:256]
    prompts = [Prompt(each, extend.task_of(each).prompt(each, style), 0, style.name) for each in questions]
    with tempfile.TemporaryDirectory() as folder:
        model = Local(str(make_scratch_model(Path(folder, "base"))), threads=1)
        speeds = alternate(
            {
                "ours": lambda: _timed(lambda: _tokens_of_ours(model, prompts)),
                "bare": lambda: _timed(lambda: _tokens_of_transformers(model, prompts)),
            },
            repeat,
        )
    share = ratio(speeds["ours"], speeds["bare"])
    return {
        "local_tokens_a_cpu_second": statistics.median(speeds["ours"]),
        "bare_generate_tokens_a_cpu_second": statistics.median(speeds["bare"]),
        "share_of_bare_generate": share["median"],
    }, share


def groups(data: Path, repeat: int) -> Ratio:
    """How many times as fast GRPO's groups are generated: sampled, of lengths as of a model that has learnt to end."""
    import torch

    benchmark = extend.find("benchmark", "cruxeval-o")
    questions, style = benchmark.load(locate(benchmark, data))[:PROMPTS], find_style("terse")
    messages = [extend.task_of(each).prompt(each, style) for each in questions for _ in range(GROUP)]
    with tempfile.TemporaryDirectory() as folder:
        base = make_scratch_model(Path(folder, "base"))
        networks = [Local(str(base), threads=1).load() for _ in range(2)]
    share_prompts(networks[0].model)
    tokenizer = networks[0].tokenizer
    inputs = tokenizer.pad({"input_ids": tokenise(messages, tokenizer)}, padding_side="left", return_tensors="pt")
    end, random = tokenizer.eos_token_id, Random("groups")

    def ends(ids: Any, scores: Any) -> Any:
        scores[:, end] = torch.tensor([1e9 if random.random() < 1 / MEAN else -1e9 for _ in ids])
        return scores

    def tokens(network: Any) -> int:
        options = {"max_new_tokens": LONGEST, "do_sample": True, "top_k": 0, "pad_token_id": tokenizer.pad_token_id}
        output = network.generate(**inputs, **options, eos_token_id=end, logits_processor=[ends])
        return int((output[:, inputs["input_ids"].shape[1] :] != tokenizer.pad_token_id).sum())

    ours, bare = (partial(_timed, partial(tokens, each.model)) for each in networks)
    speeds = alternate({"ours": ours, "bare": bare}, repeat)
    return ratio(speeds["ours"], speeds["bare"])


def _timed(work: Any) -> float:
    began = time.process_time()  # of one thread: what else the machine does must not count
    tokens = work()
    return float(tokens / (time.process_time() - began))


def _tokens_of_ours(model: Local, prompts: list[Prompt]) -> int:
    return sum(completion.completion_tokens for _, completion in model.complete(prompts, SAMPLING))


def _tokens_of_transformers(model: Local, prompts: list[Prompt]) -> int:
    """The same batches through `generate`; a completion's tokens end with its first end of turn."""
    network, tokenizer = model.load()
    ids = tokenise([prompt.messages for prompt in prompts], tokenizer)
    tokens = 0
    for batch in batches(ids, model.batch, SAMPLING, gpu=False):
        padded = tokenizer.pad({"input_ids": [ids[each] for each in batch]}, padding_side="left", return_tensors="pt")
        output = network.generate(
            **padded, max_new_tokens=SAMPLING.max_tokens, do_sample=False, pad_token_id=tokenizer.pad_token_id
        )
        for row in output[:, padded["input_ids"].shape[1] :].tolist():
            tokens += row.index(tokenizer.eos_token_id) + 1 if tokenizer.eos_token_id in row else len(row)
    return tokens


if __name__ == "__main__":
    sys.exit(main())
