from __future__ import annotations

import pytest

from codereasoner.sources.author_replies import Written, read_written

CODE = "def g(x):\n    return x + 1\n\ndef f(x, y):\n    return g(x) * y\n\nprint(f(2, y=[3]))"
PROGRAM = Written("def g(x):\n    return x + 1\n\ndef f(x, y):\n    return g(x) * y", "f", "2, y=[3]")


@pytest.mark.parametrize(
    "text",
    [
        CODE,
        f"```python\n{CODE}\n```",
        f"Here:\n\n~~~py\n{CODE}\n~~~\nDone.",
        f"```\n{CODE}",
        f"<think>\nmaybe ```python\ndef h(): pass\n```\n</think>\n```python\n{CODE}\n```",
        f"```python\ndef first(x):\n    return x\nprint(first(1))\n```\nBetter:\n```python\n{CODE}\n```",
        "```python\r\n" + CODE.replace("\n", "\r\n") + "\r\n```",
    ],
)
def test_the_program_is_found_however_it_is_wrapped(text: str) -> None:
    assert read_written(text) == PROGRAM


@pytest.mark.parametrize(
    ("text", "finish", "why"),
    [
        ("", "stop", "empty"),
        ("<think>I wonder", "length", "cut off"),
        ("<think>I wonder</think>", "stop", "thought only"),
        ("I’m sorry, I can’t do that.", "stop", "refusal"),
        ("Python has functions.", "stop", "no code"),
        ("```python\ndef f(x):\n    return (x\n```", "stop", "does not parse"),
        ("```python\ndef f(x):\n    return (x", "length", "cut off"),
        ("def f(x):\n    return x", "stop", "no print outside a function"),
        ("def f(x):\n    print(x)\n    return x\nprint(f(1))", "stop", "more than one print"),
        ("def f(x):\n    return x\nprint('f', f(1))", "stop", "the print holds no call"),
        ("def f(x):\n    return x\nprint(len([1]))", "stop", "the print holds no call"),
        ("def f(x):\n    return x\nprint(f(open('a')))", "stop", "arguments are not literals"),
        ("def f(x):\n    return x\nprint(f(f(1)))", "stop", "called more than once"),
        ("import os\ndef f(x):\n    return x\nprint(f(1))", "stop", "more than functions"),
    ],
)
def test_what_holds_no_program_has_a_reason(text: str, finish: str, why: str) -> None:
    assert read_written(text, finish) == why
