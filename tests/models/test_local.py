"""Models on this machine: batching changes nothing but the speed."""

from __future__ import annotations

import functools
import json
import os
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.libraries import library

from codereasoner import extend
from codereasoner.errors import ConfigError, DataError
from codereasoner.extend import Completion, Model, Prompt, Sampling
from codereasoner.models import local, threads
from codereasoner.models.checkpoint import context_of, load_checkpoint, loading
from codereasoner.models.group_decoding import share_prompts
from codereasoner.models.local import Local, tokenise
from codereasoner.models.threads import choose_threads
from codereasoner.records import Run
from codereasoner.training.scratch import TEMPLATE, make_scratch_model, make_tokenizer

torch = library("torch")

RUN = Run("def f(x):\n    return x\n", "f", "[1]", "ok", value="[1]")
SHORT = Sampling(max_tokens=12)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    pytest.importorskip("torch")
    folder = make_scratch_model(tmp_path_factory.mktemp("model") / "base", 0, "0.3m")
    found: Model = extend.find("model", str(folder), threads=1)
    return found


def prompts(texts: Sequence[str]) -> list[Prompt]:
    question = extend.task("output").collect(RUN).questions[0]
    return [Prompt(question, [{"role": "user", "content": text}]) for text in texts]


def completions(model: Model, texts: Sequence[str], sampling: Sampling = SHORT) -> list[Completion]:
    found = dict(model.complete(prompts(texts), sampling))
    assert len(found) == len(texts)
    return [found[index] for index in range(len(texts))]


TEXTS = ["a", "def f(x):\n    return x[::-1]\nassert f([1, 2, 3]) == ??", "bc", "assert ?? == [1]" * 5, "0 0 0"]


def test_a_greedy_completion_is_the_same_in_a_batch_and_alone(model: Model) -> None:
    together = completions(model, TEXTS)
    assert together == [completions(model, [text])[0] for text in TEXTS]


def test_a_model_keeps_the_style_it_was_trained_with(model: Model) -> None:
    assert model.style == "terse"


def test_a_completion_that_is_cut_off_says_so_and_tokens_are_counted(model: Model) -> None:
    found = completions(model, TEXTS, Sampling(max_tokens=3))
    for each in found:
        assert each.completion_tokens == 3 if each.finish == "length" else each.completion_tokens <= 3
    assert any(each.finish == "length" for each in found)
    assert found[0].prompt_tokens == 3  # user, a, assistant


def test_the_same_seed_samples_the_same_text_and_another_seed_another(model: Model) -> None:
    first = completions(model, TEXTS, Sampling(temperature=1.0, max_tokens=8, seed=1))
    assert first == completions(model, TEXTS, Sampling(temperature=1.0, max_tokens=8, seed=1))
    assert first != completions(model, TEXTS, Sampling(temperature=1.0, max_tokens=8, seed=2))


