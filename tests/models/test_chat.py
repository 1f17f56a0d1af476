"""What a model is asked, and what it learns to write, by the chat template of its family."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from tests.libraries import library
from tests.models.templates import KINDS, Kind, tokenizer_of

from codereasoner.errors import ConfigError
from codereasoner.extend import Sampling
from codereasoner.models.chat import declared_tags, end_of_turn, prepare, prompt_text
from codereasoner.models.local import Reader, tokenise
from codereasoner.sampling import grade_completions
from codereasoner.styles import find_style
from codereasoner.task import Question
from codereasoner.thoughts import has_opened
from codereasoner.training.reward import Reward
from codereasoner.training.tokens import IGNORED, examples
from codereasoner.training.training_rows import question_text

library("transformers")

USER = {"role": "user", "content": "What is f(3)?"}
ANSWER = {"role": "assistant", "content": "4"}
OFF = Sampling(thinking="off")
QUESTION = Question("output", {"source": "def f(x):\n    return x + 1", "entry": "f", "call": "3"}, ("4",))


def prepared(name: str) -> Any:
    tokenizer = tokenizer_of(KINDS[name])
    prepare(tokenizer, f"a {name} model")
    return tokenizer


def learnt(example: dict[str, list[int]]) -> list[int]:
    return [token for token, label in zip(example["input_ids"], example["labels"], strict=True) if label != IGNORED]


@pytest.mark.parametrize("name", KINDS)
def test_what_is_learnt_is_what_the_model_will_have_to_write(name: str) -> None:
    tokenizer, kind = prepared(name), KINDS[name]
    cases = [(ANSWER, kind.learnt, "")]
    if kind.with_thoughts:
        thought = {**ANSWER, "reasoning_content": "3 + 1", "thinking": "3 + 1"}
        cases.append((thought, kind.with_thoughts, "3 + 1"))
    for answer, written, thoughts in cases:
        [example] = examples([{"prompt": [USER], "completion": [answer]}], tokenizer, 1000)
        [prompt] = tokenise([[USER]], tokenizer)
        assert example["input_ids"] == [*prompt, *learnt(example)]  # learnt behind the very prompt it will be asked
        assert tokenizer.decode(learnt(example)) == written
        end = {tokenizer.eos_token_id, end_of_turn(tokenizer)}
        assert [token in end for token in learnt(example)].index(True) == len(learnt(example)) - 1
        read = Reader(tokenizer, list(end)).completion(prompt, learnt(example))  # as generation will read it
        assert (read.text, read.thoughts, read.finish) == ("4", thoughts, "stop")


@pytest.mark.parametrize("name", KINDS)
def test_every_answer_of_a_talk_is_learnt_behind_the_prompt_it_will_have(name: str) -> None:
    tokenizer = prepared(name)
    turns = [USER, ANSWER, {"role": "user", "content": "And f(4)?"}, {"role": "assistant", "content": "5"}]
    found = examples([{"prompt": turns[:1], "completion": turns[1:]}], tokenizer, 1000)
    last = found[-1]["input_ids"]
    [prompt] = tokenise([turns[:-1]], tokenizer)
    assert last[: len(prompt)] == prompt
    assert tokenizer.decode(last[len(prompt) :]) == KINDS[name].learnt.replace("4", "5")
    answers = "".join(tokenizer.decode(learnt(example)) for example in found)
    assert answers == KINDS[name].learnt + KINDS[name].learnt.replace("4", "5")


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.turned_off])
def test_thinking_can_be_turned_off_even_where_the_template_always_opens_a_thought(name: str) -> None:
    tokenizer = prepared(name)
    assert prompt_text(tokenizer, [USER], OFF).endswith(KINDS[name].turned_off)
    assert not prompt_text(tokenizer, [USER]).endswith(KINDS[name].turned_off)


@pytest.mark.parametrize("name", ["qwen3.5-thinking", "r1"])
def test_a_text_cut_off_inside_the_thought_that_the_prompt_opened_is_all_thought(name: str) -> None:
    tokenizer = prepared(name)
    [prompt] = tokenise([[USER]], tokenizer)
    row = tokenizer("So <answer>4</answer>. No wait", add_special_tokens=False)["input_ids"]
    read = Reader(tokenizer, [tokenizer.eos_token_id]).completion(prompt, row)
    assert (read.text, read.finish, read.thoughts) == ("", "length", "So <answer>4</answer>. No wait")
    assert tokenizer.decode(Reader(tokenizer, []).closing(prompt, row)) == "\n</think>\n\n"
    [off] = tokenise([[USER]], tokenizer, OFF)
    assert Reader(tokenizer, [tokenizer.eos_token_id]).completion(off, row).text.startswith("So <answer>4")
    assert Reader(tokenizer, []).closing(off, row) == []


@pytest.mark.parametrize("name", ["gemma", "mistral"])
def test_a_system_message_that_a_template_refuses_or_drops_is_put_before_the_question(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    tokenizer = prepared(name)
    tokenizer.name_or_path = f"strict/{name}"
    with caplog.at_level(logging.WARNING, "codereasoner"):
        for _ in range(2):
            text = prompt_text(tokenizer, [{"role": "system", "content": "Be brief."}, USER])
    assert "Be brief.\n\nWhat is f(3)?" in text
    assert len(caplog.messages) == 1
    assert f"strict/{name}" in caplog.messages[0]


def test_turns_that_do_not_alternate_are_joined_where_the_template_wants_alternation() -> None:
    text = prompt_text(prepared("gemma"), [USER, {"role": "user", "content": "Be quick."}])
    assert "What is f(3)?\n\nBe quick.<end_of_turn>" in text


@pytest.mark.parametrize(("name", "date"), [("llama3", "Today is 01 Jan 2025."), ("gpt-oss", "2025-01-01")])
def test_a_template_that_adds_a_date_writes_the_same_prompt_every_day(name: str, date: str) -> None:
    tokenizer = prepared(name)
    prepare(tokenizer, "the same, read again after it was trained")
    assert date in prompt_text(tokenizer, [USER])


def test_arguments_of_a_template_reach_it() -> None:
    assert "Effort: high." in prompt_text(prepared("gpt-oss"), [USER], Sampling(effort="high"))
    assert "Effort: x." in prompt_text(prepared("gpt-oss"), [USER], Sampling(template_args={"reasoning_effort": "x"}))


@pytest.mark.parametrize(
    "arguments", [{"enable_thinking": False}, {"enable_thinking": False, "x": [None, {"a": True}]}], ids=["one", "more"]
)
def test_arguments_can_be_written_into_the_template_for_whoever_reads_it_later(arguments: dict[str, Any]) -> None:
    tokenizer = tokenizer_of(KINDS["qwen3"])
    prepare(tokenizer, "a model", arguments)
    text = tokenizer.apply_chat_template([USER], add_generation_prompt=True, tokenize=False)
    assert text.endswith("<think>\n\n</think>\n\n")
    thinking = tokenizer.apply_chat_template([USER], add_generation_prompt=True, tokenize=False, enable_thinking=True)
    assert thinking.endswith("assistant\n")


def test_a_model_without_a_template_gets_plain_text_and_that_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "codereasoner"):
        for _ in range(2):
            tokenizer = tokenizer_of(KINDS["base"])
            prepare(tokenizer, "org/base-model")
    assert [each for each in caplog.messages if "no chat template" in each] == caplog.messages
    assert len(caplog.messages) == 1
    assert prompt_text(tokenizer, [USER]) == "What is f(3)?\n\n"


@pytest.mark.parametrize(
    "template",
    [
        "{% for message in messages %}{{ message.content.missing.field }}{% endfor %}",
        "{{ raise_exception('no tools here') }}",
        "{% for message in %}",
        "{{ messages[0].content + 1 }}",
        "{{ messages[7].content.x }}",
        "{{ 1 / 0 }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% for message in messages recursive %}{{ loop(messages) }}{% endfor %}",
        "{% include 'other' %}",
        "{{ messages | nofilter }}",
        "{{ [1, 'a'] | sort }}",
        "{{ ''.__class__.__mro__ }}",
        "{% for i in range(10 ** 9) %}x{% endfor %}",
        "{{ raise_exception() }}",
        "{{ raise_exception('a\n[red]\x1b[2J') }}",
        "Hello",
        "{{ messages[0].content | upper }}",
        "{% for message in messages if message.role == 'system' %}{{ message.content }}{% endfor %}",
        [{"name": "tools", "template": "x"}],
        {"tools": "x"},
        7,
    ],
)
def test_a_template_that_fails_or_leaves_the_question_out_is_one_sentence(template: Any) -> None:
    tokenizer = tokenizer_of(Kind(None, ("<eos>",), ""))
    tokenizer.chat_template = template
    prepare(tokenizer, "a model")
    with pytest.raises(ConfigError, match=r"the chat template of .* fails: ") as error:
        prompt_text(tokenizer, [USER])
    assert str(error.value).isprintable()


@pytest.mark.parametrize("change", ["replace('4', '5')", "replace('4', '')", "upper"])
def test_a_template_that_changes_an_answer_teaches_nothing(change: str) -> None:
    tokenizer = tokenizer_of(
        Kind(
            f"{{% for m in messages %}}{{{{ m.content if m.role == 'user' else m.content | {change} }}}}{{% endfor %}}",
            ("<eos>",),
            "",
        )
    )
    prepare(tokenizer, "a model")
    with pytest.raises(ConfigError, match="leaves an answer out of the text: four is 4"):
        examples([{"prompt": [USER], "completion": [{"role": "assistant", "content": "four is 4"}]}], tokenizer, 99)


def test_arguments_are_written_into_the_default_one_of_several_templates() -> None:
    tokenizer = tokenizer_of(KINDS["qwen3"])
    tokenizer.chat_template = {"tools": "x", "default": tokenizer.chat_template}
    prepare(tokenizer, "a model", {"enable_thinking": False})
    assert prompt_text(tokenizer, [USER]).endswith("<think>\n\n</think>\n\n")
    assert tokenizer.chat_template["tools"] == "x"


def test_spaces_before_punctuation_stay_in_an_answer() -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.Unigram([(word, -1.0) for word in ("<e>", "▁'a", "▁.", "▁b'", "▁n't")], unk_id=0))
    words.pre_tokenizer, words.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<e>", clean_up_tokenization_spaces=True)
    prepare(tokenizer, "a model")
    assert Reader(tokenizer, [0]).text([1, 2, 4, 3, 0]) == "'a . n't b'"


def test_half_a_letter_in_a_prompt_is_replaced() -> None:
    [ids] = tokenise([[{"role": "user", "content": "a\ud800b"}]], prepared("qwen2.5"))
    assert "a\ufffdb" in prepared("qwen2.5").decode(ids)


def test_a_tokenizer_declares_its_tags_in_its_response_template() -> None:
    tokenizer = prepared("qwen2.5")
    assert declared_tags(tokenizer) == ()
    tokenizer.response_template = {"fields": {"reasoning_content": {"open": "<<", "close": ">>"}, "content": {}}}
    assert declared_tags(tokenizer) == (("<<", ">>"),)
    row = tokenizer("<<3 + 1>>4", add_special_tokens=False)["input_ids"]
    read = Reader(tokenizer, []).completion([0], row)
    assert (read.text, read.thoughts) == ("4", "3 + 1")


@pytest.mark.parametrize("name", KINDS)
def test_the_reward_reads_the_tokens_of_a_model_as_generation_does(name: str) -> None:
    """TRL's own texts lack special tokens, and with them the marks of some thoughts."""
    kind, tokenizer = KINDS[name], prepared(name)
    ends = [tokenizer.eos_token_id, end_of_turn(tokenizer)]
    [prompt] = tokenise([[USER]], tokenizer)
    opened = has_opened(tokenizer.decode(prompt))
    reader = Reader(tokenizer, ends)
    reward = Reward("bare", None, frozenset(ends), opened=opened[0] if opened else "", reader=reader)
    thought = kind.with_thoughts or kind.learnt
    texts = [kind.learnt, thought, thought.replace("4", "5"), "4", kind.with_thoughts.partition(" + 1")[0] or "4"]
    rows = tokenizer(texts, add_special_tokens=False)["input_ids"]
    decoded = tokenizer.batch_decode(rows, skip_special_tokens=True)
    reward([], decoded, [question_text(QUESTION)] * len(rows), completion_ids=rows)
    assert [each.outcome for each in reward.grades] == ["correct", "correct", "wrong", "truncated", "truncated"]
    read = [reader.completion(prompt, row) for row in rows]
    outcomes = [(each.outcome, each.answer) for each in reward.grades]
    found = grade_completions([QUESTION] * len(rows), read, find_style("bare"))
    assert outcomes == [(each.outcome, each.answer) for each in found]
