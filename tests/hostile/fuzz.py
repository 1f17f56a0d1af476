"""Completions from a grammar, graded by every task and style and official check, with time and memory measured.

    python -m tests.hostile.fuzz --seconds 3600 --seed 7

It runs without programs: what a program would have returned is forged from the same grammar. A finding is a grade
`error`, an exception, or a text of at most 100,000 characters that costs more than 50 ms of CPU or 50 MB of memory. The
memory is that of this process, whose address space is limited, so that nothing can exhaust the machine.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random

from codereasoner import extend
from codereasoner.benchmarks import reval_parsing
from codereasoner.extend import Benchmark, Generations
from codereasoner.records import Job, Run
from codereasoner.styles import STYLES
from codereasoner.task import Question, grade_all, grade_answers

MAX_CHARS = 100_000
SECONDS, MEGABYTES = 0.05, 50
ADDRESS_SPACE = 4 << 30
PRIME = 2**61 - 1  # the hash of an integer is its remainder

SOURCE = "def f(x):\n    y = x + 1\n    if y > 1:\n        x = y - 1\n    return [y, x]\n"
ENDS = {"calls": ["1"], "values": ["[2, 1]"], "returned": ["[2, 1]"]}
CALLED = {"source": SOURCE, "entry": "f", "call": "1", "invocation": "f(1)"}
ASKED = [{"kind": "state", "line": 2, "variable": "y", "time": 1}, {"kind": "path", "line": 3, "time": 1}]
FEATURES = {"output": "[2, 1]", "result": "[2, 1]", "recorded": "[2, 1]", "text": True}
TESTS = "def check(candidate):\n    for i in range(3):\n        assert candidate(i) == i\n"
BIG = str([[number] for number in range(15_000)])
QUESTIONS = [
    Question("output", CALLED, ("[2, 1]",), FEATURES),
    Question("output", CALLED, (BIG,), FEATURES),
    Question("input", CALLED | {"value": "[2, 1]"}, ("f(1)",), FEATURES),
    Question("coverage", CALLED | {"line": 5}, ("no",)),
    Question("state", CALLED | {"line": 2, "variable": "y", "time": 1}, ("2; int",)),
    Question("path", CALLED | {"line": 3, "time": 1}, ("4",)),
    Question("whitebox", CALLED | {"questions": ASKED}, ("[2, 1]\n2; int\n4",)),
    Question("anchors", CALLED | {"anchors": [[2, ["y"]], [4, ["x"]]]}, ("y = 2\nx = 1\n[2, 1]",)),
    Question("raises", CALLED, ("ValueError",)),
    Question("halts", CALLED | {"limit": 3}, ("no",)),
    Question(
        "equivalent",
        CALLED | {"other": SOURCE} | ENDS,
        ("yes",),
    ),
    Question("lines", CALLED, ("2, 3, 4, 5",)),
    Question("call-graph", CALLED, ("f -> g: 2",)),
    Question("debugger", CALLED | {"line": 3, "time": 1, "move": "step", "to": 0}, ("4\nx = 1\ny = 2",)),
    Question("trace", CALLED, ('<|call_sep|>{"x": "1"}<|action_sep|>def f(x):\n<|frame_sep|>' * 90,)),
    Question("trace-compact", CALLED, ("call 1 x=1\n2\n3 y=2\n4\nreturn 5 [2, 1]\n" * 90,)),
    Question(
        "assertion-completion", {"source": SOURCE, "test": "assert f(1) == ??"}, ("assert f(1) == [2, 1]",), FEATURES
    ),
    Question("code-question", {"source": SOURCE, "question": "What?"}, ("[2, 1]",), FEATURES),
    Question("code-generation", {"specification": "x", "entry": "f", "tests": "assert f(1) == 2"}, ("f",), FEATURES),
    Question("code-generation", {"specification": "x", "entry": "f", "tests": TESTS}, ("f",), FEATURES),
]

ATOMS = (
    "0", "1", "-1", "2", "1.5", "1e999", "-0.0", "1j", "nan", "inf", "None", "True", "...", "Ellipsis", "''", "'a'",
    '"b"', "b'c'", "r'\\d'", "u'é'", "f'{a}'", "rf'{a!r:{b}}'", "'''d'''", "0x1f", "0b1", "0o7", "1_000", "00",
    "01", "x", "f(1)", "[]", "{}", "()", "set()", "range(3)", "'\\n'", "'\\N{DIGIT ONE}'", "'\\ud800'", "'\ud800'",
    "ｓｅｔ()", "١", "'\u202e'", "\u200b", "\ufeff", "\x00", "yes", "no", "2; int", "y = 2", "Nil", "line 4", "[2, 1]",
    "2", "4",
)  # fmt: skip
MARKS = (
    "<answer>", "</answer>", "[ANSWER]", "[/ANSWER]", "\\boxed{", "}", "{", "```", "```python\n", "~~~\n", "\n=",
    "=", "<think>", "</think>", "<reasoning>", "</reasoning>", "[THOUGHT]", "[/THOUGHT]", "<ans>", "</ans>",
    "assert ", " == ", "f(1)", "f(", "'", '"', "'''", '"""', "\\", "#", "\n", "\r\n", "\r", "\t", "\f", " ", ",",
    ";", ":", "(", ")", "[", "]", "<|channel|>analysis<|message|>", "<|channel|>final<|message|>", "<|end|>",
    "<|start|>assistant", "analysis", "assistantfinal", "return ", "??", "lambda:", "-", "+", "~", "not ", "**",
    "*", "==", ".", "`", "=\n", "1. ", "x = ", "import ", "from __future__ import x\n", "def f(x):\n    ",
    "<|frame_sep|>", "<|action_sep|>", "<|arg_sep|>", "<|call_sep|>", "<|line_sep|>{\"", "\": \"", "\"}", "\", \"",
    "call 1 ", "raise 2 ", " -> ", ": 2\n", "class A:\n ", "\u2028", "\x85", "\x0b", "ａ",
)  # fmt: skip
OPERATORS = (
    "-", "+", "~", "not ", "**9", "*9", "+1", "+1j", ".a", "()", "[0]", " if 1 else 1", "lambda:", " or 1", " == 1",
    "<1", ":=1", "''", "%1", "<<99", "//1", "@1", "!",
)  # fmt: skip
NAMES = ("list", "tuple", "set", "frozenset", "dict", "range", "bytearray", "complex", "float", "f", "int", "sorted")


