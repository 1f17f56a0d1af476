"""Random programs of nested constructs, all of which end: blocks in blocks, jumps, exceptions, calls and generators."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

HELPERS = """\
from contextlib import suppress

def half(n):
    if n % 2:
        raise ValueError(n)
    return n // 2

def pairs(n):
    for k in range(n):
        got = yield k * 2
        if got:
            n -= 1

def deep(n):
    return n if n < 1 else deep(n - 1) + 1
"""
SIMPLE = (
    "a += {n}",
    "b = a % {m}",
    "c.append(a)",
    "a, b = b, a",
    "c = [v + {n} for v in c if v != {m}][:4]",
    "a = half(a + {n})",
    "b = deep(a % 3)",
    "b = len(c) if a > {m} else {n}",
    "d = {{'k': [a, {n}]}}",
    "c = c[::-1] + [{n}]",
    "b = sum(v for v in pairs({m} % 4))",
)
TESTS = ("a > {n}", "a % 2 == 0 and b < {m}", "not c", "b in c or a == {n}", "{n} < a < {m}", "deep(b % 2) == 1", "c")


def program(seed: int | Random) -> str:
    """A program whose entry `f` takes one whole number."""
    random = Random(f"nested/{seed}") if isinstance(seed, int) else seed
    body = list(_block(random, 3, in_loop=False, indent="    "))
    lines = ["def f(a):", "    b = 0", "    c = []", "    d = {}", *body, "    return a, b, c, d"]
    return HELPERS + "\n" + "\n".join(lines) + "\n"


def _block(random: Random, depth: int, in_loop: bool, indent: str) -> Iterator[str]:
    for _ in range(random.randint(1, 3)):
        kind = random.choice(("simple", "simple", "if", "for", "while", "try", "match", "with", "jump"))
        yield from _statement(random, kind if depth else "simple", depth - 1, in_loop, indent)


def _fill(random: Random, text: str) -> str:
    return text.format(n=random.randint(1, 5), m=random.randint(2, 9))


def _statement(random: Random, kind: str, depth: int, in_loop: bool, indent: str) -> Iterator[str]:
    inner = indent + "    "
    match kind:
        case "if":
            yield f"{indent}if {_fill(random, random.choice(TESTS))}:"
            yield from _block(random, depth, in_loop, inner)
            if random.random() < 0.4:
                yield f"{indent}elif {_fill(random, random.choice(TESTS))}:"
                yield from _block(random, depth, in_loop, inner)
            if random.random() < 0.5:
                yield f"{indent}else:"
                yield from _block(random, depth, in_loop, inner)
        case "for":
            over = random.choice(("range({n})", "pairs({m} % 4)", "c[:3]", "enumerate('xy')"))
            yield f"{indent}for i{depth} in {_fill(random, over)}:"
            yield from _block(random, depth, True, inner)
            if random.random() < 0.3:
                yield f"{indent}else:"
                yield from _block(random, depth, in_loop, inner)
        case "while":
            yield f"{indent}w{depth} = {random.randint(0, 3)}"
            yield f"{indent}while w{depth} > 0{random.choice(('', ' and a < 90'))}:"
            yield f"{inner}w{depth} -= 1"
            yield from _block(random, depth, True, inner)
        case "try":
            yield f"{indent}try:"
            yield from _block(random, depth, in_loop, inner)
            yield f"{inner}a = half(a)"
            yield f"{indent}except {random.choice(('ValueError', '(KeyError, ValueError) as error'))}:"
            yield from _block(random, depth, in_loop, inner)
            if random.random() < 0.4:
                yield f"{indent}finally:"
                yield f"{inner}b += 1"
        case "match":
            yield f"{indent}match {random.choice(('a % 3', 'c[:2]', '(a % 2, b)'))}:"
            for pattern in random.sample(("0", "[x]", "(0, y)", "[x, *rest]", "int(z) if z > 1", "_"), 3):
                if pattern != "_":
                    yield f"{inner}case {pattern}:"
                    yield from _block(random, depth, in_loop, inner + "    ")
        case "with":
            yield f"{indent}with suppress(ValueError) as held:"
            yield from _block(random, depth, in_loop, inner)
        case "jump" if in_loop:
            yield f"{indent}if {_fill(random, random.choice(TESTS))}:"
            yield f"{inner}{random.choice(('break', 'continue', 'pass', 'return a'))}"
        case _:
            yield indent + _fill(random, random.choice(SIMPLE))
