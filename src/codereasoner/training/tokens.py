"""Rows of instruction tuning as token ids and labels.

The loss is on the answers and their end-of-turn tokens only. A completion may go on after the first answer, with
another question of the user and its answer, as often as one likes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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

    What is asked and what is answered are tokenised apart, because a model that generates sees them apart.

    Raises:
        DataError: a row lacks its prompt or completion, or the chat template writes what was said before in another way
            when more follows.
    """
    turns = [list(_turns(row, f"row {row.get('id', number)}", tokenizer)) for number, row in enumerate(rows, 1)]
    texts = [text for row in turns for turn in row for text in turn]
    if not texts:
        return []
    ids = iter(tokenizer(texts, add_special_tokens=False)["input_ids"])
    found = []
    for row in turns:
        tokens: list[int] = []
        labels: list[int] = []
        behind: list[int] = []  # what the template writes behind a turn: never generated, but read before the next one
        for asked, whole in [(next(ids), next(ids)) for _ in row]:
            answer = _until_end(whole, tokenizer.eos_token_id)
            tokens += [*behind, *asked, *answer]
            labels += [IGNORED] * (len(behind) + len(asked)) + answer
            behind = whole[len(answer) :]
        if len(tokens) <= max_length:
            found.append({"input_ids": tokens, "labels": labels})
    return found


def _turns(row: Mapping[str, Any], name: str, tokenizer: Any) -> Iterator[tuple[str, str]]:
    """What is asked and what is answered, turn by turn, as the model's chat template writes them."""
    prompt, completion = row.get("prompt"), row.get("completion")
    if not prompt or not completion or completion[-1]["role"] != "assistant":
        raise DataError(f"{name} has no prompt and completion: is it an SFT row?")
    messages = [*prompt, *completion]
    before = ""
    for end in range(len(prompt), len(messages)):
        if messages[end]["role"] != "assistant":
            continue
        asked = tokenizer.apply_chat_template(messages[:end], add_generation_prompt=True, tokenize=False)
        whole = tokenizer.apply_chat_template(messages[: end + 1], tokenize=False)
        if not asked.startswith(before) or not whole.startswith(asked):
            raise DataError("the model's chat template writes a prompt differently when an answer follows it")
        yield asked[len(before) :], whole[len(asked) :]
        before = whole


def _until_end(ids: list[int], end: int) -> list[int]:
    """Up to and with the last end-of-turn token: what a template writes behind it is never generated."""
    if end not in ids:
        return [*ids, end]
    return ids[: len(ids) - ids[::-1].index(end)]
