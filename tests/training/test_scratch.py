"""The tokenizer and the model that are made from nothing."""

from __future__ import annotations

import logging
import random
from pathlib import Path
from typing import Any

import pytest
from tests.libraries import library

from codereasoner.errors import UnknownName
from codereasoner.models.device import has_gpu
from codereasoner.training.scratch import CONTEXT, is_scratch_name, make_scratch_model, make_tokenizer
from codereasoner.training.settings import load, style_of

library("trl")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_scratch_model(tmp_path_factory.mktemp("scratch") / "base", seed=0, size="0.3m")


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> Any:
    return load(str(folder))[1]


LITERALS = [
    "[1, 2, 3]",
    "'naïve é e\u0301 漢字 \\n'",
    "{'a': (1, -2.5e-07), 'b': {3, 4}, 'c': None}",
    "'  two  blanks, a comma; return if in '",
    "b'\\x00\\xff'",
    "float('nan')",
    '"it\'s </answer> <reasoning>"',
]


@pytest.mark.parametrize("text", LITERALS)
def test_every_literal_comes_back_as_it_was(tokenizer: Any, text: str) -> None:
    ids = tokenizer(text)["input_ids"]
    assert tokenizer.decode(ids) == text
    assert tokenizer.decode(ids, skip_special_tokens=True) == text


def test_every_letter_and_digit_of_a_literal_is_a_token_of_its_own(tokenizer: Any) -> None:
    chance = random.Random("test/scratch/literals")
    words = ["return", "if", "sin x", "for", "len", "abc", "x = [", "12, 34", "else", "append", "f", "in "]
    for _ in range(300):
        text = repr([chance.choice(words) + chance.choice("abc123 ,:=[]") for _ in range(4)] + [chance.randint(0, 999)])
        for token in tokenizer.convert_ids_to_tokens(tokenizer(text)["input_ids"]):
            assert len(token) == 1 or not any(char.isalnum() for char in token), token


def test_any_text_comes_back_as_it_was(tokenizer: Any) -> None:
    chance = random.Random("test/scratch/texts")
    pieces = ["def f(x):", "\n    ", "x", "é", "\r\n", "<answer>", "=", " == ", "??", "漢", "\t", "\n\n=", "\x00", "1"]
    for _ in range(200):
        text = "".join(chance.choice(pieces) for _ in range(12))
        assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_pad_is_not_the_end_of_a_turn_and_prompts_are_padded_on_the_left(tokenizer: Any) -> None:
    assert tokenizer.pad_token_id != tokenizer.eos_token_id
    assert tokenizer.padding_side == "left"
    assert tokenizer.model_max_length == CONTEXT


def test_the_chat_template_marks_where_the_model_begins_and_ends(tokenizer: Any) -> None:
    asked = [{"role": "user", "content": "q"}]
    prompt = tokenizer.apply_chat_template(asked, add_generation_prompt=True, tokenize=False)
    whole = tokenizer.apply_chat_template([*asked, {"role": "assistant", "content": "a"}], tokenize=False)
    assert whole == prompt + "a" + tokenizer.eos_token


def test_the_tags_survive_the_decoding_of_trainers(tokenizer: Any) -> None:
    text = "<reasoning>x</reasoning><answer>1</answer>"
    ids = tokenizer(text)["input_ids"]
    assert len(ids) == 6
    assert tokenizer.batch_decode([[*ids, tokenizer.eos_token_id]], skip_special_tokens=True) == [text]


def test_the_model_is_an_ordinary_folder_with_a_style(folder: Path) -> None:
    model, _ = load(str(folder))
    assert 200_000 < model.num_parameters() < 1_000_000
    assert model.config.tie_word_embeddings
    assert style_of(str(folder)) == "terse"


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(folder: Path, tmp_path: Path) -> None:
    weights = (folder / "model.safetensors").read_bytes()
    assert (make_scratch_model(tmp_path / "same", 0, "0.3m") / "model.safetensors").read_bytes() == weights
    assert (make_scratch_model(tmp_path / "other", 1, "0.3m") / "model.safetensors").read_bytes() != weights


def test_a_model_that_is_there_is_not_made_again(folder: Path) -> None:
    before = (folder / "model.safetensors").stat().st_mtime_ns
    make_scratch_model(folder, 0, "0.3m")
    assert (folder / "model.safetensors").stat().st_mtime_ns == before


def test_an_unknown_size_lists_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="there are: 0"):
        make_scratch_model(tmp_path / "base", 0, "7b")


def test_scratch_names_are_told_from_folders_and_hub_names() -> None:
    assert is_scratch_name("scratch:1m")
    assert not is_scratch_name("Qwen/Qwen2.5-Coder-7B-Instruct")


def test_the_tokenizer_is_the_same_each_time() -> None:
    assert make_tokenizer().get_vocab() == make_tokenizer().get_vocab()


def test_a_model_with_convolutions_answers_a_padded_batch_as_single_prompts(tmp_path: Path) -> None:
    model, tokenizer = load(str(make_scratch_model(tmp_path / "base", seed=1, size="0.4m-conv")))
    prompts = ["def f(x):\n    return x", "ab"]
    alone = [_greedy(model, tokenizer, [prompt])[0] for prompt in prompts]
    assert _greedy(model, tokenizer, prompts) == alone
    assert len(set(alone)) == 2


@pytest.mark.skipif(has_gpu(), reason="on a GPU the kernel is worth installing")
def test_on_a_cpu_nothing_is_said_of_kernels_for_gpus(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernels = logging.getLogger("transformers.integrations.hub_kernels")
    monkeypatch.setattr(kernels, "level", logging.WARNING)
    kernels.manager._clear_cache()  # type: ignore[attr-defined]
    assert kernels.isEnabledFor(logging.WARNING)
    load(str(folder))
    assert not kernels.isEnabledFor(logging.WARNING)


def _greedy(model: Any, tokenizer: Any, prompts: list[str]) -> list[str]:
    batch = tokenizer(prompts, padding=True, return_tensors="pt")
    ids = model.eval().generate(**batch, max_new_tokens=12, do_sample=False)
    return list(tokenizer.batch_decode(ids[:, batch["input_ids"].shape[1] :]))
