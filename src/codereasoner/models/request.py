"""The address, the headers and the body of a request, and what of it a server refuses: servers differ in the parameters
that they know.
"""

import base64
import json
import os
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from codereasoner.errors import ConfigError
from codereasoner.extend import Sampling
from codereasoner.models.notices import say_once
from codereasoner.models.reply import words_of

LIMITS = ("max_tokens", "max_completion_tokens")
"""The limit of an answer has two names; a server that refuses one of them takes the other."""
_SHORTEST = 6  # letters of a secret: a shorter one, such as a version in a query, would be found in any sentence
_LAST = ("top_p", "temperature", *LIMITS)
"""The parameters that are given up last where a message names several."""
_REFUSAL = re.compile(
    r"unsupported|not support|only the default|unrecognized|unknown|unexpected|extra (?:input|field)|extra_forbidden|"
    r"not permitted|not allowed|not accept|invalid (?:parameter|argument|field)|cannot (?:both )?be|deprecated",
    re.IGNORECASE,
)


def server_address(given: str) -> str | None:
    """Return the address of a server without what is at its end too much; None for none."""
    try:
        parts = urlsplit(given.strip())
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        usable = usable and given.strip().isprintable() and not re.search(r'[\s"\\]', given.strip())
    except ValueError:
        usable = False
    if not given.strip():
        return None
    if not usable:
        raise ConfigError(
            "the address of a server begins with http:// or https:// and a host, and has no space, quote or backslash, "
            f"not as in {given!r:.80}"
        )
    path = parts.path.rstrip("/").removesuffix("/chat/completions").rstrip("/")
    return urlunsplit(parts._replace(path=path, fragment=""))


def request_headers(local: bool) -> dict[str, str]:
    """Return the headers of each request, with the key and the account of the environment."""
    key = (os.environ.get("OPENAI_API_KEY") or "").strip() or ("none" if local else None)
    if key is None:
        raise ConfigError("there is no API key: set $OPENAI_API_KEY, or give --base-url of a local server")
    found = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Accept-Encoding": "gzip, deflate"}
    for name, variable in (("OpenAI-Organization", "OPENAI_ORG_ID"), ("OpenAI-Project", "OPENAI_PROJECT_ID")):
        if account := (os.environ.get(variable) or "").strip():
            found[name] = account
    if not all(value.isascii() and value.isprintable() for value in found.values()):
        raise ConfigError("$OPENAI_API_KEY, $OPENAI_ORG_ID or $OPENAI_PROJECT_ID holds a character that no header can")
    return found


def secrets_of(address: str, authorization: str) -> list[str]:
    """Return what a server may repeat of a request and no message may show: the key, a login and the query."""
    parts = urlsplit(address)
    login = [unquote(each or "") for each in (parts.username, parts.password)]
    values = [value for _, value in parse_qsl(parts.query)]
    written = [authorization.rpartition(" ")[2], parts.query, parts.password or ""]
    found = {*written, *values, login[1], base64.b64encode(":".join(login).encode()).decode()}
    return sorted((each for each in found if len(each) >= _SHORTEST), key=len, reverse=True)


class Parameters:
    """The parameters of all requests to one server: what it refused once is renamed or left out from then on."""

    def __init__(self, limit: str) -> None:
        self._limit = limit
        self._refused: list[str] = []

    def body(self, sampling: Sampling, sample: int) -> dict[str, object]:
        """Return what is sent in addition to the model and the messages; each sample has a seed of its own."""
        body: dict[str, object] = {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sampling.seed + sample,
            self._limit: sampling.max_tokens,
        }
        optional = {
            "top_k": sampling.top_k or None,
            "min_p": sampling.min_p or None,
            "reasoning_effort": sampling.effort,
            "thinking_budget": sampling.thinking_budget,
            "chat_template_kwargs": sampling.template_arguments() or None,
        }
        body |= {name: value for name, value in optional.items() if value is not None}
        return {name: value for name, value in (body | dict(sampling.extra_body)).items() if name not in self._refused}

    def refuse(self, status: int, reply: str, sent: Mapping[str, object], server: str) -> bool:
        """Give up a parameter that a reply refuses; False where it refuses none that was sent."""
        name = _refused(reply, sent) if status in (400, 404, 422) else None
        if name is None or name in self._refused:  # other requests that were under way are sent again, too
            return name is not None
        self._refused.append(name)
        other = LIMITS[LIMITS[0] == name] if name in LIMITS else None
        if other is not None and other not in self._refused:
            self._limit = other
            say_once(f"{server} refuses '{name}' and is sent '{other}' instead: {words_of(reply)}")
        else:
            say_once(f"{server} refuses '{name}', which is left out from here on: {words_of(reply)}")
        return True


def _refused(reply: str, sent: Mapping[str, object]) -> str | None:
    """Return the name of the parameter that a reply refuses; None where it is about something else."""
    if not _REFUSAL.search(reply):
        return None
    named = [name for name in _named(reply) if name in sent]
    words = words_of(reply)
    named += [name for name in sent if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", words)]
    order = {name: place for place, name in enumerate(_LAST, start=1)}
    return min(named, key=lambda name: order.get(name, 0), default=None)


def _named(reply: str) -> list[str]:
    """Return the parameters that an error names in fields: OpenAI's `param`, and the last part of pydantic's `loc`."""
    try:
        body = json.loads(reply)
    except (ValueError, RecursionError):
        return []
    error = body.get("error", body) if isinstance(body, dict) else None
    found = [error.get("param")] if isinstance(error, dict) else []
    details = body.get("detail") if isinstance(body, dict) else None
    for each in details if isinstance(details, list) else []:
        if isinstance(each, dict) and isinstance(each.get("loc"), list) and each["loc"]:
            found.append(each["loc"][-1])
    return [name for name in found if isinstance(name, str)]
