"""The real server that comes with transformers, with a tiny model: what we send is understood, what it says is read."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codereasoner import extend
from codereasoner.errors import ConfigError, EndpointError
from codereasoner.extend import Completion, Prompt, Sampling
from codereasoner.task import Question

pytest.importorskip("httpx2")
pytest.importorskip("torch")
pytest.importorskip("fastapi", reason="transformers serve needs fastapi")
pytest.importorskip("uvicorn", reason="transformers serve needs uvicorn")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
QUESTION = Question("output", {"source": "", "entry": "f", "call": ""}, ("1",))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    from codereasoner.training.scratch import make_scratch_model

    folder = make_scratch_model(tmp_path_factory.mktemp("served") / "tiny", 0, "0.3m")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("transformers")
    command = [str(program), "serve", str(folder), "--port", str(port), "--host", "127.0.0.1", "--device", "cpu"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder.parent)
    try:
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                break
            time.sleep(0.5)
        assert process.poll() is None, "the server ended"
        yield f"http://127.0.0.1:{port}/v1", folder
    finally:
        process.terminate()
        process.wait(30)


def ask(server: tuple[str, Path], texts: list[str], sampling: Sampling, name: str = "") -> list[Completion]:
    address, folder = server
    model: Any = extend.find("model", f"openai:{name or folder}", base_url=address, concurrency=2)
    prompts = [Prompt(QUESTION, [{"role": "user", "content": text}]) for text in texts]
    done = dict(model.complete(prompts, sampling))
    return [done[index] for index in range(len(texts))]


def test_it_answers_as_the_same_model_does_here(server: tuple[str, Path]) -> None:
    texts = ["a", "def f(x):\n    return x\nassert f(1) == ??"]
    sampling = Sampling(max_tokens=8)
    found = ask(server, texts, sampling)
    here = dict(
        extend.find("model", str(server[1]), threads=1).complete(
            [Prompt(QUESTION, [{"role": "user", "content": text}]) for text in texts], sampling
        )
    )
    for index, each in enumerate(found):
        assert each.finish in ("stop", "length"), each.reason
        assert each.text.endswith(here[index].text)  # the server repeats the prompt of a model of this type
        assert each.completion_tokens <= 8


def test_what_is_said_about_thinking_and_sampling_is_taken_or_left_out(server: tuple[str, Path]) -> None:
    sampling = Sampling(0.7, 0.9, 8, top_k=5, min_p=0.1, thinking="off", thinking_budget=4, effort="low")
    [found] = ask(server, ["a"], sampling)
    assert found.finish != "error", found.reason


def test_a_model_that_it_does_not_serve_is_told_in_its_own_words(server: tuple[str, Path]) -> None:
    with pytest.raises((ConfigError, EndpointError), match=r"pinned|refuses") as error:
        ask(server, ["a"] * 9, Sampling(max_tokens=8), name="nosuch")
    assert "nosuch" in str(error.value)
