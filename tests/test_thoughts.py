"""What a model thinks is kept apart from what it answers."""

from __future__ import annotations

import time

import pytest

from codereasoner import extend
from codereasoner.styles import STYLES, find_style
from codereasoner.task import Question
from codereasoner.thoughts import FAMILIES, Reading, has_opened, shield_tags, split_thoughts

QUESTION = Question("output", {"source": "def f(x):\n    return x + 1", "entry": "f", "call": "3"}, ("4",))


def grade(style: str, text: str, finish: str = "stop") -> str:
    return extend.task("output").grade(QUESTION, text, find_style(style), None, finish).outcome


@pytest.mark.parametrize(("opening", "closing"), FAMILIES)
def test_the_tags_of_every_family_separate_the_thought_from_the_answer(opening: str, closing: str) -> None:
    assert split_thoughts(f"{opening}\n3 + 1\n{closing}\n\n4") == Reading("3 + 1", "4")
    assert split_thoughts(f"3 + 1\n{closing}\n\n4") == Reading("3 + 1", "4")
    assert split_thoughts(f"{opening}3 + 1, so 4") == Reading("3 + 1, so 4", "", open=True)
    assert has_opened(f"<|assistant|>\n{opening}\n") == (opening, closing)
    assert has_opened(f"{opening}\n\n{closing}\n\n") is None


@pytest.mark.parametrize(
    ("completion", "reading"),
    [
        ("analysisx is 3.assistantfinal<answer>4</answer>", Reading("x is 3.", "<answer>4</answer>")),
        ("analysisx is 3. So <answer>4</answer>", Reading("x is 3. So <answer>4</answer>", "", open=True)),
        (
            "<|channel|>analysis<|message|>x is 3<|end|><|start|>assistant<|channel|>final<|message|>4<|return|>",
            Reading("x is 3", "4"),
        ),
        ("<|channel|>analysis<|message|>x is 3, so 4", Reading("x is 3, so 4", "", open=True)),
        ("<|channel|>final<|message|>4<|return|>", Reading("", "4")),
        ("analysis: x is 3, so 4", Reading("", "analysis: x is 3, so 4")),
    ],
)
def test_the_channels_of_gpt_oss_are_read_with_and_without_their_special_tokens(
    completion: str, reading: Reading
) -> None:
    assert split_thoughts(completion) == reading


def test_a_tokenizer_may_declare_tags_of_its_own() -> None:
    declared = [("<<plan>>", "<</plan>>")]
    assert split_thoughts("<<plan>>3 + 1<</plan>>4", declared=declared) == Reading("3 + 1", "4")
    assert has_opened("assistant: <<plan>>\n", declared) == declared[0]


def test_the_last_closing_tag_counts_and_what_opens_after_it_is_a_thought_again() -> None:
    assert split_thoughts("<think>a</think>b<think>c</think>d").text == "d"
    assert split_thoughts("<think>a</think>\n<think>so 4") == Reading("a\nso 4", "", open=True)


def test_a_prompt_that_opens_a_thought_makes_a_text_without_a_closing_tag_a_thought() -> None:
    assert split_thoughts("So <answer>4</answer>", opened=True) == Reading("So <answer>4</answer>", "", open=True)


@pytest.mark.parametrize("text", ["<answer>'</think>'</answer>", "<answer>'<think>'</answer>", "`</think>` ends it: 4"])
def test_a_tag_that_is_only_mentioned_ends_no_thought(text: str) -> None:
    assert split_thoughts(text) == Reading("", text)


@pytest.mark.parametrize("name", sorted(STYLES))
def test_a_draft_inside_a_thought_that_was_cut_off_is_truncated_in_every_style(name: str) -> None:
    style = find_style(name)
    draft = style.render("assert f(3) == ??", "4")
    for finish, tag in (("stop", "<think>"), ("length", "<think>"), ("stop", "<Think>"), ("stop", "[think]")):
        assert grade(name, f"{tag}So\n{draft}\nNo wait, let me check again: x is", finish) == "truncated"
    assert grade(name, f"<think>I guess\n{style.render('assert f(3) == ??', '5')}</think>\n{draft}") == "correct"


def test_two_thoughts_and_what_stands_between_them_are_no_answer() -> None:
    assert grade("reasoning", "<think>a</think><answer>3</answer><think>No.</think><answer>4</answer>") == "correct"
    assert grade("reasoning", "<answer>4</answer>\n<think>No: <answer>3</answer>") == "truncated"


def test_a_draft_inside_a_thought_is_no_answer_when_none_follows() -> None:
    assert grade("reasoning", "<think>I would say <answer>4</answer> but no.</think> It is 5.") == "no_answer"


def test_a_bare_answer_after_a_thought_is_read() -> None:
    assert grade("bare", "<think>3+1</think>\n\n4") == "correct"


@pytest.mark.parametrize("name", sorted(STYLES))
@pytest.mark.parametrize("tag", [tag for tags in FAMILIES for tag in tags] + ["</THINK>", "</Think>"])
def test_a_right_answer_that_holds_a_tag_is_right(name: str, tag: str) -> None:
    gold = repr(f"a{tag}b")
    question = Question("output", {"source": f"def f():\n    return {gold}", "entry": "f", "call": ""}, (gold,))
    task, style = extend.task("output"), find_style(name)
    assert task.grade(question, task.render(question, style), style).outcome == "correct"
    assert eval(shield_tags(gold)) == eval(gold)


@pytest.mark.parametrize(
    ("piece", "tail"), [("~", "`"), ("`", "x`"), ("~~~ ", "`"), ("``` ", "x"), ("~~~\n", ""), ("`~", "")]
)
def test_signs_of_fences_behind_a_thought_take_50_milliseconds_at_most(piece: str, tail: str) -> None:
    completion = f"</think>{piece * (100_000 // len(piece))}{tail}"
    seconds = []
    for _ in range(3):
        began = time.process_time()
        assert split_thoughts(completion).text
        seconds.append(time.process_time() - began)
    assert min(seconds) < 0.05
