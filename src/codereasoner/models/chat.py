"""Messages as text, by the chat template of a model: the same for answering, instruction tuning and rewards.

Templates differ in what they refuse (a system message, two turns of one role in a row), in what they add (a date, an
empty thought) and in where they end (some open a thought for the model to go on with). What a template refuses is put
in another way, once and said; a model without a template gets plain text.

A program may hold the text of a control token, such as `<|im_end|>`. In a message that text is only text: `prompt_text`
and `turn_text` mark it, and `encode` reads as control tokens only those that the template wrote.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

from codereasoner.errors import ConfigError, import_extra
from codereasoner.extend import Sampling
from codereasoner.models.notices import say_once
from codereasoner.models.reply import plain, whole_letters
from codereasoner.thoughts import FAMILIES, Tags, has_opened, split_thoughts

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Messages: TypeAlias = Sequence[Mapping[str, object]]

PLAIN = (
    "{%- for message in messages -%}{{ message['content'] }}"
    "{%- if message['role'] == 'assistant' -%}{{ eos_token }}{%- endif -%}{{ '\\n\\n' }}{%- endfor -%}"
)
"""The template of a model that has none: each message and an empty line; an answer ends with the end of a text."""
_DAY = {"%d": "01", "%b": "Jan", "%B": "January", "%m": "01", "%Y": "2025", "%y": "25", "%a": "Wed", "%A": "Wednesday"}
DATE = (
    "{%- macro strftime_now(format) -%}{{- format"
    + "".join(f" | replace('{directive}', '{value}')" for directive, value in _DAY.items())
    + " -}}{%- endmacro -%}"
)
"""The day that templates with a date take for today: the prompt of a question must not change overnight."""
_REASONING = ("reasoning_content", "thinking", "reasoning")
MARK = "\ufdd0"
"""Stands inside the text of a control token that a message holds; a noncharacter, which texts do not. A text that holds
it all the same has it doubled."""
_MARKED = re.compile(f"{MARK}({MARK}?)")
_CONTROLS: WeakKeyDictionary[PreTrainedTokenizerBase, _Controls] = WeakKeyDictionary()


def prepare(tokenizer: PreTrainedTokenizerBase, name: str, arguments: Mapping[str, object] | None = None) -> None:
    """Give a tokenizer what generation and training need: a template, a token to pad with, the template's arguments.

    The arguments, and a fixed date, are written into the template: every trainer and server that reads it
    later finds them there.
    """
    if tokenizer.eos_token is None:
        raise ConfigError(f"the tokenizer of {name} has no token that ends a text, so no answer could end")
    tokenizer.clean_up_tokenization_spaces = False  # it would make 'a. b' of the answer 'a . b'
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    if not tokenizer.chat_template:
        say_once(f"{name} has no chat template: prompts are plain text, and answers end with {tokenizer.eos_token}")
        begins = tokenizer("")["input_ids"][:1] == [tokenizer.bos_token_id]
        tokenizer.chat_template = ("{{- bos_token -}}" if begins else "") + PLAIN
    named = tokenizer.chat_template if isinstance(tokenizer.chat_template, dict) else None
    template = tokenizer.chat_template if named is None else named.get("default")
    if not isinstance(template, str):
        return
    set_ = (f"{key} = {key} if {key} is defined else {_literal(value)}" for key, value in (arguments or {}).items())
    date = DATE if "strftime_now" in template and DATE not in template else ""
    template = "".join(f"{{%- set {line} -%}}" for line in set_) + date + template
    tokenizer.chat_template = template if named is None else {**named, "default": template}


def prompt_text(tokenizer: PreTrainedTokenizerBase, messages: Messages, sampling: Sampling | None = None) -> str:
    """Return a prompt up to where the model begins to write, for `encode`.

    Without thoughts (`thinking` off), a thought that the template opens is closed at once.
    """
    return _prompt(tokenizer, _marked(tokenizer, messages), sampling)


def turn_text(tokenizer: PreTrainedTokenizerBase, messages: Messages) -> tuple[str, str]:
    """Return the prompt before the last message, and the text of that message with the end of its turn."""
    messages = _marked(tokenizer, messages)
    asked = _prompt(tokenizer, messages[:-1])
    whole = _write(tokenizer, messages, {})
    answer = str(messages[-1]["content"])
    start = whole.rfind(split_thoughts(answer).text.strip())
    if start < 0 or (whole.startswith(asked) and start < len(asked)):
        raise ConfigError(f"the chat template of {_name(tokenizer)} leaves an answer out of the text: {answer:.60}")
    if whole.startswith(asked):
        return asked, whole[len(asked) :]
    opened = has_opened(asked, declared_tags(tokenizer))
    thoughts = next((str(messages[-1][name]) for name in _REASONING if messages[-1].get(name)), "")
    before = f"{thoughts}\n{opened[1]}\n\n" if opened is not None and opened[1] not in answer else ""
    return asked, before + whole[start:]


def encode(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> list[list[int]]:
    """Return the token ids of what `prompt_text` and `turn_text` return.

    Shapes: `n` texts give `n` lists of ids.
    """
    plain = [text for text in texts if MARK not in text]
    ids = iter(tokenizer(plain, add_special_tokens=False)["input_ids"] if plain else ())
    return [_encode_marked(tokenizer, text) if MARK in text else next(ids) for text in texts]


def _encode_marked(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """Tokenise the control tokens of the template as such, and everything between them as text."""
    ids: list[int] = []
    controls = _controls(tokenizer)
    for index, piece in enumerate(controls.template.split(text)):
        if index % 2:
            ids.append(tokenizer.convert_tokens_to_ids(piece.strip()))
        elif piece:
            clean = _MARKED.sub(r"\1", piece)
            found = tokenizer(clean, add_special_tokens=False, split_special_tokens=True)["input_ids"]
            if not controls.ids.isdisjoint(found):  # the tokenizer cannot split this one, so the text is cut inside it
                parts = [part for part in re.split(f"(?<!{MARK}){MARK}(?!{MARK})", piece) if part]
                cut = tokenizer([_MARKED.sub(r"\1", part) for part in parts], add_special_tokens=False)["input_ids"]
                found = [token for part in cut for token in part]
            ids += found
    return ids


def _marked(tokenizer: PreTrainedTokenizerBase, messages: Messages) -> Messages:
    """Mark the texts of control tokens in messages; the tags of thoughts stay what they are in an answer."""
    controls = _controls(tokenizer)

    def mark(value: object, role: str) -> object:
        if not isinstance(value, str):
            return value
        value = whole_letters(value).replace(MARK, 2 * MARK)
        pattern = controls.answer if role == "assistant" else controls.question
        return pattern.sub(lambda found: f"{found[0][0]}{MARK}{found[0][1:]}", value)

    return [
        {name: value if name == "role" else mark(value, str(message["role"])) for name, value in message.items()}
        for message in messages
    ]


class _Controls(NamedTuple):
    """The control tokens of a tokenizer, as the template writes them and as questions and answers hold them."""

    template: re.Pattern[str]
    question: re.Pattern[str]
    answer: re.Pattern[str]
    ids: frozenset[int]


def _controls(tokenizer: PreTrainedTokenizerBase) -> _Controls:
    if tokenizer not in _CONTROLS:
        added = {
            token.content: token
            for token in tokenizer.added_tokens_decoder.values()
            if token.special or re.fullmatch(r"<\|.+\|>", token.content)
        }
        texts = sorted({*added, *tokenizer.all_special_tokens} - {""}, key=len, reverse=True)
        thoughts = {tag for tags in (*declared_tags(tokenizer), *FAMILIES) for tag in tags}

        def spaces(text: str, side: str) -> str:
            return r"\s*" if getattr(added.get(text), side, False) else ""

        written = [f"{spaces(text, 'lstrip')}{re.escape(text)}{spaces(text, 'rstrip')}" for text in texts]
        _CONTROLS[tokenizer] = _Controls(
            re.compile(f"({'|'.join(written) or '(?!)'})"),
            _any_of(texts),
            _any_of([text for text in texts if text not in thoughts]),
            frozenset(tokenizer.convert_tokens_to_ids(texts)),
        )
    return _CONTROLS[tokenizer]


def _any_of(texts: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, texts)) or "(?!)")


def _prompt(tokenizer: PreTrainedTokenizerBase, messages: Messages, sampling: Sampling | None = None) -> str:
    arguments = sampling.template_arguments() if sampling is not None else {}
    text = _write(tokenizer, messages, arguments, add_generation_prompt=True)
    opened = has_opened(text, declared_tags(tokenizer)) if sampling is not None and sampling.thinking == "off" else None
    return text if opened is None else f"{text.rstrip()}\n\n{opened[1]}\n\n"


def end_of_turn(tokenizer: PreTrainedTokenizerBase) -> int:
    """Return the token with which the template ends an answer: often, but not always, the one that ends a text."""
    try:
        whole = _write(tokenizer, [{"role": "user", "content": "1 + 1"}, {"role": "assistant", "content": "two"}], {})
    except ConfigError:
        return int(tokenizer.eos_token_id)
    behind = tokenizer(whole.rpartition("two")[2], add_special_tokens=False)["input_ids"]
    added = (token for token, each in tokenizer.added_tokens_decoder.items() if each.special)
    special = {*tokenizer.all_special_ids, *added}
    return int(next((token for token in behind if token in special), tokenizer.eos_token_id))


def declared_tags(tokenizer: PreTrainedTokenizerBase) -> tuple[Tags, ...]:
    """Return the tags of thoughts that a tokenizer declares in its response template."""
    fields = (getattr(tokenizer, "response_template", None) or {}).get("fields")
    found = [fields.get(name) for name in _REASONING] if isinstance(fields, Mapping) else []
    tags = [(each.get("open"), each.get("close")) for each in found if isinstance(each, Mapping)]
    return tuple((str(opening), str(closing)) for opening, closing in tags if opening and closing)


def _write(
    tokenizer: PreTrainedTokenizerBase, messages: Messages, arguments: Mapping[str, object], **options: object
) -> str:
    """Render the messages; what the template refuses, or leaves out, is put in another way."""
    jinja2 = import_extra("jinja2", "train")
    broken = (jinja2.TemplateError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RuntimeError)
    turns, reason = [dict(message) for message in messages], ""
    for again in (False, True):
        try:
            text = str(tokenizer.apply_chat_template(turns, **arguments, **options, tokenize=False))
            if (missing := _left_out(turns, text)) is None:
                if again:
                    about = f"the chat template of {_name(tokenizer)} fails ({plain(reason)})"
                    say_once(f"{about}: such turns are joined to the user's")
                return text
            why = f"it leaves a message of the {missing} out"
        except broken as error:
            why = str(error) or type(error).__name__
        reason = reason or why
        if (adapted := _adapted(turns)) == turns:
            break
        turns = adapted
    raise ConfigError(f"the chat template of {_name(tokenizer)} fails: {plain(why)}")


def _left_out(turns: Sequence[Mapping[str, object]], text: str) -> str | None:
    """Return whose message a text lacks, the system's or the last question: it may forget earlier turns."""
    asked = [turn for turn in turns if turn["role"] != "assistant"]
    for turn in [turn for turn in asked if turn["role"] == "system"] + asked[-1:]:
        if isinstance(turn["content"], str) and turn["content"].strip() not in text:
            return str(turn["role"])
    return None


def _adapted(turns: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    """Return the turns with nothing but user and assistant in alternation; what else there is is the user's."""
    found: list[dict[str, object]] = []
    for turn in turns:
        role = "assistant" if turn["role"] == "assistant" else "user"
        if found and found[-1]["role"] == role:
            found[-1]["content"] = f"{found[-1]['content']}\n\n{turn['content']}"
        else:
            found.append({**turn, "role": role})
    return found


def _literal(value: object) -> str:
    """Spell a JSON value as Jinja does."""
    if value is None:
        return "none"
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(str(key))}: {_literal(each)}' for key, each in value.items())}}}"
    return json.dumps(value)


def _name(tokenizer: PreTrainedTokenizerBase) -> str:
    return str(getattr(tokenizer, "name_or_path", "") or "this model")
