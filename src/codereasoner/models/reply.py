"""The reply of a server is untrusted input: any field may be null, missing, a list or a text, and it may be no JSON.

What can be read gives a Completion; everything else gives OddReply, which holds the server's own words.
"""

import codecs
import json
import re
from collections.abc import Iterator, Mapping

from codereasoner.extend import Completion

WORDS = 300  # characters of a server's message that are kept: a sentence or two, not a page
_ENDS = {
    "cut off": re.compile(r"length|max|(?<!rate)(?<!rate_)limit|context|incomplete|truncat"),
    "withheld": re.compile("filter|safety|recitation|prohibit|block|refus|moderat|sensitive|spii"),
    "failed": re.compile(
        "error|abort|cancel|fail|time_?out|insufficient|overload|unavailable|interrupt|malformed|rate_?limit"
    ),
}
"""The kinds of words in which servers say that an answer is not whole; with every other word it is."""
DONE = "[DONE]"  # the last event of a stream
_THOUGHTS = ("reasoning_content", "reasoning", "reasoning_text", "thinking", "thinking_blocks", "reasoning_details")
_PARTS = ("text", "thinking", "reasoning", "content", "summary", "refusal", "value")


class OddReply(Exception):
    """Raised for a reply that holds no completion; `again`: asking once more may help."""

    def __init__(self, reason: str, again: bool = True) -> None:
        super().__init__(plain(reason))
        self.again = again


def decoded(body: bytes | bytearray, charset: str | None, errors: str = "strict") -> str:
    """Return a body as text: as its byte order mark says, else in the charset that its header declares, else in UTF-8.

    Raises:
        OddReply: it is not written in it: a letter that is read wrong could make a right answer wrong.
    """
    found = json.detect_encoding(body[:4])
    encoding = charset if charset and found == "utf-8" and _is_charset(charset) else found
    try:
        return body.decode(encoding, errors)
    except UnicodeError:
        says = "as its header says" if encoding == charset else "and its header names no other charset"
        words = body.decode(encoding, "replace")
        raise OddReply(f"the reply is not {encoding}, {says}: {words}", again=False) from None


def _is_charset(name: str) -> bool:
    try:
        "".encode(name)
    except (LookupError, UnicodeError):
        return False
    return codecs.lookup(name).name not in ("idna", "punycode")  # of the names of hosts, and slow on long texts


def read_reply(body: str) -> Completion:
    """Return the completion in the body of a reply, or raise OddReply if there is none."""
    try:
        return _read(body)
    except RecursionError:
        raise OddReply(f"the reply is nested too deeply: {body}") from None


def _read(body: str) -> Completion:
    reply = _parse(body)
    choice = _choice(reply)
    if not {"message", "delta", "text"} & choice.keys():
        words = error_words(reply) if reply.get("error") or "message" in reply or "detail" in reply else ""
        raise OddReply(words or f"the reply has no choices: {body}")
    message = choice.get("message")
    message = message if isinstance(message, Mapping) else choice.get("delta")
    if not isinstance(message, Mapping):
        message = {**choice, "content": choice.get("text")}
    finish = str(choice.get("finish_reason") or choice.get("stop_reason") or "stop").lower()
    end = next((kind for kind, pattern in _ENDS.items() if pattern.search(finish)), "whole")
    if end == "withheld":
        raise OddReply(f"the server withheld the answer (finish_reason '{finish}')", again=False)
    words = error_words(reply.get("error")) or error_words(choice.get("error"))
    if end == "failed" or words:  # an error beside a completion, whatever its finish_reason: it broke off
        words = words or error_words(reply) or error_words(choice)
        raise OddReply(words or f"the server did not end the answer (finish_reason '{finish}')")
    content = message.get("content")
    content = str(content) if type(content) in (int, float) else content
    text, thoughts = content_text(content), _thoughts(message) or content_text(content, thoughts=True)
    text = text or content_text(message.get("refusal"))
    if not text.strip() and (calls := message.get("tool_calls") or message.get("function_call")):
        raise OddReply(f"the model calls a tool instead of answering: {json.dumps(calls, default=str)}")
    if not text and not thoughts and content not in ("", []) and end != "cut off":
        words = error_words(reply)
        raise OddReply(words or f"the reply has no content: {json.dumps(choice, default=str)}")
    prompt_tokens, completion_tokens = _usage(reply.get("usage"))
    return Completion(
        whole_letters(text),
        "length" if end == "cut off" else "stop",
        prompt_tokens,
        completion_tokens,
        whole_letters(thoughts).strip(),
    )


