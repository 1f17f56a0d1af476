"""Random programs of nested constructs, all of which end: blocks in blocks, jumps, exceptions, calls and generators."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

HELPERS = """\
import asyncio
from contextlib import suppress

COUNT = 0

class Box:
    x = 1
    def __init__(self, x):
        self.x = x
    def __enter__(self):
        return self.x
    def __exit__(self, *error):
        self.x += 1
    def __eq__(self, other):
        return self.x == other

def half(n):
    if n % 2:
        raise ValueError(n)
    return n // 2

def pairs(n):
    for k in range(n):
        got = yield k * 2
        if got:
            n -= 1

def both(n):
    last = yield from pairs(n)
    yield n if last is None else 0
    return n

def deep(n):
    return n if n < 1 else deep(n - 1) + 1

def total(node):
    return node[0] + sum(map(total, node[1:]))

def tick(n):
    global COUNT
    COUNT += n
    return COUNT

def scaled(by):
    def wrap(function):
        def call(*given, **named):
            return function(*given, **named) * by
        return call
    return wrap

@scaled(2)
def plus(n, k=1):
    return n + k
"""
AWAITED = """
async def count(n):
    for k in range(n):
        await asyncio.sleep(0)
        yield k

async def collect(n):
    found = [k async for k in count(n) if k % 2]
    async for k in count(n):
        found.append(k)
    else:
        found += [await plain(n)]
    return found

async def plain(n):
    return n
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
    "c = [w for v in c[:4] if (w := v + {n}) > {m}]",
    "c = [v * w for v in c[:2] for w in (a, {n}) if v < w]",
    "d = {{v: [k for k in range(v % 3)] for v in c[:3]}}",
    "b, *c = [{n}, *c[:3], a]",
    "c[:1] = [a, {m}]",
    "c[1:2] += [{n}]",
    "del c[{n}:]",
    "del c[-1]",
    "d['k'] = d.get('k', 0)",
    "d |= {{'m': a}}",
    "box.x += {n}",
    "box.x, c[0:] = a, [box.x]",
    "a = total([a, [b, [{n}]], [{m}]])",
    "c = list(map(lambda v, k={n}: v + k, c[:3]))",
    "c = sorted(c[:5], key=lambda v: -v if v > {m} else v)",
    "c = list(both({m} % 4))",
    "b = max((v for v in both({n} % 3)), default=a)",
    "kept = (v for v in c[:3] if v != a); b = any(v > {m} for v in kept)",
    "a = tick({n})",
    "a = plus(a, k={n}) % 50",
    "b = plus(plus({n}))",
    "a = b = {n} if not c else a or {m}",
    "h: int = {n} + (a and b)",
    "assert a != {m}, 'no ' + str(a)",
    "a = {n} if (half_of := a // 2) > {m} else half_of",
    "e = a; del e",
    "next(it := iter(c[:2]), None); b = list(it)[:1] == [a]",
)
WAITING = ("c = asyncio.run(collect({n}))", "a = asyncio.run(plain({m}))")
TESTS = (
    "a > {n}",
    "a % 2 == 0 and b < {m}",
    "not c",
    "b in c or a == {n}",
    "{n} < a < {m}",
    "deep(b % 2) == 1",
    "c",
    "(z := a % {n}) and z < {m}",
    "any(v > {m} for v in c)",
    "a if b else not a",
    "box == {n}",
    "{n} <= a != b or {m} in c",
    "all(half(v) for v in c[:2])",
    "half(2 * b) > {n}",
    "next(pairs({m} % 3), a)",
)
OVER: tuple[str, ...] = ("range({n})", "pairs({m} % 4)", "c[:3]", "enumerate('xy')", "both({n} % 3)", "zip(c, 'xy')")
OVER += ("(v for v in c[:2] if v)", "map(deep, (a % 2, {n}))", "list(pairs({n}))")
SUBJECTS = ("a % 3", "c[:2]", "(a % 2, b)", "d", "box", "[a, *c[:2]]")
PATTERNS: tuple[str, ...] = (
    "0",
    "[x]",
    "(0, y)",
    "[x, *rest]",
    "int(z) if z > 1",
    "_",
    "1 | 2 as z",
    "{'k': [x, *_], **rest}",
)
PATTERNS += (
    "Box(x=int() as z) if z < a",
    "[x, (1 | 2 | 3) as y, *_] if x or half(y)",
    "None | 'k'",
    "[*_, x] if x == a",
)
CONTEXTS = (
    "with suppress(ValueError) as held:",
    "with Box(a) as held, suppress(KeyError, IndexError):",
    "with (suppress(ValueError) as held, Box({n}) as b):",
)


RAISED = ("ValueError({n})", "KeyError(a)", "IndexError()")
KINDS: tuple[str, ...] = ("if", "if", "for", "for", "while", "try", "try", "match", "with", "jump")
KINDS += ("group", "function", "generator", "class")


def program(seed: int | Random) -> str:
    """A program whose entry `f` takes one whole number."""
    random = Random(f"nested/{seed}") if isinstance(seed, int) else seed
    waits = random.random() < 0.15
    writer = _Writer(random, SIMPLE + 3 * WAITING if waits else SIMPLE)
    body = writer.block(random.choice((2, 2, 3)), "    ", in_loop=False)
    lines = ["def f(a):", "    b = 0", "    c = []", "    d = {}", "    box = Box(a)", *body, "    return a, b, c, d"]
    return f"{HELPERS}{AWAITED * waits}\n" + "\n".join(lines) + "\n"


