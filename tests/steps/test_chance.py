"""What another run of a call could do differently: only what the call can reach counts."""

from __future__ import annotations

import pytest

from codereasoner.steps.chance import chance

OTHER = "import random\n\ndef shuffled(xs):\n    random.shuffle(xs)\n    return xs\n\n"
OPENS = "def read(path):\n    with open(path) as file:\n        return file.read()\n\n"
F = "def f(x):\n    return x + 1\n"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (OTHER + F, None),
        (OPENS + F, None),
        (OPENS + F + "\nif __name__ == '__main__':\n    print(read('x'), f(1))\n", None),
        ("class A:\n    def draw(self): return id(self)\n\n" + F, None),
        ("class A:\n    @property\n    def key(self): return id(self)\n\n" + F, None),
        ("from functools import cache\n@cache\ndef now(x): return id(x)\n\n" + F, None),
        (OTHER + "def f(x):\n    return shuffled([x])\n", ("random", 4)),
        ("def f(x):\n    return ｉｄ(x)\n", ("id", 2)),
        (OTHER + "def g(x): return shuffled(x)\n\ndef f(x):\n    return [g][0](x)\n", ("random", 4)),
        (OTHER + F + "\nSTART = shuffled([1, 2])\n", ("random", 4)),
        (OTHER + F + "\nf = shuffled\n", ("random", 4)),
        (OTHER + "def f(x):\n    return getattr(x, 'shuffled')\n", ("random", 4)),
        (OTHER + "def f(x, y=shuffled([1])):\n    return y\n", ("random", 4)),
        (OTHER + "def f(x):\n    return x\n\n@print\ndef g(x): return shuffled(x)\n", ("random", 4)),
        ("def cache(g): return g(1)\n\n@cache\ndef now(x): return id(x)\n\n" + F, ("id", 4)),
        ("class A(list):\n    def draw(self): return id(self)\n\n" + F, ("id", 2)),
        ("class A:\n    at = id(3)\n\n" + F, ("id", 2)),
        ("class A:\n    def __lt__(self, other): return id(self)\n\ndef f(x):\n    return A() < A()\n", ("id", 2)),
        ("import random\n" + F + "\ndef g(x): return eval('random.random()')\n", ("random", 1)),
        ("import os.path as p\n\ndef f(x):\n    return p.abspath(x)\n", ("os", 4)),
        ("import datetime\n\ndef g(): return datetime.date.today()\n\n" + F, None),
    ],
)
def test_what_a_call_cannot_reach_is_no_chance(source: str, found: tuple[str, int] | None) -> None:
    assert chance(source, "f") == found


def test_of_a_function_that_is_not_there_everything_counts() -> None:
    assert chance(OTHER, "g") == ("random", 4)
    assert chance("import random\n") == ("random", 1)
    assert chance(F, "g", "id(3)") == ("id", 0)


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ("[1, 'random']", None),
        ("'shuffled'", ("random", 4)),  # a text may be the name of what is looked up
        ("shuffled([1])", ("random", 4)),
        ("random.random()", ("random", 0)),
        ("id(3)", ("id", 0)),
        ("x=[\n1,\nid(3)]", ("id", 0)),
    ],
)
def test_the_arguments_count_as_they_are_written(call: str, found: tuple[str, int] | None) -> None:
    assert chance(OTHER + F, "f", call) == found
