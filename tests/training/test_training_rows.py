"""Rows of training: what they hold, and exactly which tokens are learnt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from codereasoner import extend
from codereasoner.errors import DataError
from codereasoner.models.chat import prompt_text
from codereasoner.records import Run
from codereasoner.styles import find_style
from codereasoner.task import Question
from codereasoner.training.scratch import TEMPLATE, make_tokenizer
from codereasoner.training.tokens import IGNORED, examples, tokenised
from codereasoner.training.training_rows import Row, grpo_row, prompts_of, read_question, sft_row, style_of_rows

TERSE = find_style("terse")
RUN = Run("def f(x):\n    x.append(3)\n    return x\n", "f", "[1]", "ok", value="[1, 3]")


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    pytest.importorskip("transformers")
    return make_tokenizer()


@pytest.fixture
def question() -> Question:
    return extend.task("output").collect(RUN).questions[0]


def test_an_sft_row_is_the_prompt_and_the_completion_of_a_perfect_model(question: Question) -> None:
    row = sft_row(question, "x = [1, 3]", TERSE)
    assert row["prompt"] == [{"role": "user", "content": RUN.source + "assert f([1]) == ??"}]
    assert row["completion"] == [{"role": "assistant", "content": "x = [1, 3]\n=[1, 3]"}]
    assert extend.task("output").parse(question, row["completion"][0]["content"], TERSE) == "[1, 3]"


def test_an_sft_row_without_a_chain_answers_at_once(question: Question) -> None:
    assert sft_row(question, None, TERSE)["completion"][0]["content"] == "=[1, 3]"


def test_a_grpo_row_carries_the_question_it_is_graded_against(question: Question) -> None:
    assert read_question(grpo_row(question, TERSE)["question"]) == question


def test_the_loss_covers_exactly_the_completion_and_the_end_of_turn(question: Question, tokenizer: Any) -> None:
    row = tokenised([sft_row(question, "x = [1, 3]", TERSE)], tokenizer, 1000)[0]
    learnt = [token for token, label in zip(row["input_ids"], row["labels"], strict=True) if label != IGNORED]
    assert tokenizer.decode(learnt) == "x = [1, 3]\n=[1, 3]" + tokenizer.eos_token
    assert [label for label in row["labels"] if label != IGNORED] == learnt
    shown = row["input_ids"][: len(row["input_ids"]) - len(learnt)]
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": RUN.source + "assert f([1]) == ??"}], add_generation_prompt=True, tokenize=False
    )
    assert tokenizer.decode(shown) == prompt


def test_rows_that_are_too_long_are_left_out_and_none_left_is_an_error(question: Question, tokenizer: Any) -> None:
    short, long = sft_row(question, None, TERSE), sft_row(question, "x = [1, 3]\n" * 50, TERSE)
    assert len(tokenised([short, long], tokenizer, 60)) == 1
    with pytest.raises(DataError, match="none has at most 60 tokens"):
        tokenised([long], tokenizer, 60)


def test_rows_of_another_kind_are_refused(question: Question, tokenizer: Any) -> None:
    with pytest.raises(DataError, match="is it an SFT row"):
        tokenised([grpo_row(question, TERSE)], tokenizer, 1000)


@pytest.mark.parametrize(
    ("row", "learnt"),
    [
        ({"prompt": "q", "messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}, "a"),
        ({"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}, "a"),
        ({"prompt": [{"role": "user", "content": "q"}], "completion": [{"role": "assistant", "content": "a"}]}, "a"),
        (
            {
                "prompt": [{"role": "user", "content": [{"type": "text", "text": "q"}, {"type": "text", "text": "?"}]}],
                "completion": [{"role": "assistant", "content": [{"type": "text", "text": "a"}]}],
            },
            "a",
        ),
        ({"prompt": "def f", "completion": "(x): return"}, "(x): return"),
    ],
)
def test_rows_in_the_formats_of_trl_are_learnt(row: Row, learnt: str, tokenizer: Any) -> None:
    [example] = examples([row], tokenizer, 100)
    answer = [token for token in example["labels"] if token != IGNORED]
    assert tokenizer.decode(answer[:-1]) == learnt
    assert answer[-1] == tokenizer.eos_token_id
    if isinstance(row.get("completion"), str):
        assert tokenizer.decode(example["input_ids"][:-1]) == "def f(x): return"  # no template


@pytest.mark.parametrize(
    "row", [{"prompt": "q", "completion": [{"role": "assistant", "content": "a"}]}, {"messages": "q"}]
)
def test_half_a_row_in_another_format_is_refused(row: Row, tokenizer: Any) -> None:
    with pytest.raises(DataError, match="row 1 has no prompt and completion"):
        examples([row], tokenizer, 100)


@pytest.mark.parametrize("content", [None, 4, [{"type": "image", "text": None}], ["a"], {"text": "a"}])
def test_a_message_without_a_text_is_named_by_its_row(content: object, tokenizer: Any) -> None:
    row = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": content}]}
    with pytest.raises(DataError, match="row 1: the content of a message must be a text, or parts of text, not "):
        examples([row], tokenizer, 100)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"prompt": None}, "row 2 has no prompt"),
        ({"prompt": "f(1) == ??"}, "row 2 has no prompt"),
        ({"question": {"task": "output"}}, r"row 2 has no prompt \(messages\) and question \(JSON text\)"),
        ({"prompt": [{"role": "user", "content": None}]}, "row 2: the content of a message must be a text"),
    ],
)
def test_a_later_prompt_that_is_none_is_named_by_its_row(
    change: dict[str, Any], told: str, question: Question, tmp_path: Path
) -> None:
    whole = {name: value for name, value in grpo_row(question, TERSE).items() if name != "id"}
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in (whole, whole | change)))
    with pytest.raises(DataError, match=told):
        list(prompts_of(path))


def test_a_tokenizer_of_a_template_that_ends_with_a_line_break_learns_only_up_to_the_end_of_turn(
    question: Question, tokenizer: Any, tmp_path: Path
) -> None:
    import copy

    other = copy.deepcopy(tokenizer)
    other.chat_template = tokenizer.chat_template.replace("'<|end|>'", "'<|end|>\n'")
    row = tokenised([sft_row(question, None, TERSE)], other, 1000)[0]
    assert row["input_ids"][-1] == tokenizer.eos_token_id


LINE_BREAK_AFTER_A_TURN = TEMPLATE.replace("'<|end|>'", "'<|end|>\\n'")


@pytest.mark.parametrize("template", [TEMPLATE, LINE_BREAK_AFTER_A_TURN], ids=["no break", "line break"])
def test_of_several_questions_in_one_row_each_answer_is_learnt_and_nothing_else(template: str) -> None:
    pytest.importorskip("transformers")
    tokenizer = make_tokenizer()
    tokenizer.chat_template = template
    row = sft_row(extend.task("output").collect(RUN).questions[0], None, TERSE)
    more = [{"role": "user", "content": "\nassert f([]) == ??"}, {"role": "assistant", "content": "=[3]"}]
    found = tokenised([{**row, "completion": [*row["completion"], *more]}], tokenizer, 1000)[0]
    whole = tokenizer.apply_chat_template([*row["prompt"], *row["completion"], *more], tokenize=False)
    assert tokenizer.decode(found["input_ids"]) == whole.rstrip("\n")
    learnt = [token for token, label in zip(found["input_ids"], found["labels"], strict=True) if label != IGNORED]
    assert tokenizer.decode(learnt) == f"=[1, 3]{tokenizer.eos_token}=[3]{tokenizer.eos_token}"
    assert [label for label in found["labels"] if label != IGNORED] == learnt


def test_with_a_template_that_forgets_an_answer_is_learnt_behind_the_prompt_it_will_have(
    question: Question,
) -> None:
    pytest.importorskip("transformers")
    tokenizer = make_tokenizer()
    row = sft_row(question, None, TERSE)
    more = [{"role": "user", "content": "\nassert f([]) == ??"}, {"role": "assistant", "content": "=[3]"}]
    with pytest.raises(DataError, match="is it an SFT row"):
        tokenised([{**row, "completion": [*row["completion"], more[0]]}], tokenizer, 1000)
    tokenizer.chat_template = TEMPLATE.replace("in messages", "in messages[-3:]")
    talk = [*row["prompt"], *row["completion"], *more, *more]
    found = tokenised([{**row, "completion": talk[len(row["prompt"]) :]}], tokenizer, 1000)
    assert len(found) == 2  # the first two answers follow one another word for word, and the third does not
    asked = prompt_text(tokenizer, talk[:-1])
    assert tokenizer.decode(found[1]["input_ids"]) == f"{asked}=[3]{tokenizer.eos_token}"


def test_rows_of_one_style_name_it_and_rows_of_several_are_refused(question: Question) -> None:
    terse, direct = sft_row(question, None, TERSE), grpo_row(question, find_style("direct"))
    assert style_of_rows([terse, terse], "reasoning") == "terse"
    assert style_of_rows([{"prompt": []}], "reasoning") == "reasoning"
    with pytest.raises(DataError, match="several styles: direct, terse"):
        style_of_rows([terse, direct], "reasoning")