def error_words(reply: object) -> str:
    """Return what a server says went wrong, in any shape of error; "" where it says nothing."""
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


def _choice(reply: Mapping[str, object]) -> Mapping[str, object]:
    """Return the first choice of a reply; empty where it has none."""
    choices = reply.get("choices")
    found = choices if isinstance(choices, list) else [choices]
    return next((each for each in found if isinstance(each, Mapping)), {})


def _parse(body: str) -> Mapping[str, object]:
    try:
        reply = json.loads(body, parse_int=_integer)
    except (ValueError, RecursionError):
        events = [*_events(body)]
        if not events:
            words = _page_words(body)
            raise OddReply(f"the reply is {'not JSON: ' if words == body else ''}{words}") from None
        return _joined(events)
    if not isinstance(reply, Mapping):
        raise OddReply(f"the reply is not a JSON object: {body}")
    return reply


def _integer(digits: str) -> int | float:
    """Read an integer, also one of more digits than Python reads."""
    return int(digits) if len(digits) < 300 else float(digits)


def _page_words(body: str) -> str:
    if re.match(r"\s*<(?:!doctype|html|\?xml|head|body)", body, re.IGNORECASE):
        title = re.search(r"<title[^>]*>(.*?)</title>", body, re.IGNORECASE | re.DOTALL)
        return f"a web page{f' ({title[1].strip()})' if title else ''}, not JSON"
    return body if body.strip() else "empty"


def _events(body: str) -> Iterator[object]:
    """Yield the events of a stream, which some servers send although none was asked for."""
    for event in re.split(r"\n[ \t]*\n", body.replace("\r\n", "\n")):
        lines = [line.strip() for line in event.split("\n")]
        data = "\n".join(line.removeprefix("data:") for line in lines if line.startswith("data:")).strip()
        if data == DONE:
            yield DONE
        elif data:
            try:
                yield json.loads(data, parse_int=_integer)
            except (ValueError, RecursionError):
                raise OddReply(f"the reply is a stream with an event that is not JSON: {data}") from None


def _joined(events: list[object]) -> dict[str, object]:
    """Join the events of a stream to the reply it would have been."""
    parts: dict[str, list[object]] = {}
    finish, usage = None, None
    chunks = [event for event in events if event != DONE]
    for event in chunks:
        if not isinstance(event, Mapping) or event.get("error"):
            raise OddReply(error_words(event) or "the reply is a stream that ends with an error")
        usage = event.get("usage") or usage
        choice = _choice(event)
        message = choice.get("delta") or choice.get("message") or {**choice, "content": choice.get("text")}
        for name in ("content", "refusal", "tool_calls", *_THOUGHTS):
            value = message.get(name) if isinstance(message, Mapping) else None
            if value:
                parts.setdefault(name, []).extend(value if isinstance(value, list) else [value])
        finish = choice.get("finish_reason") or finish
    if finish is None and parts and DONE in events:  # the only end of an answer that some servers send
        finish = "stop"
    if finish is None:
        raise OddReply(error_words(chunks[-1:]) or "the reply is a stream that broke off")
    return {"choices": [{"message": {"content": "", **parts}, "finish_reason": finish}], "usage": usage}


def _thoughts(message: Mapping[str, object]) -> str:
    """Return the thoughts from the first field that has some: servers repeat the same under several names."""
    return next(filter(None, (content_text(message.get(name), thoughts=None) for name in _THOUGHTS)), "")


def content_text(value: object, thoughts: bool | None = False) -> str:
    """Join the parts of a message's content: those that are not thoughts, those that are, or (None) all."""
    if isinstance(value, str):
        return "" if thoughts else value
    if isinstance(value, Mapping):
        kind = str(value.get("type", ""))
        is_thought = "think" in kind or "reason" in kind or ("thinking" in value and not kind)
        if thoughts is not None and is_thought != thoughts:
            return ""
        return next(filter(None, (content_text(value.get(name), None) for name in _PARTS)), "")
    if isinstance(value, list):
        return "".join(content_text(part, thoughts) for part in value)
    return ""


def _usage(usage: object) -> tuple[int, int]:
    found = usage if isinstance(usage, Mapping) else {}
    read, written = (("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens"))
    return max(_count(found.get(name)) for name in read), max(_count(found.get(name)) for name in written)


def _count(value: object) -> int:
    if isinstance(value, str) and value.isdecimal() and len(value) < 16:
        return int(value)
    return int(value) if isinstance(value, int | float) and value is not True and 0 <= value < 2**53 else 0