def test_what_a_model_declares_about_its_own_sampling_changes_no_answer(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """As Qwen's models declare a repetition penalty, which transformers adds to what a caller leaves open."""
    folder = make_scratch_model(tmp_path / "base", 0, "0.3m")
    plain = completions(extend.find("model", str(folder), threads=1), TEXTS)
    declared = json.loads((folder / "generation_config.json").read_text())
    declared |= {"do_sample": True, "temperature": 0.7, "top_k": 20, "repetition_penalty": 100.0, "min_p": 0.9}
    declared |= {"no_repeat_ngram_size": 1, "max_length": 7}
    (folder / "generation_config.json").write_text(json.dumps(declared))
    capfd.readouterr()
    found: Any = extend.find("model", str(folder), threads=1)
    assert completions(found, TEXTS) == plain
    assert capfd.readouterr().err == ""
    assert found.load().model.generation_config.repetition_penalty == 100.0  # it is saved with the trained model


def test_threads_that_ask_one_model_take_turns(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model's own settings are put aside while it generates: two at once would lose or use them."""
    inside: list[int] = []
    most = [0]
    plain = local._generate

    def watched(*given: Any) -> list[list[int]]:
        inside.append(1)
        most[0] = max(most[0], len(inside))
        time.sleep(0.05)
        try:
            return plain(*given)
        finally:
            inside.pop()

    monkeypatch.setattr(local, "_generate", watched)
    with ThreadPoolExecutor(4) as together:
        found = list(together.map(lambda _: completions(model, TEXTS), range(4)))
    assert most == [1]
    assert found[1:] == found[:-1]


def test_two_models_differ_in_their_identity_and_copies_do_not(model: Model, tmp_path: Path) -> None:
    same = make_scratch_model(tmp_path / "same", 0, "0.3m")
    other = make_scratch_model(tmp_path / "other", 1, "0.3m")
    assert extend.find("model", str(same)).identity == model.identity
    assert extend.find("model", str(other)).identity != model.identity


def test_no_prompts_need_no_model() -> None:
    assert list(Local("nobody/nothing").complete([], SHORT)) == []


def test_a_folder_without_a_model_is_the_callers_mistake(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no model: it has no config"):
        extend.find("model", str(tmp_path))


def edited(path: Path, **fields: Any) -> None:
    path.write_text(json.dumps({**(json.loads(path.read_text()) if path.is_file() else {}), **fields}))


def broken(folder: Path, fault: str) -> None:
    """Break the files of a model in one way."""
    from safetensors.torch import load_file, save_file

    weights = folder / "model.safetensors"
    held = load_file(weights)
    name = next(each for each in held if each.endswith("q_proj.weight"))
    match fault:
        case "a weight is missing":
            del held[name]
        case "a weight is NaN":
            held[name] = held[name] * float("nan")
        case "fewer tokens than the tokenizer":
            small = min(each.shape[0] for each in held.values() if each.ndim == 2) // 2
            held = {key: each[:small] if "embed" in key or "lm_head" in key else each for key, each in held.items()}
            edited(folder / "config.json", vocab_size=small, pad_token_id=None)
        case "attention of a missing library":
            edited(folder / "config.json", _attn_implementation="flash_attention_2")
        case "no heads":
            edited(folder / "config.json", num_attention_heads=0)
        case "adapters without weights":
            (folder / "config.json").unlink()
            edited(folder / "adapter_config.json", peft_type="LORA", base_model_name_or_path="x")
        case "adapters of nothing":
            (folder / "config.json").unlink()
            edited(folder / "adapter_config.json", peft_type="LORA", base_model_name_or_path="/no/where")
            (folder / "adapter_model.safetensors").touch()
    save_file(held, weights, metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("a weight is missing", r"its files lack 1 weight of its config, such as \S+q_proj\.weight$"),
        ("a weight is NaN", r"computes no numbers \(NaN\): its weights are broken$"),
        ("fewer tokens than the tokenizer", r"has a token \d+, and its model knows \d+: they do not fit$"),
        ("attention of a missing library", "cannot be loaded: FlashAttention2"),
        ("no heads", "cannot be loaded: "),
        ("adapters without weights", r"adapter_model\.safetensors is missing$"),
        ("adapters of nothing", "there is no model /no/where"),
    ],
)
def test_a_model_whose_files_do_not_fit_is_refused_before_it_answers_by_chance(
    tmp_path: Path, fault: str, sentence: str
) -> None:
    folder = make_scratch_model(tmp_path / "base", 0, "0.3m")
    broken(folder, fault)
    with pytest.raises(ConfigError, match=sentence):
        completions(extend.find("model", str(folder), threads=1), ["a"])


def test_weights_that_git_lfs_has_not_fetched_are_named(tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    weights.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:a\nsize 9\n")
    with pytest.raises(ConfigError, match="safetensors is a pointer of Git LFS, not the file"), loading(str(tmp_path)):
        raise OSError("header too large")


def test_adapters_that_lack_some_of_their_weights_are_refused(tmp_path: Path) -> None:
    peft = pytest.importorskip("peft")
    base = make_scratch_model(tmp_path / "base", 0, "0.3m")
    adapters = peft.LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM")
    with warnings.catch_warnings(action="ignore", category=FutureWarning):
        peft.get_peft_model(load_checkpoint(str(base)).model, adapters).save_pretrained(tmp_path / "adapters")
    edited(tmp_path / "adapters" / "adapter_config.json", base_model_name_or_path=str(base))
    assert completions(extend.find("model", str(tmp_path / "adapters"), threads=1), ["a"])
    edited(tmp_path / "adapters" / "adapter_config.json", target_modules=["v_proj"])
    with pytest.raises(ConfigError, match="Found missing adapter keys"):
        load_checkpoint(str(tmp_path / "adapters"))


def test_adapters_with_tokens_of_their_own_bring_the_vocabulary_that_they_were_trained_with(tmp_path: Path) -> None:
    peft = pytest.importorskip("peft")
    base = make_scratch_model(tmp_path / "base", 0, "0.3m")
    model, tokenizer = load_checkpoint(str(base)).model, load_checkpoint(str(base)).tokenizer
    tokenizer.add_tokens(["<think>", "</think>"])
    model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    adapters = peft.LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM")
    with warnings.catch_warnings(action="ignore"):
        peft.get_peft_model(model, adapters).save_pretrained(tmp_path / "adapters", save_embedding_layers=True)
    tokenizer.save_pretrained(tmp_path / "adapters")
    edited(tmp_path / "adapters" / "adapter_config.json", base_model_name_or_path=str(base))
    assert load_checkpoint(str(tmp_path / "adapters")).model.get_input_embeddings().weight.shape[0] == len(tokenizer)


def test_a_trained_prompt_is_refused_as_what_it_is(tmp_path: Path) -> None:
    peft = pytest.importorskip("peft")
    base = make_scratch_model(tmp_path / "base", 0, "0.3m")
    prompt = peft.PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4)
    with warnings.catch_warnings(action="ignore", category=FutureWarning):
        peft.get_peft_model(load_checkpoint(str(base)).model, prompt).save_pretrained(tmp_path / "prompt")
    edited(tmp_path / "prompt" / "adapter_config.json", base_model_name_or_path=str(base))
    with pytest.raises(ConfigError, match=r"holds a trained prompt \(PROMPT_TUNING\)"):
        load_checkpoint(str(tmp_path / "prompt"))


@pytest.mark.parametrize("ends", ["</s>", [None, "x"], 10**9, -1])
def test_odd_tokens_that_a_model_declares_as_its_ends_are_left_out(tmp_path: Path, model: Model, ends: Any) -> None:
    folder = make_scratch_model(tmp_path / "base", 0, "0.3m")
    edited(folder / "generation_config.json", eos_token_id=ends)
    assert completions(extend.find("model", str(folder), threads=1), TEXTS) == completions(model, TEXTS)


def test_equal_prompts_are_read_once_and_answered_as_if_each_were_alone(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = completions(model, TEXTS)
    loaded, _ = model.load()  # type: ignore[attr-defined]
    read: list[int] = []
    forward = type(loaded).forward

    @functools.wraps(forward)
    def counted(self: Any, input_ids: Any = None, **options: Any) -> Any:
        read.append(input_ids.numel())
        return forward(self, input_ids, **options)

    monkeypatch.setattr(type(loaded), "forward", counted)
    together = completions(model, [text for text in TEXTS for _ in range(4)])
    shared = sum(read)
    assert together == [each for each in alone for _ in range(4)]
    read.clear()
    monkeypatch.setattr("codereasoner.models.group_decoding._can_share", lambda model: False)
    assert completions(model, [text for text in TEXTS for _ in range(4)]) == together
    assert shared < sum(read) / 2


def test_a_thought_that_has_used_up_its_budget_is_closed_and_the_answer_follows(tmp_path: Path) -> None:
    folder = make_scratch_model(tmp_path / "base", 0, "0.3m")
    found: Model = extend.find("model", str(folder), threads=1)
    loaded, tokenizer = found.load()  # type: ignore[attr-defined]
    tokenizer.chat_template = TEMPLATE.replace("{{ '<|assistant|>' }}", "{{ '<|assistant|><think>' }}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(loaded.generation_config), "eos_token_id", None, raising=False)
        [done] = completions(found, ["a"], Sampling(max_tokens=40, thinking_budget=5))
        [open_] = completions(found, ["a"], Sampling(max_tokens=40))
        [off] = completions(found, ["a"], Sampling(max_tokens=40, thinking="off"))
    assert (open_.text, open_.finish) == ("", "length")
    assert done.thoughts
    assert done.text
    assert len(tokenizer(done.thoughts)["input_ids"]) <= 5
    assert (off.thoughts, bool(off.text)) == ("", True)


def test_an_answer_ends_with_the_context_of_the_model_and_a_prompt_beyond_it_is_an_error(tmp_path: Path) -> None:
    """Of a model whose positions are learnt, which would end in an IndexError one token later."""
    from transformers import GPT2Config, GPT2LMHeadModel

    tokenizer = make_tokenizer()
    shape = {"vocab_size": len(tokenizer), "n_positions": 48, "n_embd": 16, "n_layer": 1, "n_head": 2}
    GPT2LMHeadModel(GPT2Config(**shape, bos_token_id=None, eos_token_id=None)).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    found: Model = extend.find("model", str(tmp_path), threads=1)
    texts, sampling = ["a", "b c d", "0 0 0 0 0", "x" * 60, "a"], Sampling(max_tokens=1000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("codereasoner.models.local.Reader.end", lambda self, row: None)  # it never ends by itself
        together = completions(found, texts, sampling)
        assert together == [completions(found, [text], sampling)[0] for text in texts]
    for text, each in zip(texts, together, strict=True):
        if text.startswith("x"):
            assert (each.finish, each.text) == ("error", "")
            assert (
                each.reason
                == f"the prompt has {each.prompt_tokens} tokens, and the model reads 48, its answer included"
            )
        else:
            assert each.finish == "length"
            assert each.prompt_tokens + each.completion_tokens == 48


YARN = {"rope_type": "yarn", "rope_theta": 1e6, "factor": 4.0, "original_max_position_embeddings": 1000}


@pytest.mark.parametrize(("positions", "rope", "context"), [(1000, None, 1000), (1000, YARN, 4000), (8000, YARN, 8000)])
def test_the_context_is_that_of_the_config_and_of_positions_that_are_stretched(
    positions: int, rope: dict[str, Any] | None, context: int
) -> None:
    from transformers import Qwen2Config

    config = Qwen2Config(max_position_embeddings=positions, rope_parameters=rope)
    model: Any = SimpleNamespace(config=config)
    assert context_of(model) == context


@pytest.mark.parametrize(("first", "later", "chosen"), [(0.001, 0.2, 1), (0.02, 0.001, None), (0.5, 0.5, None)])
def test_the_number_of_threads_is_measured_in_under_a_second(
    first: float, later: float, chosen: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step takes `first` seconds on one thread and `later` on more; None: more of them are as good, or better."""
    before, now = torch.get_num_threads(), [0.0]
    monkeypatch.setattr(threads, "time", SimpleNamespace(perf_counter=lambda: now[0]))

    def step(**inputs: Any) -> None:
        now[0] += first if torch.get_num_threads() == 1 else later

    try:
        torch.set_num_threads(2)
        found = choose_threads(step)
        assert now[0] < 1
        assert torch.get_num_threads() == found
        assert found == chosen if chosen else found > 1 or len(os.sched_getaffinity(0)) == 1
    finally:
        torch.set_num_threads(before)


def test_a_trainer_that_asks_for_a_group_of_completions_reads_its_prompt_once(tmp_path: Path) -> None:
    found: Any = extend.find("model", str(make_scratch_model(tmp_path / "base", 0, "0.3m")), threads=1)
    loaded, tokenizer = found.load()
    prompts = tokenise([[{"role": "user", "content": text}] for text in ("a b c", "0")], tokenizer)
    pad = tokenizer.pad_token_id
    width = max(map(len, prompts))
    padded = [[pad] * (width - len(each)) + each for each in prompts for _ in range(4)]
    inputs = torch.tensor(padded)
    mask = (inputs != pad).long()
    options: dict[str, Any] = {"max_new_tokens": 6, "do_sample": False, "pad_token_id": pad}
    plain = loaded.generate(input_ids=inputs, attention_mask=mask, **options)
    read: list[int] = []
    hook = loaded.get_input_embeddings().register_forward_hook(lambda *about: read.append(about[1][0].numel()))
    share_prompts(loaded)
    shared = loaded.generate(input_ids=inputs, attention_mask=mask, **options)
    hook.remove()
    assert torch.equal(plain, shared)
    assert read[0] == 2 * (width - 1)  # each prompt once, but for its last token
    assert max(read[1:]) == len(padded)


def test_a_completion_that_has_ended_is_computed_no_further_and_the_others_are_the_same(tmp_path: Path) -> None:
    found: Any = extend.find("model", str(make_scratch_model(tmp_path / "base", 0, "0.3m")), threads=1)
    loaded, tokenizer = found.load()
    texts = [[{"role": "user", "content": "ab" * number}] for number in range(12)]
    inputs = tokenizer.pad({"input_ids": tokenise(texts, tokenizer)}, padding_side="left", return_tensors="pt")

    width, pad = inputs["input_ids"].shape[1], tokenizer.pad_token_id
    shortest = int(inputs["attention_mask"].sum(-1).min())

    def end(ids: Any, scores: Any) -> Any:
        """End the row of N times two letters at its token N % 4 * 5."""
        for place, row in enumerate(ids):
            number = (int((row[:width] != pad).sum()) - shortest) // 2
            if len(row) - width == number % 4 * 5:
                scores[place, tokenizer.eos_token_id] = 1e9
        return scores

    options: dict[str, Any] = {"max_new_tokens": 30, "do_sample": False, "pad_token_id": pad}
    options |= {"eos_token_id": tokenizer.eos_token_id, "logits_processor": [end], **inputs}
    plain = loaded.generate(**options)
    read: list[int] = []
    hook = loaded.get_input_embeddings().register_forward_hook(lambda *about: read.append(len(about[1][0])))
    share_prompts(loaded)
    dropped = loaded.generate(**options)
    hook.remove()
    assert torch.equal(plain, dropped)
    assert read == [12] + [9] * 5 + [6] * 5 + [3] * 5