class Grammar:
    """Texts from a keyed source of chance."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.rules: tuple[Callable[[int], str], ...] = (
            self.atom, self.container, self.constructor, self.repeated, self.chain, self.digits, self.alike,
            self.string, self.nested, self.marked, self.noise, self.spans, self.accents,
        )  # fmt: skip

    def text(self, size: int) -> str:
        """Some text of about this size."""
        return self.random.choice(self.rules)(max(1, size))

    def atom(self, size: int) -> str:
        """A short piece."""
        return self.random.choice(ATOMS)

    def container(self, size: int) -> str:
        """Pieces between brackets."""
        opening, closing = self.random.choice(
            ("[]", "()", "{}", ("set([", "])"), ("f(", ")"), ("dict([", "])"), ("[", ""))
        )
        pair = ": " if self.random.random() < 0.2 else ""
        count = self.random.randint(0, min(size, 6))
        pieces = [self.text(size // (count + 1)) + (pair + self.atom(1) if pair else "") for _ in range(count)]
        return opening + self.random.choice((", ", ",", ",\n", " ")).join(pieces) + closing

    def constructor(self, size: int) -> str:
        """A call, or many calls in one another."""
        names = [self.random.choice(NAMES) for _ in range(self.random.choice((1, 1, 2, 5, 30, 70)))]
        return "".join(f"{name}(" for name in names) + self.text(size - 6 * len(names)) + ")" * len(names)

    def repeated(self, size: int) -> str:
        """A small piece many times."""
        piece = self.random.choice((self.atom, self.marked, self.container, self.spans))(self.random.randint(1, 40))
        piece += self.random.choice((",", ", ", "", "\n", "+", " "))
        return (
            self.random.choice(("", "[", "f(", "{"))
            + piece * (size // len(piece) + 1)
            + self.random.choice(("", "]", ")"))
        )

    def chain(self, size: int) -> str:
        """Operators in a row."""
        operator = self.random.choice(OPERATORS)
        chain = operator * (size // len(operator))
        return self.random.choice((chain + "1", "1" + chain, "a" + chain, f"'a' * {'9' * min(size, 20)}"))

    def digits(self, size: int) -> str:
        """A number of many digits."""
        head = self.random.choice(("", "", "0x", "0b", "0o", "0.", "1e", "1_", "-", "0"))
        tail = self.random.choice(("", "", "", "j", ".0", "e9", "_", "if", "a"))
        return head + self.random.choice("179f") * size + tail

    def alike(self, size: int) -> str:
        """Members of one hash."""
        form = self.random.choice(("{0}", "({0},)", "frozenset([{0}])", "{0}: 0", "({0}, 1)", "{1}-{2}j", "{0}.0"))
        count = size // (len(form) + 18) + 1
        pieces = [form.format(hex(n * PRIME), 1000003 * n, n) for n in range(1, count)]
        opening, closing = self.random.choice(
            ("{}", ("set([", "])"), ("dict([", "])"), ("frozenset((", "))"), ("f({", "})"))
        )
        return opening + ", ".join(pieces) + closing

    def string(self, size: int) -> str:
        """A string, perhaps never closed."""
        quote = self.random.choice(("'", '"', "'''", '"""', "b'", "f'", "r'"))
        inner = self.random.choice(
            ("a", "\\n", "\\x00", "\\'", '"', "{", "{a}", "\n", "\\\n", "\ud800", "é", "\x00", "</answer>")
        )
        return quote + inner * (size // len(inner)) + self.random.choice((quote.lstrip("bfr"), quote.lstrip("bfr"), ""))

    def nested(self, size: int) -> str:
        """Brackets in brackets."""
        opening, closing = self.random.choice(
            ("[]", "()", "{}", ("[[],", "]"), ("f(", ")"), ("{1:", "}"), ("\\boxed{", "}"))
        )
        depth = self.random.choice((5, 50, 61, 90, 199, 201, 5_000, size // 2))
        return opening * depth + self.atom(1) + closing * self.random.choice((depth, depth, depth - 1, 0))

    def accents(self, size: int) -> str:
        """A name with combining characters in the wrong order, perhaps in a call, a string or a format."""
        name = "a" + "\u0315" * (size // 2) + "\u0300" * (size // 2)
        form = self.random.choice(
            ("{}", "f({}=1)", "f({}\n)", "'{}'", "f'{{{}}}'", "<answer>{}</answer>", "assert {} == 1")
        )
        return form.format(name)

    def marked(self, size: int) -> str:
        """Marks of forms and thoughts."""
        return "".join(self.random.choice(MARKS) for _ in range(self.random.randint(1, 8)))

    def noise(self, size: int) -> str:
        """Marks and atoms without any order."""
        return "".join(self.random.choice((ATOMS, MARKS)[self.random.random() < 0.5]) for _ in range(size // 3 + 1))

    def spans(self, size: int) -> str:
        """A range, short or without bounds, as it stands or unfolded."""
        numbers = [
            self.random.choice(("0", "9", "20000", "30000000", "-1", "9" * 30, "0x" + "f" * (size // 2)))
            for _ in range(3)
        ]
        span = f"range({', '.join(numbers[: self.random.randint(1, 3)])})"
        return self.random.choice(
            ("{}", "list({})", "dict([{}])", "set({})", "tuple({})", "[*{}]", "frozenset({})")
        ).format(span)


class Fuzzer:
    """Grades texts until the time is over, and keeps what should not be."""

    def __init__(self, seed: int) -> None:
        self.random = Random(f"fuzz/{seed}")
        self.grammar = Grammar(self.random)
        self.tasks = {name: extend.task(name) for name in extend.available("task")}
        self.benchmarks: list[Benchmark] = [extend.find("benchmark", name) for name in extend.available("benchmark")]
        self.findings: list[dict[str, object]] = []
        self.graded: Counter[str] = Counter()
        self.forged = "[2, 1]"

    def run(self, seconds: float) -> None:
        """Every step twice before the baseline of memory is taken, then as many as there is time for."""
        for number in range(40):
            self.step(100 + number, measured=False)
        began = time.monotonic()
        while time.monotonic() - began < seconds and len(self.findings) < 20:
            self.step(int(10 ** self.random.uniform(1, 5)), measured=True)

    def step(self, size: int, *, measured: bool) -> None:
        """One text, by one style of each task, one benchmark's official check and one strict one."""
        body = self.grammar.text(size)
        self.forged = self.grammar.text(2_000_000 if self.random.random() < 0.02 else self.random.choice((30, 3_000)))
        for question in QUESTIONS:
            style = self.random.choice(list(STYLES.values()))
            completion = (
                body
                if self.random.random() < 0.3
                else style.render("assert f(1) == ??", body, self.random.choice(("", "So.")))
            )
            finish = self.random.choice(("stop", "stop", "length"))
            item = (self.tasks[question.task], question, completion[:MAX_CHARS], finish)
            self.check(f"{question.task} {style.name}", item[2], lambda: self.grade(item, style), measured)  # noqa: B023
        for benchmark in self.random.sample(self.benchmarks, 3):
            self.official(benchmark, body[:MAX_CHARS], measured)

    def grade(self, item: tuple[object, Question, str, str], style: object) -> str:
        """The outcome, and what is wrong with the grade."""
        [grade] = grade_all([item], style, self.answer)  # type: ignore[list-item, arg-type]
        return grade.reason if grade.outcome == "error" else ""

    def official(self, benchmark: Benchmark, text: str, measured: bool) -> None:
        """The text as an entry of a generations file."""
        question = next(each for each in QUESTIONS[:: self.random.choice((1, -1))] if self.fits(benchmark, each))

        def strictly() -> str:
            answer = benchmark.parse_generation(question, text)
            if answer is None:
                return ""
            [grade] = grade_answers([(self.tasks[question.task], question, answer)], self.answer)
            return grade.reason if grade.outcome == "error" else ""

        def officially() -> str:
            if benchmark.name.startswith("reval"):  # its checks need the benchmark's data, their parsing does not
                reval_parsing.parse_coverage(text, True)
                reval_parsing.path_lines(reval_parsing.parse_path(text, False), SOURCE)
                reval_parsing.is_penalised(
                    reval_parsing.pad_output(reval_parsing.parse_output(text, False), SOURCE), SOURCE
                )
            else:
                benchmark.grade_officially([question], Generations({question.id: [text]}), self.answer)
            return ""

        self.check(f"{benchmark.name} strict", text, strictly, measured)
        self.check(f"{benchmark.name} official", text, officially, measured)

    def fits(self, benchmark: Benchmark, question: Question) -> bool:
        """Is the question one that this benchmark could ask?"""
        name = benchmark.name.replace("codeglance-cruxeval", "cruxeval-o")
        wanted = {
            "codeglance": "assertion-completion",
            "codesense": "code-question",
            "codemind-sr": "code-generation",
            "reval-path": "path",
        }
        kinds = [task for start, task in wanted.items() if name.startswith(start)]
        return question.task == (kinds[0] if kinds else "input" if name.endswith("-i") else "output")

    def answer(self, jobs: Sequence[Job]) -> list[Run]:
        """What a program says that forges its own answer."""
        value = self.forged if self.random.random() < 0.8 else None
        return [Run(job.source, job.entry, job.call, "ok", value) for job in jobs]

    def check(self, place: str, text: str, work: Callable[[], str], measured: bool) -> None:
        """Do the work, and note a finding; time that is exceeded once must be exceeded three times."""
        self.graded[place] += 1
        before, problem, seconds = peak(), "", []
        for _ in range(3):
            began = time.process_time()
            try:
                problem = work()
            except Exception as error:  # noqa: BLE001 - any exception is a finding
                problem = f"{type(error).__name__}: {error}"
            seconds.append(time.process_time() - began)
            if seconds[-1] < SECONDS or not measured:
                break
        grown = peak() - before
        if not measured:
            return
        if not problem and min(seconds) >= SECONDS:
            problem = f"{min(seconds):.3f} s"
        if not problem and grown >= MEGABYTES:
            problem = f"{grown:.0f} MB"
        if problem:
            forged = self.forged[:60] + f"... ({len(self.forged)})"
            self.findings.append(
                {"place": place, "problem": problem[:300], "size": len(text), "text": text[:300], "forged": forged}
            )


def peak() -> float:
    """The most memory that this process has held, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """Print what was graded and found, as JSON; 1 where something was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=15.0, help="How long to go on.")
    parser.add_argument("--seed", type=int, default=0, help="Which texts are made.")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    fuzzer = Fuzzer(options.seed)
    fuzzer.run(options.seconds)
    print(json.dumps({"graded": fuzzer.graded, "findings": fuzzer.findings}))
    return int(bool(fuzzer.findings))


if __name__ == "__main__":
    sys.exit(main())
