"""Rows of instruction tuning as token ids and labels: the loss is on the completion and the end-of-turn token only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from codereasoner.errors import DataError, import_extra

IGNORED = -100  # the label of a token that is not learnt


def tokenised(rows: Iterable[Mapping[str, Any]], tokenizer: Any, max_length: int) -> Any:
    """A dataset of the rows that are short enough, with their lengths.

    Raises:
        DataError: a row lacks its prompt or completion, or none is short enough.
    """
    datasets = import_extra("datasets", "train")
    whole = list(rows)
    found = examples(whole, tokenizer, max_length)
    if not found:
        raise DataError(f"there are {len(whole)} rows, and none has at most {max_length} tokens")
    columns = {name: [each[name] for each in found] for name in ("input_ids", "labels")}
    return datasets.Dataset.from_dict(columns | {"length": [len(each["input_ids"]) for each in found]})


def examples(rows: Sequence[Mapping[str, Any]], tokenizer: Any, max_length: int) -> list[dict[str, list[int]]]:
    """Token ids and labels of the rows that have at most so many tokens.

    The prompt and what follows it are tokenised apart, because a model that generates sees them apart.

    Raises:
        DataError: a row lacks its prompt or completion.
    """
    prompts, completions = _texts(rows, tokenizer)
    if not prompts:
        return []
    asked = tokenizer(prompts, add_special_tokens=False)["input_ids"]
    answered = tokenizer(completions, add_special_tokens=False)["input_ids"]
    found = []
    for before, after in zip(asked, answered, strict=True):
        learnt = _until_end(after, tokenizer.eos_token_id)
        if len(before) + len(learnt) <= max_length:
            found.append({"input_ids": before + learnt, "labels": [IGNORED] * len(before) + learnt})
    return found


def _texts(rows: Iterable[Mapping[str, Any]], tokenizer: Any) -> tuple[list[str], list[str]]:
    """The prompts and what follows them, as the model's chat template writes them."""
    prompts: list[str] = []
    completions: list[str] = []
    for row in rows:
        if not row.get("prompt") or not row.get("completion"):
            raise DataError(f"row {row.get('id', len(prompts) + 1)} has no prompt and completion: is it an SFT row?")
        prompt = tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True, tokenize=False)
        whole = tokenizer.apply_chat_template([*row["prompt"], *row["completion"]], tokenize=False)
        if not whole.startswith(prompt):
            raise DataError("the model's chat template writes a prompt differently when an answer follows it")
        prompts.append(prompt)
        completions.append(whole[len(prompt) :])
    return prompts, completions


def _until_end(ids: list[int], end: int) -> list[int]:
    """Up to and with the last end-of-turn token: what a template writes behind it is never generated."""
    if end not in ids:
        return [*ids, end]
    return ids[: len(ids) - ids[::-1].index(end)]
