"""The reply of a server is untrusted input: any field may be null, missing, a list or a text, and it may be no JSON.

What can be read gives a Completion; everything else gives OddReply, which holds the server's own words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from codereasoner.extend import Completion

WORDS = 300  # characters of a server's message that are kept: a sentence or two, not a page
_LENGTH = ("length", "max_tokens", "max_output_tokens", "model_length")
_WITHHELD = ("content_filter", "safety", "recitation", "prohibited_content", "blocklist")
_THOUGHTS = ("reasoning_content", "reasoning", "thinking", "reasoning_details")
_PARTS = ("text", "thinking", "reasoning", "content", "summary", "refusal")


class OddReply(Exception):
    """Raised for a reply that holds no completion; `again`: asking once more may help."""

    def __init__(self, reason: str, again: bool = True) -> None:
        super().__init__(plain(reason))
        self.again = again


def read_reply(body: str) -> Completion:
    """Return the completion in the body of a reply, or raise OddReply if there is none."""
    reply = _parse(body)
    choices = reply.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else choices
    if not isinstance(choice, Mapping) or not {"message", "delta", "text"} & choice.keys():
        words = error_words(reply) if reply.get("error") or "message" in reply or "detail" in reply else ""
        raise OddReply(words or f"the reply has no choices: {body}")
    message = choice.get("message")
    message = message if isinstance(message, Mapping) else choice.get("delta")
    if not isinstance(message, Mapping):
        message = {"content": choice.get("text")}
    finish = str(choice.get("finish_reason") or choice.get("stop_reason") or "stop").lower()
    if finish in _WITHHELD:
        raise OddReply(f"the server withheld the answer (finish_reason '{finish}')", again=False)
    if finish == "error":
        raise OddReply(error_words(reply) or error_words(choice) or "the server stopped with an error")
    content = message.get("content")
    text, thoughts = _text(content, thoughts=False), _thoughts(message) or _text(content, thoughts=True)
    text = text or _text(message.get("refusal"), thoughts=False)
    if not text and not thoughts and content is None and finish not in _LENGTH:
        words = error_words(reply)
        raise OddReply(words or f"the reply has no content: {json.dumps(choice, default=str)}")
    prompt_tokens, completion_tokens = _usage(reply.get("usage"))
    return Completion(
        whole_letters(text),
        "length" if finish in _LENGTH else "stop",
        prompt_tokens,
        completion_tokens,
        whole_letters(thoughts).strip(),
    )


def error_words(reply: object) -> str:
    """Return what a server says went wrong, whatever the shape of its error; "" where it says nothing."""
    if isinstance(reply, str):
        return reply
    if isinstance(reply, list):
        return "; ".join(filter(None, map(error_words, reply)))
    if not isinstance(reply, Mapping):
        return ""
    for name in ("error", "message", "msg", "detail", "errors", "reason"):
        if words := error_words(reply.get(name)):
            place = reply.get("loc")
            return f"{words} ({'.'.join(map(str, place))})" if name == "msg" and isinstance(place, list) else words
    return ""


def words_of(body: str) -> str:
    """Return the words of an error's body, which may be JSON, a web page or anything else."""
    try:
        found = error_words(json.loads(body))
    except (ValueError, RecursionError):
        found = ""
    return plain(found or _page_words(body))


def plain(words: str) -> str:
    """Return one line without control characters, cut at a length that fits a table."""
    line = " ".join("".join(each if each.isprintable() else " " for each in whole_letters(words)).split())
    return line if len(line) <= WORDS else f"{line[: WORDS - 1]}…"


def whole_letters(text: str) -> str:
    """Return the text with pairs of surrogates joined and single ones replaced: no file can hold those."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _parse(body: str) -> Mapping[str, object]:
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError):
        events = [*_events(body)]
        if not events:
            raise OddReply(f"the reply is {_page_words(body)}") from None
        return _joined(events)
    if not isinstance(reply, Mapping):
        raise OddReply(f"the reply is no JSON object: {body}")
    return reply


def _page_words(body: str) -> str:
    if re.match(r"\s*<(?:!doctype|html|\?xml|head|body)", body, re.IGNORECASE):
        title = re.search(r"<title[^>]*>(.*?)</title>", body, re.IGNORECASE | re.DOTALL)
        return f"a web page{f' ({title[1].strip()})' if title else ''}, not JSON"
    return body if body.strip() else "empty"


def _events(body: str) -> Iterator[object]:
    """Yield the events of a stream, which some servers send although none was asked for."""
    for line in body.split("\n"):
        data = line.strip().removeprefix("data:").strip()
        if line.lstrip().startswith("data:") and data != "[DONE]":
            try:
                yield json.loads(data)
            except (ValueError, RecursionError):
                raise OddReply(f"the reply is a stream with an event that is no JSON: {data}") from None


def _joined(events: list[object]) -> dict[str, object]:
    """Join the events of a stream to the reply it would have been."""
    parts: dict[str, list[str]] = {}
    finish, usage = None, None
    for event in events:
        if not isinstance(event, Mapping) or event.get("error"):
            raise OddReply(error_words(event) or "the reply is a stream that ends with an error")
        usage = event.get("usage") or usage
        choices = event.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else {}
        delta = choice.get("delta") if isinstance(choice, Mapping) else None
        for name in ("content", *_THOUGHTS):
            if isinstance(delta, Mapping) and isinstance(delta.get(name), str):
                parts.setdefault(name, []).append(delta[name])
        finish = (choice.get("finish_reason") if isinstance(choice, Mapping) else None) or finish
    if finish is None:
        raise OddReply("the reply is a stream that broke off")
    message = {name: "".join(texts) for name, texts in parts.items()}
    return {"choices": [{"message": message, "finish_reason": finish}], "usage": usage}


def _thoughts(message: Mapping[str, object]) -> str:
    """Return the thoughts from the first field that has some: servers repeat the same under several names."""
    return next(filter(None, (_text(message.get(name), thoughts=None) for name in _THOUGHTS)), "")


def _text(value: object, thoughts: bool | None) -> str:
    """Join the parts of a content: those that are thoughts, those that are not, or (None) all."""
    if isinstance(value, str):
        return "" if thoughts else value
    if isinstance(value, Mapping):
        kind = str(value.get("type", ""))
        is_thought = "think" in kind or "reason" in kind or ("thinking" in value and not kind)
        if thoughts is not None and is_thought != thoughts:
            return ""
        return next(filter(None, (_text(value.get(name), None) for name in _PARTS)), "")
    if isinstance(value, list):
        return "".join(_text(part, thoughts) for part in value)
    return ""


def _usage(usage: object) -> tuple[int, int]:
    found = usage if isinstance(usage, Mapping) else {}
    return _count(found.get("prompt_tokens")), _count(found.get("completion_tokens"))


def _count(value: Any) -> int:
    value = int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 16 else value
    return int(value) if type(value) in (int, float) and 0 <= value < 2**53 else 0
