"""A model behind an OpenAI-compatible endpoint: vLLM, SGLang, Ollama, or a hosted one."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

from codereasoner.errors import ConfigError, import_extra
from codereasoner.extend import Completion, Model, Prompt, Sampling


class Endpoint(Model):
    """`openai:NAME`, at `base_url` where one is given.

    The key is read from $OPENAI_API_KEY; a local server needs none. The client retries 429, 5xx and dropped
    connections with back-off; a request that still fails gives a completion with finish "error", and the others go on.
    """

    name = "openai"

    def __init__(
        self,
        target: str,
        base_url: str | None = None,
        concurrency: int = 32,
        requests_per_minute: float | None = None,
        price_in: float = 0.0,
        price_out: float = 0.0,
        retries: int = 6,
        timeout: float = 600.0,
        **options: Any,
    ) -> None:
        super().__init__(target, **options)
        if not target:
            raise ConfigError("the model is named 'openai:', without a name: write openai:NAME")
        for word, number in (("concurrency", concurrency), ("requests-per-minute", requests_per_minute or 1)):
            if number <= 0:
                raise ConfigError(f"{word} is {number}, and must be positive")
        openai = import_extra("openai", "eval")
        key = os.environ.get("OPENAI_API_KEY") or ("none" if base_url else None)
        if key is None:
            raise ConfigError("there is no API key: set $OPENAI_API_KEY, or give --base-url of a local server")
        self.concurrency = concurrency
        self.price = (price_in, price_out)
        self._pace = Pace(requests_per_minute)
        self.base_url = base_url
        self._client = openai.OpenAI(api_key=key, base_url=base_url, max_retries=retries, timeout=timeout)
        self._fatal = (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError)
        self._failures = openai.OpenAIError

    @property
    def identity(self) -> str:
        """The model's name and where it is served."""
        return f"openai:{self.target}@{self.base_url or 'default'}"

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[int, Completion]]:
        """Up to `concurrency` requests at a time; completions come as they are ready.

        Raises:
            ConfigError: the endpoint refuses the key, or does not know the model.
        """
        with ThreadPoolExecutor(self.concurrency) as executor:
            futures = {executor.submit(self._ask, prompt, sampling): index for index, prompt in enumerate(prompts)}
            try:
                for future in as_completed(futures):
                    yield futures[future], future.result()
            finally:
                for future in futures:
                    future.cancel()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _ask(self, prompt: Prompt, sampling: Sampling) -> Completion:
        self._pace.wait()
        limit = "max_tokens" if self.base_url else "max_completion_tokens"
        try:
            response = self._client.chat.completions.create(
                model=self.target,
                messages=list(prompt.messages),
                temperature=sampling.temperature,
                top_p=sampling.top_p,
                seed=sampling.seed + prompt.sample,
                **{limit: sampling.max_tokens},
            )
        except self._fatal as error:
            raise ConfigError(f"the endpoint refuses model '{self.target}': {error}") from None
        except self._failures:
            return Completion("", finish="error")
        choice, usage = response.choices[0], response.usage
        return Completion(
            choice.message.content or "",
            "length" if choice.finish_reason == "length" else "stop",
            usage.prompt_tokens if usage else 0,
            usage.completion_tokens if usage else 0,
        )


class Pace:
    """Lets callers of many threads pass one after another, so many a minute at most; None: as they come."""

    def __init__(self, per_minute: float | None) -> None:
        self._gap = 60.0 / per_minute if per_minute else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when it is the caller's turn."""
        with self._lock:
            turn = max(self._next, time.monotonic())
            self._next = turn + self._gap
        time.sleep(max(0.0, turn - time.monotonic()))
