"""A model behind an OpenAI-compatible endpoint: vLLM, SGLang, Ollama, or a hosted one."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from queue import SimpleQueue
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

from codereasoner.errors import ConfigError, EndpointError, import_extra
from codereasoner.extend import Completion, Model, Prompt, Sampling, commonest
from codereasoner.models.notices import say_once
from codereasoner.models.reply import OddReply, decoded, plain, read_reply, whole_letters, words_of
from codereasoner.models.request import LIMITS, Parameters, request_headers, secrets_of, server_address
from codereasoner.outputs import without_secrets
from codereasoner.records import content_id

if TYPE_CHECKING:
    from httpx2 import AsyncClient

FIRST = 8  # requests that must not all fail: enough to tell a wrong address from bad luck, few enough to be quick
FEW = 2  # further attempts where more rarely help: an odd reply, or a server that was never reached
CONNECT = 20.0  # seconds in which a server is reached or is not; a firewall that drops packets would take minutes
LONG = 10.0  # seconds; a user wants to know why nothing happens for so long, also in the middle of an evaluation
SLOWEST = 120.0  # seconds; a server that asks for a longer pause is asked again after this one
LONGEST = 32_000_000  # bytes of a reply: a hundred times the longest answer, and no danger to memory
OPENAI = "https://api.openai.com/v1"
HINTS = {
    "WRONG_VERSION_NUMBER": ": the server speaks http, not https",
    "CERTIFICATE_VERIFY_FAILED": ": $SSL_CERT_FILE names a file of the certificates to trust",
}
"""What to do about an error of TLS, by a word in it."""
FATAL = (401, 403, 404)  # the key or the model: every other request would fail in the same way
PASSING = (408, 409, 425, 429)  # and everything from 500

Result = tuple[int, Completion] | BaseException | None


class Endpoint(Model):
    """`openai:NAME`, at `base_url`, else at $OPENAI_BASE_URL, else at OpenAI's own address.

    The key is read from $OPENAI_API_KEY; a local server needs none. Failures that may pass are tried again with
    back-off; a request that still fails gives a completion with finish "error" and the reason, and the others go on.
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
        **options: object,
    ) -> None:
        super().__init__(target, **options)
        if not target.strip():
            raise ConfigError("the model is named 'openai:', without a name: write openai:NAME")
        numbers = {
            "concurrency": concurrency,
            "requests-per-minute": 1 if requests_per_minute is None else requests_per_minute,
            "timeout": timeout,
        }
        for word, number in numbers.items():
            if not isinstance(number, int | float) or number <= 0:
                raise ConfigError(f"{word} is {number!r:.60}, and must be a number above 0")
        self._httpx = import_extra("httpx2", "eval")
        self._target = whole_letters(target)
        self.base_url = server_address(str(base_url or os.environ.get("OPENAI_BASE_URL") or ""))
        self._headers = request_headers(local=self.base_url is not None)
        self._secrets = secrets_of(self.base_url or "", self._headers["Authorization"])
        self.concurrency = concurrency
        self.price = (price_in, price_out)
        self._retries = retries
        self._timeout = timeout
        self._pace = Pace(requests_per_minute)
        self._parameters = Parameters(LIMITS[0] if self.base_url else LIMITS[1])
        self._answered = False  # has the server given any completion?
        self._told = False  # has the user read that a request failed and is tried again?
        self._told_until = 0.0  # requests at the same time are told to wait equally long: one sentence for all
        self._opens = False  # has a completion closed a thought that its prompt must have opened?

    @property
    def identity(self) -> str:
        """The model's name and where it is served."""
        return f"openai:{self._target}@{self.server}"

    @property
    def server(self) -> str:
        """The address without a user name or password; its query, which may hold a key, as a digest."""
        if self.base_url is None:
            return "default"
        parts = urlsplit(self.base_url)
        query = content_id(parts.query)[:8] if parts.query else ""
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query))

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[int, Completion]]:
        """Yield completions as they are ready, with up to `concurrency` requests at a time.

        The requests live in a thread of their own, which ends when the caller stops, even if requests are in flight.
        """
        results: SimpleQueue[Result] = SimpleQueue()
        stop = threading.Event()
        thread = threading.Thread(target=self._run, args=(prompts, sampling, results, stop), daemon=True)
        thread.start()
        failures = Failures(self.identity, self._answered, len(prompts))
        try:
            while (result := results.get()) is not None:
                if isinstance(result, BaseException):
                    raise result
                failures.count(result[1])
                yield result
        finally:
            stop.set()
            thread.join(1.0)

    def _run(
        self, prompts: Sequence[Prompt], sampling: Sampling, results: SimpleQueue[Result], stop: threading.Event
    ) -> None:
        """Do the requests in this thread's own event loop; the last result is None, or what ended them."""
        try:
            asyncio.run(self._ask_all(prompts, sampling, results, stop))
            results.put(None)
        except BaseException as error:  # noqa: BLE001 - it is raised where the completions are read
            results.put(error)

    async def _ask_all(
        self, prompts: Sequence[Prompt], sampling: Sampling, results: SimpleQueue[Result], stop: threading.Event
    ) -> None:
        left = iter(enumerate(prompts))
        most = self._httpx.Limits(max_connections=self.concurrency, max_keepalive_connections=self.concurrency)
        around = proxy_bypass(urlsplit(self.base_url or OPENAI).hostname or "")
        try:
            timeout = self._httpx.Timeout(self._timeout, connect=min(self._timeout, CONNECT))
            # Else every proxy of the environment is made, also one that cannot be and that $NO_PROXY goes around.
            way = self._httpx.AsyncHTTPTransport(limits=most) if around else None
            client = self._httpx.AsyncClient(headers=self._headers, timeout=timeout, limits=most, transport=way)
        except (ValueError, OSError, ImportError, self._httpx.InvalidURL) as error:  # a proxy or a certificate
            why = words_of(str(error))
            if isinstance(error, ImportError):
                why = "a SOCKS proxy takes a package: pip install socksio"
            elif isinstance(error, FileNotFoundError):
                why = f"there is no file {os.environ.get('SSL_CERT_FILE')}, which $SSL_CERT_FILE names"
            raise ConfigError(f"no connection to {self.server} can be made{self._detour()}: {why}") from None

        async def work() -> None:
            for index, prompt in left:
                results.put((index, await self._ask(client, prompt, sampling)))

        async with client:
            tasks = [asyncio.create_task(work()) for _ in range(min(self.concurrency, len(prompts)))]
            try:
                pending = set(tasks)
                while pending and not stop.is_set():
                    done, pending = await asyncio.wait(pending, timeout=0.1, return_when=asyncio.FIRST_EXCEPTION)
                    for task in done:
                        task.result()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, client: AsyncClient, prompt: Prompt, sampling: Sampling) -> Completion:
        messages = [{name: whole_letters(text) for name, text in turn.items()} for turn in prompt.messages]
        attempt = 0
        while True:
            await self._pace.wait()
            sent = self._parameters.body(sampling, prompt.sample)
            pause = None
            try:
                async with asyncio.timeout(self._timeout):  # of the whole reply, which may also come drop by drop
                    status, headers, text = await self._post(
                        client, {"model": self._target, "messages": messages, **sent}
                    )
                if status < 300:
                    return self._read(text, sampling)
                text = self._hidden(text)
                if self._parameters.refuse(status, text, sent, self.server):
                    continue
                reason, pause = f"{status}: {words_of(text)}", headers.get("retry-after")
                if status < 400 and (elsewhere := headers.get("location")):
                    there = self._absolute(elsewhere)
                    reason = f"{status}: the server redirects to {there}: give the address it is at as --base-url"
                if status in FATAL and not self._answered:
                    why = reason + self._hint(status)
                    raise ConfigError(f"the endpoint refuses model '{self.target}': {why}") from None
                most = self._retries if status in PASSING or status >= 500 else 0
            except OddReply as error:
                reason, most = self._hidden(str(error)), FEW if error.again else 0
            except self._httpx.ConnectTimeout:
                reason, most = f"no connection{self._detour()} within {min(self._timeout, CONNECT):g} s", FEW
            except (TimeoutError, self._httpx.TimeoutException):
                reason, most = f"no reply within {self._timeout:g} s", 1
            except (self._httpx.HTTPError, self._httpx.InvalidURL) as error:
                hint = next((hint for word, hint in HINTS.items() if word in str(error)), "")
                reason, most = f"no connection{self._detour()}: {error}{hint}", self._retries if self._answered else FEW
            if attempt >= min(most, self._retries):
                return Completion("", finish="error", reason=plain(reason))
            seconds = _pause(pause, attempt)
            long = seconds >= LONG and time.monotonic() > self._told_until
            if long or (not self._told and (attempt or not self._answered)):  # else it is a moment's trouble
                self._told = True
                self._told_until = time.monotonic() + seconds
                when = f" in {seconds:.0f} s, as it asks" if long else ""
                say_once(f"the server {self.server} gives no completion ({plain(reason)}); trying again{when}")
            await asyncio.sleep(seconds)
            attempt += 1

    async def _post(self, client: AsyncClient, body: Mapping[str, object]) -> tuple[int, Mapping[str, str], str]:
        """Return the status, the headers and the text of a reply.

        Raises:
            OddReply: it is longer than a reply can be, compressed in a way that was not asked for, or not text.
        """
        async with client.stream("POST", self._url, content=json.dumps(body)) as response:
            coding = response.headers.get("content-encoding", "")
            if coding in ("br", "zstd"):  # a few bytes of these can be gigabytes
                raise OddReply(f"the reply is compressed as {coding}, which was not asked for")
            data = bytearray()
            async for piece in response.aiter_bytes():
                data += piece
                if len(data) > LONGEST:
                    raise OddReply(f"the reply is longer than {LONGEST:,} bytes")
        text = decoded(data, response.charset_encoding, "strict" if response.status_code < 300 else "replace")
        return response.status_code, response.headers, text

    def _read(self, body: str, sampling: Sampling) -> Completion:
        """Read one reply; a text cut off inside a thought that its prompt had opened is all thought."""
        found = read_reply(body)
        opens = found.finish == "length" and not found.thoughts and (self._opens or sampling.thinking == "on")
        whole = found.split(opened=opens)
        self._answered = True
        self._opens |= bool(whole.thoughts and not found.thoughts and not found.text.lstrip().startswith(("<", "[")))
        return whole

    def _hidden(self, words: str) -> str:
        """Return a server's words without the secrets that it repeats."""
        for secret in self._secrets:
            words = words.replace(secret, "…")
        return words

    def _detour(self) -> str:
        """Name the proxy of the environment, which is forgotten easily where the server is on this machine."""
        address = urlsplit(self.base_url or OPENAI)
        proxy = getproxies().get(address.scheme) or getproxies().get("all")
        if not proxy or proxy_bypass(address.hostname or ""):
            return ""
        return f" through the proxy {proxy.rpartition('@')[2]} ($NO_PROXY={address.hostname} goes around it)"

    def _hint(self, status: int) -> str:
        if status != 404:
            key = os.environ.get("OPENAI_API_KEY", "").strip()
            return "; is the key in $OPENAI_API_KEY right?" if key else "; $OPENAI_API_KEY is not set: no key was sent"
        without = self.base_url is not None and not re.search(r"/v\d", urlsplit(self.base_url).path)
        return "; is /v1 missing at the end of --base-url?" if without else ""

    def _absolute(self, address: str) -> str:
        """Return where a redirect leads, without a user name, password or query."""
        try:
            return without_secrets(urljoin(self._url, address))
        except ValueError:
            return without_secrets(address)

    @property
    def _url(self) -> str:
        base = urlsplit(self.base_url or OPENAI)
        return urlunsplit(base._replace(path=f"{base.path}/chat/completions"))


