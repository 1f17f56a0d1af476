"""Models on this machine: batching changes nothing but the speed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from codereasoner import extend
from codereasoner.errors import ConfigError
from codereasoner.extend import Completion, Model, Prompt, Sampling
from codereasoner.records import Run
from codereasoner.training.scratch import make_scratch_model

RUN = Run("def f(x):\n    return x\n", "f", "[1]", "ok", value="[1]")
SHORT = Sampling(max_tokens=12)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    pytest.importorskip("torch")
    folder = make_scratch_model(tmp_path_factory.mktemp("model") / "base", 0, "0.3m")
    found: Model = extend.find("model", str(folder), threads=1)
    return found


def prompts(texts: Sequence[str]) -> list[Prompt]:
    question = extend.task("output").ask(RUN)[0]
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


def test_two_models_differ_in_their_identity_and_copies_do_not(model: Model, tmp_path: Path) -> None:
    same = make_scratch_model(tmp_path / "same", 0, "0.3m")
    other = make_scratch_model(tmp_path / "other", 1, "0.3m")
    assert extend.find("model", str(same)).identity == model.identity
    assert extend.find("model", str(other)).identity != model.identity


def test_no_prompts_need_no_model() -> None:
    assert list(extend.find("model", "nobody/nothing").complete([], SHORT)) == []


def test_a_folder_without_a_model_is_the_callers_mistake(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    with pytest.raises(ConfigError, match="cannot be loaded"):
        completions(extend.find("model", str(tmp_path)), ["a"])
