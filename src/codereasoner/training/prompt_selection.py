"""Select the prompts that can teach a model something: those that it solves sometimes, not always or never."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from codereasoner.curation.difficulty import is_solved_sometimes
from codereasoner.errors import DataError, import_extra
from codereasoner.extend import Progress, Sampling
from codereasoner.ledger import write_whole
from codereasoner.models.checkpoint import Checkpoint
from codereasoner.task import Runner
from codereasoner.training.budget import FORWARD, Budget
from codereasoner.training.distributed import from_rank_0, gather, main_process_first, rank_and_size
from codereasoner.training.row_sampling import batches_within, sample_rows, tokens_of
from codereasoner.training.training_rows import Row

SHARE = 0.15  # of a budget that the pass may use; prompts it does not reach are left out


class Rated(TypedDict, total=False):
    """Pass rates of prompts, as they are kept in a file."""

    key: Mapping[str, object]
    spent: Mapping[str, float]
    rates: Mapping[str, float]  # by the id of a row


def selected(
    prompts: Sequence[Row],
    loaded: Checkpoint,
    style: str,
    runner: Runner | None,
    tries: int,
    sampling: Sampling,
    kept: Path,
    key: Mapping[str, object],
    budget: Budget,
    progress: Progress,
) -> list[Row]:
    """Return the prompts with 0 < pass rate < 1 in `tries` completions; the rates are kept in a file and used again.

    `key` identifies prompts and model; a file with another key is made anew. What the pass took is part of the budget,
    also where the file was there already. Several processes share the prompts; all return the same ones.

    Raises:
        DataError: there are none.
    """
    key = {**key, "tries": tries, **sampling.facts(), "budget": [budget.limit, budget.unit]}
    if from_rank_0(_read(kept).get("key"))[0] != key:
        budget.start()
        rank, size = rank_and_size()
        mine = prompts[rank::size]
        rates = gather(dict(_rates(mine, loaded, style, runner, tries, sampling, budget, progress)))
        with main_process_first():
            if rank == 0:
                write_whole(kept, json.dumps({"key": key, "spent": budget.state(), "rates": rates}) + "\n")
    found = _read(kept)
    budget.go_on(found["spent"])
    chosen = [row for row in prompts if is_solved_sometimes(found["rates"].get(row["id"], 0.0))]
    if not chosen:
        tried, always = len(found["rates"]), sum(rate == 1.0 for rate in found["rates"].values())
        advice = "train the model more before it, or give harder questions"
        if tried < len(prompts):
            advice += f"; {SHARE:.0%} of the budget were spent before all {len(prompts):,} were tried: more tries more"
        raise DataError(
            f"none of {tried:,} prompts is solved sometimes: {always} always, {tried - always} never; "
            f"reinforcement has nothing to compare, so {advice}"
        )
    return chosen


def _read(kept: Path) -> Rated:
    found: Rated = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    return found


def _rates(
    prompts: Sequence[Row],
    loaded: Checkpoint,
    style: str,
    runner: Runner | None,
    tries: int,
    sampling: Sampling,
    budget: Budget,
    progress: Progress,
) -> Iterator[tuple[str, float]]:
    """Yield the id and pass rate of each prompt, as far as the budget goes."""
    torch = import_extra("torch", "train")
    torch.manual_seed(sampling.seed)
    processes, done = rank_and_size()[1], 0
    for rows in batches_within(SHARE, budget, prompts, loaded, tries, sampling.max_tokens, processes):
        samples = sample_rows(rows, loaded, style, sampling, runner, tries)
        budget.add(processes * tokens_of(samples), FORWARD)  # as many as here in every other process
        values = [each.grade.reward or 0.0 for each in samples]
        for index, row in enumerate(rows):
            yield row["id"], sum(values[index * tries : (index + 1) * tries]) / tries
        done += len(rows)
        progress(0.0, f"choosing prompts: {done:,} of {len(prompts):,} tried")
