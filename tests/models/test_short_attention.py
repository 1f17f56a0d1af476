"""Attention over short rows in bf16 is that of torch, in other sums."""

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.libraries import library

if TYPE_CHECKING:
    from codereasoner.models.checkpoint import Checkpoint

torch = library("torch")
checkpoint = library("codereasoner.models.checkpoint")
scratch = library("codereasoner.training.scratch")
short = library("codereasoner.models.short_attention")


@pytest.fixture(scope="module", params=["0.3m", "0.4m-conv"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> "Checkpoint":
    folder: Path = tmp_path_factory.mktemp("short") / "model"
    made: Checkpoint = checkpoint.load_checkpoint(str(scratch.make_scratch_model(folder, 0, request.param)))
    return made


def with_sdpa(model: "Checkpoint") -> Any:
    plain = copy.deepcopy(model.model)
    plain.set_attn_implementation("sdpa")
    return plain


def padded_rows() -> tuple[Any, Any]:
    """Return rows of tokens and their mask: one is padded on the left, as prompts are."""
    left = torch.ones(3, 20, dtype=torch.long)
    left[1, :7] = 0
    return torch.arange(1, 61).view(3, 20) % 50, left


@pytest.mark.parametrize("padded", [False, True], ids=["whole rows", "padded rows"])
def test_it_computes_what_torch_does(model: "Checkpoint", padded: bool) -> None:
    assert model.model.config._attn_implementation == short.NAME
    plain = with_sdpa(model)
    inputs, left = padded_rows()
    mask = left if padded else None
    labels = inputs if mask is None else inputs.masked_fill(mask.cumsum(1) < 2, -100)  # padding foretells nothing
    found = []
    for each in (model.model, plain):
        with torch.autocast("cpu", torch.bfloat16):
            loss = each(input_ids=inputs, attention_mask=mask, labels=labels, use_cache=False).loss
        loss.backward()
        found.append((loss.item(), torch.cat([p.grad.flatten() for p in each.parameters() if p.grad is not None])))
        each.zero_grad()
    (mine, gradients), (theirs, expected) = found
    assert mine == pytest.approx(theirs, rel=2e-3)
    assert torch.nn.functional.cosine_similarity(gradients, expected, dim=0) > 0.999


def test_it_writes_what_torch_does_token_by_token(model: "Checkpoint") -> None:
    inputs, left = padded_rows()
    plain = with_sdpa(model).to(torch.bfloat16)
    mine = copy.deepcopy(model.model).to(torch.bfloat16)
    options = {"max_new_tokens": 8, "do_sample": False, "output_scores": True, "return_dict_in_generate": True}
    scores = [torch.stack(each.generate(inputs, attention_mask=left, **options).scores) for each in (mine, plain)]
    torch.testing.assert_close(scores[0][0], scores[1][0], atol=0.03, rtol=0.03)


@pytest.mark.parametrize("tokens", [1, 5, 16])
@pytest.mark.parametrize("bias", [False, True], ids=["boolean mask", "added mask"])
def test_heads_that_share_a_key_are_those_of_torch(tokens: int, bias: bool) -> None:
    torch.manual_seed(0)
    query = torch.randn(2, 6, tokens, 8, dtype=torch.bfloat16)
    key, value = (torch.randn(2, 2, 16, 8, dtype=torch.bfloat16) for _ in range(2))
    mask = torch.rand(2, 1, tokens, 16) > 0.3
    mask[..., 0] = True
    given = torch.zeros(mask.shape, dtype=torch.bfloat16).masked_fill(~mask, float("-inf")) if bias else mask
    mine, _ = short.short_attention(torch.nn.Module(), query, key, value, given)
    theirs = torch.nn.functional.scaled_dot_product_attention(query, key, value, given, enable_gqa=True)
    torch.testing.assert_close(mine, theirs.transpose(1, 2), atol=0.03, rtol=0.03)


def test_long_rows_and_fp32_are_left_to_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    called = []
    monkeypatch.setattr(
        "transformers.integrations.sdpa_attention.sdpa_attention_forward", lambda *given, **_: called.append(given)
    )
    monkeypatch.setattr("torch.matmul", None)
    side = int(short.MOST_SCORES**0.5) + 1
    for tokens, kind in ((side, torch.bfloat16), (4, torch.float32)):
        rows = torch.zeros(1, 1, tokens, 2, dtype=kind)
        short.short_attention(torch.nn.Module(), rows, rows, rows, None)
    assert len(called) == 2
