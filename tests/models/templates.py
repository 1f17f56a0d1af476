"""Small chat templates of our own that behave as those of the model families do, each with a tokenizer for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from codereasoner.training.scratch import make_tokenizer


@dataclass(frozen=True)
class Kind:
    """A template, its special tokens (the first one ends a text), and what an answer becomes behind its prompt."""

    template: str | None
    special: tuple[str, ...]
    learnt: str  # behind the prompt, for the answer "4"
    with_thoughts: str = ""  # the same for thoughts "3 + 1", where the template knows thoughts
    turned_off: str = ""  # how a prompt ends that asks for no thoughts, where the template knows the difference


_IM = ("<|im_end|>", "<|im_start|>", "<|endoftext|>")
_TURNS = (
    "{%- for message in messages -%}{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' -}}"
    "{%- endfor -%}{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}"
)
_DEFAULT_SYSTEM = (
    "{%- if messages[0].role != 'system' -%}{{- '<|im_start|>system\nYou are helpful.<|im_end|>\n' -}}{%- endif -%}"
)
_THINKS = (
    "{%- set last = namespace(user=0) -%}"
    "{%- for message in messages -%}{%- if message.role == 'user' -%}{%- set last.user = loop.index0 -%}{%- endif -%}"
    "{%- endfor -%}"
    "{%- for message in messages -%}"
    "{%- if message.role == 'assistant' -%}"
    "{%- set thoughts = message.reasoning_content if message.reasoning_content is string else '' -%}"
    "{%- set content = message.content.split('</think>')[-1].lstrip('\n') -%}"
    "{{- '<|im_start|>assistant\n' -}}"
    "{%- if loop.index0 > last.user -%}{{- '<think>\n' + thoughts.strip('\n') + '\n</think>\n\n' -}}{%- endif -%}"
    "{{- content + '<|im_end|>\n' -}}"
    "{%- else -%}{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' -}}{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}"
    "{%- if enable_thinking is defined and enable_thinking is false -%}{{- '<think>\n\n</think>\n\n' -}}"
    "{%- else -%}{{- OPENING -}}{%- endif -%}{%- endif -%}"
)
_OPENS_ALWAYS = (
    "{{- bos_token -}}{%- for message in messages -%}"
    "{%- if message.role == 'user' -%}{{- '<|User|>' + message.content -}}"
    "{%- elif message.role == 'assistant' -%}"
    "{{- '<|Assistant|>' + message.content.split('</think>')[-1] + eos_token -}}"
    "{%- else -%}{{- message.content -}}{%- endif -%}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|Assistant|><think>\n' -}}{%- endif -%}"
)
_DATED = (
    "{{- bos_token + '<|start_header_id|>system<|end_header_id|>\n\nToday is ' + strftime_now('%d %b %Y') + '.' -}}"
    "{%- if messages[0].role == 'system' -%}{{- ' ' + messages[0].content -}}{%- endif -%}{{- '<|eot_id|>' -}}"
    "{%- for message in messages if message.role != 'system' -%}"
    "{{- '<|start_header_id|>' + message.role + '<|end_header_id|>\n\n' + message.content | trim + '<|eot_id|>' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' -}}{%- endif -%}"
)
_STRICT = (
    "{{- bos_token -}}"
    "{%- if messages[0].role == 'system' -%}{{- raise_exception('System role not supported') -}}{%- endif -%}"
    "{%- for message in messages -%}"
    "{%- if (message.role == 'user') != (loop.index0 % 2 == 0) -%}"
    "{{- raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') -}}{%- endif -%}"
    "{%- set role = 'model' if message.role == 'assistant' else message.role -%}"
    "{{- '<start_of_turn>' + role + '\n' + message.content | trim + '<end_of_turn>\n' -}}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<start_of_turn>model\n' -}}{%- endif -%}"
)
_SPECIAL_TAGS = (
    "{{- bos_token -}}{%- for message in messages -%}"
    "{%- if message.role == 'assistant' -%}"
    "{%- if message.reasoning_content -%}{{- '[THINK]' + message.reasoning_content + '[/THINK]' -}}{%- endif -%}"
    "{{- message.content + eos_token -}}"
    "{%- else -%}{{- '[INST]' + message.content + '[/INST]' -}}{%- endif -%}{%- endfor -%}"
)
_CHANNELS = (
    "{{- '<|start|>system<|message|>Effort: ' + (reasoning_effort or 'medium') + '. ' -}}"
    "{{- strftime_now('%Y-%m-%d') + '<|end|>' -}}"
    "{%- for message in messages -%}"
    "{%- if message.role == 'assistant' -%}"
    "{%- if message.thinking -%}"
    "{{- '<|start|>assistant<|channel|>analysis<|message|>' + message.thinking + '<|end|>' -}}{%- endif -%}"
    "{{- '<|start|>assistant<|channel|>final<|message|>' + message.content -}}"
    "{{- '<|return|>' if loop.last else '<|end|>' -}}"
    "{%- else -%}{{- '<|start|>' + message.role + '<|message|>' + message.content + '<|end|>' -}}{%- endif -%}"
    "{%- endfor -%}{%- if add_generation_prompt -%}{{- '<|start|>assistant' -}}{%- endif -%}"
)
_SILENT = (  # leaves a system message out without a word
    "{%- for message in messages if message.role != 'system' -%}"
    "{{- ('[INST]' + message.content + '[/INST]') if message.role == 'user' else message.content + eos_token -}}"
    "{%- endfor -%}"
)

KINDS = {
    "qwen2.5": Kind(_DEFAULT_SYSTEM + _TURNS, _IM, "4<|im_end|>"),
    "smollm2": Kind(_DEFAULT_SYSTEM + _TURNS, _IM, "4<|im_end|>"),
    "qwen3": Kind(
        _THINKS.replace("OPENING", "''"),
        _IM,
        "<think>\n\n</think>\n\n4<|im_end|>",
        "<think>\n3 + 1\n</think>\n\n4<|im_end|>",
        "<think>\n\n</think>\n\n",
    ),
    "qwen3.5-thinking": Kind(
        _THINKS.replace("OPENING", "'<think>\n'"),
        _IM,
        "\n</think>\n\n4<|im_end|>",
        "3 + 1\n</think>\n\n4<|im_end|>",
        "<think>\n\n</think>\n\n",
    ),
    "r1": Kind(
        _OPENS_ALWAYS,
        ("<|end_of_sentence|>", "<|begin_of_sentence|>", "<|User|>", "<|Assistant|>"),
        "\n</think>\n\n4<|end_of_sentence|>",
        "3 + 1\n</think>\n\n4<|end_of_sentence|>",
        "<think>\n\n</think>\n\n",
    ),
    "llama3": Kind(
        _DATED, ("<|eot_id|>", "<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>"), "4<|eot_id|>"
    ),
    "gemma": Kind(_STRICT, ("<eos>", "<bos>", "<start_of_turn>", "<end_of_turn>"), "4<end_of_turn>"),
    "gpt-oss": Kind(
        _CHANNELS,
        ("<|return|>", "<|startoftext|>", "<|start|>", "<|end|>", "<|message|>", "<|channel|>", "<|call|>"),
        "<|channel|>final<|message|>4<|return|>",
        "<|channel|>analysis<|message|>3 + 1<|end|><|start|>assistant<|channel|>final<|message|>4<|return|>",
    ),
    "mistral": Kind(_SILENT, ("</s>", "<s>"), "4</s>"),
    "magistral": Kind(
        _SPECIAL_TAGS, ("</s>", "<s>", "[INST]", "[/INST]", "[THINK]", "[/THINK]"), "4</s>", "[THINK]3 + 1[/THINK]4</s>"
    ),
    "base": Kind(None, ("<|endoftext|>",), "4<|endoftext|>"),
}


def tokenizer_of(kind: Kind) -> Any:
    """A tokenizer of bytes with the special tokens and the template of a kind."""
    tokenizer = make_tokenizer()
    special = {"eos_token": kind.special[0], "additional_special_tokens": list(kind.special[1:])}
    if len(kind.special) > 1:
        special["bos_token"] = kind.special[1]
    tokenizer.add_special_tokens(special)
    tokenizer.chat_template = kind.template
    return tokenizer
