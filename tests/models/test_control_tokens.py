"""The text of a control token inside a program is text: in prompts, in SFT rows and in GRPO's prompts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.libraries import library
from tests.models.templates import KINDS, tokenizer_of

from codereasoner.models.chat import MARK, encode, prepare, prompt_text
from codereasoner.models.local import tokenise
from codereasoner.training.tokens import IGNORED, examples

library("transformers")

ASKED = {"role": "user", "content": "What is f(3)?"}
ANSWER = {"role": "assistant", "content": "4"}


def prepared(name: str) -> Any:
    tokenizer = tokenizer_of(KINDS[name])
    prepare(tokenizer, f"a {name} model")
    return tokenizer


def control_ids(tokenizer: Any, ids: list[int]) -> list[int]:
    return [token for token in ids if token in set(tokenizer.all_special_ids)]


@pytest.mark.parametrize("name", KINDS)
def test_a_program_that_holds_control_tokens_adds_none_to_a_prompt(name: str) -> None:
    tokenizer = prepared(name)
    program = f"def f():\n    return '{' '.join(KINDS[name].special)}'"
    [plain], [prompt] = tokenise([[ASKED]], tokenizer), tokenise([[{**ASKED, "content": program}]], tokenizer)
    assert control_ids(tokenizer, prompt) == control_ids(tokenizer, plain)
    assert program in tokenizer.decode(prompt)


@pytest.mark.parametrize("name", KINDS)
def test_an_answer_that_holds_control_tokens_is_learnt_as_text_and_ends_once(name: str) -> None:
    tokenizer, value = prepared(name), f"'{KINDS[name].special[0]}'"
    rows = [{"prompt": [ASKED], "completion": [{**ANSWER, "content": each}]} for each in ("4", value)]
    plain, marked = (
        [token for token, label in zip(each["input_ids"], each["labels"], strict=True) if label != IGNORED]
        for each in examples(rows, tokenizer, 1000)
    )
    assert control_ids(tokenizer, marked) == control_ids(tokenizer, plain)
    assert tokenizer.decode(marked) == KINDS[name].learnt.replace("4", value)


def test_texts_without_control_tokens_and_the_marks_of_a_text_stay_as_they_are() -> None:
    tokenizer = prepared("qwen2.5")
    text = prompt_text(tokenizer, [ASKED])
    assert encode(tokenizer, [text]) == tokenizer([text], add_special_tokens=False)["input_ids"]
    odd = f"'{MARK}<{MARK}|im_end|>{MARK}{MARK}<|im_end|>'"
    [ids] = tokenise([[{**ASKED, "content": odd}]], tokenizer)
    assert odd in tokenizer.decode(ids)


def test_control_tokens_that_the_tokenizer_calls_ordinary_are_text_too() -> None:
    tokenizer = prepared("qwen2.5")
    tokenizer.add_tokens(["<|fim_prefix|>"])
    [ids] = tokenise([[{**ASKED, "content": "x = '<|fim_prefix|>'"}]], tokenizer)
    assert tokenizer.convert_tokens_to_ids("<|fim_prefix|>") not in ids
    assert "x = '<|fim_prefix|>'" in tokenizer.decode(ids)


@pytest.mark.slow
def test_the_tokenizer_of_a_real_model_takes_its_own_control_tokens_in_a_program_for_text(tmp_path: Path) -> None:
    pytest.importorskip("gguf")
    path = pytest.importorskip("codereasoner.models.gguf_files").smollm2_file()
    transformers = pytest.importorskip("transformers")
    transformers.AutoTokenizer.from_pretrained(str(path.parent), gguf_file=path.name).save_pretrained(tmp_path)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    prepare(tokenizer, "smollm2")
    program = "def f(s):\n    return s.split('<|im_end|>')[0] + '<|im_start|>assistant'"
    [plain], [prompt] = tokenise([[ASKED]], tokenizer), tokenise([[{**ASKED, "content": program}]], tokenizer)
    assert control_ids(tokenizer, prompt) == control_ids(tokenizer, plain)
    assert program in tokenizer.decode(prompt)
    as_text = tokenizer(program, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    assert str(as_text)[1:-1] in str(prompt)