class Failures:
    """Counts the failures of a run and stops it when nothing but failures is to be expected.

    Either the first requests all fail, or several times as many in a row after an answer.
    """

    def __init__(self, server: str, answered: bool, total: int) -> None:
        self._server = server
        self._most = FIRST * 4 if answered else FIRST
        self._total = total
        self._row: Counter[str] = Counter()
        self._answers = int(answered)

    def count(self, completion: Completion) -> None:
        """Take one completion, or raise EndpointError if too many in a row have failed, and more would be asked."""
        if completion.finish != "error":
            self._row.clear()
            self._answers += 1
            self._most = FIRST * 4
            return
        self._row[completion.reason] += 1
        failed = self._row.total()
        if failed >= self._most and failed < self._total:
            when = "the last" if self._answers else "the first"
            raise EndpointError(f"{when} {failed} requests to {self._server} all failed: {commonest(self._row)}")


def _pause(asked: str | None, attempt: int) -> float:
    """Return the seconds before the next attempt: twice as long each time, at random, or longer if the server asks.

    A server asks for a number of seconds, or for a date in HTTP's form, which is past where clocks differ.
    """
    try:
        wanted = float(asked or "nan")
    except ValueError:
        wanted = _seconds_until(asked or "")
    own = float(min(8.0, 0.5 * 2**attempt) * random.uniform(0.75, 1.0))
    return max(own, min(wanted, SLOWEST)) if wanted >= 0 else own


def _seconds_until(date: str) -> float:
    """Return the seconds until a date, 0 for one that is past; nan for a text that is none."""
    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return float("nan")


class Pace:
    """Let callers pass one after another, at most N a minute (None: no limit)."""

    def __init__(self, per_minute: float | None) -> None:
        self._gap = 60.0 / per_minute if per_minute else 0.0
        self._next = 0.0

    async def wait(self) -> None:
        """Return when it is the caller's turn."""
        turn = max(self._next, time.monotonic())
        self._next = turn + self._gap
        if turn > time.monotonic():
            await asyncio.sleep(turn - time.monotonic())