class _Writer:
    def __init__(self, random: Random, simple: Sequence[str]) -> None:
        self.random, self.simple = random, simple

    def block(self, depth: int, indent: str, in_loop: bool) -> Iterator[str]:
        for _ in range(self.random.randint(1, 3)):
            kind = self.random.choice(("simple", "simple", *KINDS))
            yield from self.statement(kind if depth else "simple", depth - 1, indent, in_loop)

    def draw(self, texts: Sequence[str]) -> str:
        return self.random.choice(texts).format(n=self.random.randint(1, 5), m=self.random.randint(2, 9))

    def maybe(self, chance: float, head: str, depth: int, indent: str, in_loop: bool) -> Iterator[str]:
        """A clause that a statement need not have."""
        if self.random.random() < chance:
            yield f"{indent}{head}"
            yield from self.block(depth, f"{indent}    ", in_loop)

    def statement(self, kind: str, depth: int, indent: str, in_loop: bool) -> Iterator[str]:
        inner = f"{indent}    "
        random = self.random
        match kind:
            case "if":
                yield from self.maybe(1, f"if {self.draw(TESTS)}:", depth, indent, in_loop)
                yield from self.maybe(0.4, f"elif {self.draw(TESTS)}:", depth, indent, in_loop)
                yield from self.maybe(0.5, "else:", depth, indent, in_loop)
            case "for":
                yield from self.maybe(1, f"for i{depth} in {self.draw(OVER)}:", depth, indent, True)
                yield from self.maybe(0.3, "else:", depth, indent, in_loop)
            case "while":
                yield f"{indent}w{depth} = {random.randint(0, 3)}"
                test = random.choice((f"w{depth} > 0", f"w{depth} > 0 and a < 90", f"(k{depth} := w{depth})"))
                yield from (f"{indent}while {test}:", f"{inner}w{depth} -= 1")
                yield from self.block(depth, inner, True)
                yield from self.maybe(0.3, "else:", depth, indent, in_loop)
            case "try":
                yield from self.maybe(1, "try:", depth, indent, in_loop)
                yield f"{inner}a = half(a)"
                caught = random.choice(("ValueError", "(KeyError, ValueError) as error"))
                yield from self.maybe(1, f"except {caught}:", depth, indent, in_loop)
                yield from self.maybe(0.3, "except (IndexError, TypeError):", depth, indent, in_loop)
                yield from self.maybe(0.3, "else:", depth, indent, in_loop)
                if random.random() < 0.4:
                    yield from (f"{indent}finally:", f"{inner}b += 1")
                    yield from self.maybe(0.3, "if b == 1:", 0, inner, in_loop)
                    yield from [f"{inner}return a, b"] * (random.random() < 0.1)
            case "group":
                yield from self.maybe(1, "try:", depth, indent, in_loop)
                yield f"{inner}raise ExceptionGroup('all', [{self.draw(RAISED)}, {self.draw(RAISED)}])"
                yield from self.maybe(1, "except* ValueError as group:", 0, indent, False)
                yield from self.maybe(0.5, "except* (KeyError, IndexError):", 0, indent, False)
                yield from self.maybe(0.3, "else:", depth, indent, in_loop)
            case "match":
                yield f"{indent}match {self.draw(SUBJECTS)}:"
                for pattern in sorted(random.sample(PATTERNS, 4), key=lambda pattern: pattern == "_"):
                    yield from self.maybe(1, f"case {pattern}:", depth, inner, in_loop)
            case "with":
                yield from self.maybe(1, self.draw(CONTEXTS), depth, indent, in_loop)
            case "function":
                yield from [f"{indent}@scaled({random.randint(1, 3)})"] * (random.random() < 0.3)
                yield from (f"{indent}def g{depth}(v, k={random.randint(1, 9)}):", f"{inner}nonlocal a, b, c, d, box")
                yield from self.block(depth, inner, False)
                yield f"{inner}return v + k"
                yield f"{indent}a = g{depth}({random.choice(('a', 'b, k=a', '*c[:1], 2'))})"
            case "generator":
                yield from (f"{indent}def y{depth}(v):", f"{inner}nonlocal a, b, c, d, box", f"{inner}yield v")
                yield from self.block(depth, inner, False)
                yield f"{inner}{random.choice(('yield a', 'yield from pairs(2)', 'a = yield b', 'return c'))}"
                yield f"{indent}c += y{depth}({random.choice('ab')})"
            case "class":
                yield from (f"{indent}class K{depth}(Box):", f"{inner}x = {self.draw(('{n}', 'a', 'a + {m}'))}")
                yield f"{inner}for i in c[:2]: x += 1"
                yield from (f"{inner}def more(self, by=x):", f"{inner}    self.x += by", f"{inner}    return self")
                yield f"{indent}b = K{depth}({random.randint(1, 3)}).more().more({random.choice('ab')}).x"
            case "jump" if in_loop:
                jump = random.choice(("break", "continue", "pass", "return a"))
                yield from (f"{indent}if {self.draw(TESTS)}:", f"{inner}{jump}")
            case "jump":
                jump = random.choice((f"raise {self.draw(RAISED)}", f"raise {self.draw(RAISED)} from None", "return a"))
                yield from (f"{indent}if {self.draw(TESTS)}:", f"{inner}{jump}")
            case _:
                yield indent + self.draw(self.simple)
