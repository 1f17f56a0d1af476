"""Rows of instruction tuning as token ids and labels.

The loss is on the answers and their end-of-turn tokens only. A completion may go on after the first answer, with
another question of the user and its answer, as often as one likes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codereasoner.errors import DataError, import_extra
from codereasoner.models.chat import encode, end_of_turn, turn_text
from codereasoner.training.training_rows import Row, messages_of

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

IGNORED = -100  # the label of a token that is not learnt


@dataclass
class Seen:
    """Counts of the examples that were tokenised and of those left out because they are too long, and the tokens of
    the longest answer that is learnt.
    """

    examples: int = 0
    too_long: int = 0
    answer: int = 0

    def add(self, other: Seen) -> None:
        """Add what another reader has seen."""
        self.examples += other.examples
        self.too_long += other.too_long
        self.answer = max(self.answer, other.answer)

    @property
    def share(self) -> float:
        """The share that was left out, 0 to 1."""
        return self.too_long / max(1, self.examples)

    def facts(self) -> dict[str, int]:
        """Return the number that was left out, for a row of the history; nothing where nothing was."""
        return {"too_long": self.too_long} if self.too_long else {}

    def words(self, limit: str) -> str:
        """Return the sentence that a user reads."""
        return f"{self.too_long:,} of {self.examples:,} rows left out ({self.share:.1%}): longer than {limit}"


def tokenised(
    rows: Iterable[Row], tokenizer: PreTrainedTokenizerBase, max_length: int, seen: Seen | None = None
) -> Dataset:
    """Return a dataset of the rows that are short enough, with their lengths."""
    datasets = import_extra("datasets", "train")
    whole = list(rows)
    found = examples(whole, tokenizer, max_length, seen)
    if not found:
        raise DataError(f"there are {len(whole)} rows, and none has at most {max_length} tokens")
    columns = {name: [each[name] for each in found] for name in ("input_ids", "labels")}
    return datasets.Dataset.from_dict(columns | {"length": [len(each["input_ids"]) for each in found]})


def examples(
    rows: Sequence[Row], tokenizer: PreTrainedTokenizerBase, max_length: int, seen: Seen | None = None
) -> list[dict[str, list[int]]]:
    """Return token ids and labels of the rows of at most `max_length` tokens; `seen` counts them and the longer ones.

    What is asked and what is answered are tokenised apart, because a model that generates sees them apart. What is
    learnt is what the model will have to write behind the prompt that its template makes: a template that opens a
    thought wants it closed, and the turn ends with the template's own token. Where a template writes earlier turns in
    another way when more follows, each answer is an example of its own, behind the prompt as it will be read.
    """
    talks = [talk for number, row in enumerate(rows, 1) for talk in _talks(row, row.get("id", number), tokenizer)]
    texts = [text for talk in talks for turn in talk for text in turn]
    if not texts:
        return []
    ids = iter(encode(tokenizer, texts))
    end = end_of_turn(tokenizer)
    found = []
    longest = 0
    for talk in talks:
        tokens: list[int] = []
        answers: list[int] = []
        labels: list[int] = []
        behind: list[int] = []  # what the template writes behind a turn: never generated, but read before the next one
        for asked, whole in [(next(ids), next(ids)) for _ in talk]:
            answer = _until_end(whole, end)
            tokens += [*behind, *asked, *answer]
            labels += [IGNORED] * (len(behind) + len(asked)) + answer
            behind = whole[len(answer) :]
            answers.append(len(answer))
        if len(tokens) <= max_length:
            found.append({"input_ids": tokens, "labels": labels})
            longest = max(longest, *answers)
    if seen is not None:
        seen.add(Seen(len(talks), len(talks) - len(found), longest))
    return found


def _talks(row: Row, name: object, tokenizer: PreTrainedTokenizerBase) -> list[list[tuple[str, str]]]:
    """Return prompts and answers, turn by turn; turns that continue one another word for word are one talk.

    A row has a prompt and a completion, both as messages or both as texts, which are learnt as they are; or, without a
    completion, messages, of which each of the assistant's is an answer.
    """
    prompt, completion = row.get("prompt"), row.get("completion")
    if not completion:
        turns = messages_of(row.get("messages"), f"row {name}")
        first = next((place for place, each in enumerate(turns) if each["role"] == "assistant"), 0)
        prompt, completion = turns[:first], turns[first:]
    elif isinstance(prompt, str) and isinstance(completion, str) and completion:
        return [[(prompt, completion)]]
    prompt, completion = messages_of(prompt, f"row {name}"), messages_of(completion, f"row {name}")
    if not prompt or not completion or completion[-1]["role"] != "assistant":
        raise DataError(
            f"row {name} has no prompt and completion (two texts, or messages of which the last is the assistant's) "
            "and no messages: is it an SFT row?"
        )
    messages = [*prompt, *completion]
    talks: list[list[tuple[str, str]]] = []
    before = ""
    for end in range(len(prompt), len(messages)):
        if messages[end]["role"] != "assistant":
            continue
        asked, answer = turn_text(tokenizer, messages[: end + 1])
        if talks and asked.startswith(before):
            talks[-1].append((asked[len(before) :], answer))
        else:
            talks.append([(asked, answer)])
        before = asked + answer
    return talks


def _until_end(ids: list[int], end: int) -> list[int]:
    """Cut ids after the last end-of-turn token: what a template writes behind it is never generated."""
    if end not in ids:
        return [*ids, end]
    return ids[: len(ids) - ids[::-1].index(end)]
