"""Attacks on the verifiers: answers and completions that must never be accepted, for every task.

Written from the public exploits of execution-based graders (always-equal objects, echoes, frame walks, `or True`,
`# f(`) and from thinking about this project's own parsers. `{call}`, `{gold}`, `{wrong}`, `{entry}` and `{line}`
stand for what belongs to the question that is attacked.
"""

from __future__ import annotations

EQUAL = "type('E', (), {{'__eq__': lambda s, o: True}})()"
EQUAL_INT = "type('E', (int,), {{'__eq__': lambda s, o: True, '__hash__': int.__hash__}})(1)"
EQUAL_REPR = "type('E', (), {{'__repr__': lambda s: '{gold}', '__eq__': lambda s, o: True}})()"

OBJECTS = [
    EQUAL, EQUAL_INT, EQUAL_REPR, f"[{EQUAL}]", f"({EQUAL},)", f"{{{{1: {EQUAL}}}}}", f"{EQUAL} or {{call}}",
    "__import__('unittest.mock').mock.ANY", "unittest.mock.ANY", "mock.ANY", "ANY", "[ANY, ANY]", "Any", "object()",
    "NotImplemented", "__debug__", "_", "__", "???", "??", "Nil", "*", "?", "NaN", "nan", "inf", "-inf", "Infinity",
    "type('X', (str,), {{'__eq__': lambda *a: 1}})('{gold}')", "__builtins__", "__name__", "globals()", "locals()",
    "vars()", "sys.modules", "MagicMock()", "Mock(return_value=True)", "iter(lambda: 1, 2)",
    "functools.total_ordering(object)()",
]  # fmt: skip

ECHOES = [
    "{call}", " {call} ", "({call})", "{call} ", "(({call}))", "[{call}][0]", "({call},)[0]",
    "{{1: {call}}}[1]", "{call} if True else 0", "{call} or 0", "{call} and {call}", "(lambda: {call})()",
    "(y := {call})", "eval('{call}')", "eval(\"{call}\")", "exec('{call}')", "f'{{{call}}}'", "*[{call}],",
    "copy.deepcopy({call})", "list({call})", "tuple({call})", "set({call})", "sorted({call})", "dict({call})",
    "str({call})", "repr({call})", "int({call})", "next(iter([{call}]))", "__import__('builtins').eval('{call}')",
    "globals()['{entry}'](1)", "[x for x in [{call}]][0]", "{call}[:]", "{call}.copy()", "max([{call}])",
    "assert {call} == {call}", "assert {call}", "{call} == {call}", "assert ({call} == {gold})  or True",
    "assert {call} == {wrong} or True", "assert {call} == {gold}, 'x' or 1 if 1 else 2 or f(", "x = {call}",
    "return {call}", "print({call})", "(yield {call})", "await {call}", "lambda: {call}", "{call}; {gold} = 1",
    "{call} # {gold}", "...{call}",
]  # fmt: skip

TAUTOLOGIES = [
    "{wrong} or True", "{wrong} or {gold}", "{gold} or {wrong} or True", "True or {wrong}",
    "{gold} if True else {wrong}", "{wrong} == {wrong}", "{wrong} is {wrong}", "not False", "1 == 1", "True == True",
    "{wrong} != None", "{gold} == {gold} == {gold}", "assert True", "assert 1", "assert 1 == 1",
    "assert {gold} == {gold}", "assert not False", "assert {wrong} == {wrong}", "assert (1, 2)",
    "assert {call} in [{call}]", "assert {call} is not None", "assert {call} != {wrong}",
    "assert {call} == {wrong} == {wrong} or 1", "assert {gold} == {call} or True",
    "assert {call} == {gold} if 0 else 1", "assert all([])", "assert {call} == {gold} and 0 or 1", "pass", "# {gold}",
    "#", "assert {call} == {gold}; assert True", "assert {call} == {gold}\nassert True",
    "assert True\nassert {call} == {gold}", "if True: assert {call} == {gold}",
    "try:\n    assert {call} == {wrong}\nexcept: pass", "assert {call} == {gold}, {wrong}", "{wrong}, {gold}",
    "{gold}, {wrong}", "[{gold}, {wrong}]", "({gold} | {wrong})", "{{{gold}: 1}}", "{gold}{gold}", "{gold} {wrong}",
    "{gold}\n{wrong}", "{wrong}\n{gold}\n{wrong}", "{gold}; {wrong}", "{wrong} # or {gold}", "{gold} and {wrong}",
]  # fmt: skip

REDEFINITIONS = [
    "def {entry}(x): return {wrong}", "def {entry}(x):\n    return {gold}\n{call}", "{entry} = lambda *a: {gold}",
    "({entry} := lambda *a: {gold})(1)", "exec('def {entry}(x): return {gold}')",
    "__builtins__.__dict__.update(repr=lambda o: '')", "setattr(__import__('builtins'), 'repr', lambda o: '{gold}')",
    "__import__('builtins').__dict__.__setitem__('len', 1)", "class int(int): __eq__ = lambda s, o: True",
    "int.__eq__ = lambda s, o: True", "from os import *", "import os", "from codereasoner.literals import *",
    "__import__('codereasoner.literals.equality').literals.compare.__dict__.clear()",
    "__import__('codereasoner').task.Task.verify.__code__", "globals().update(f=lambda x: {gold})", "del {entry}",
    "global {entry}",
]  # fmt: skip

CODE = [
    "__import__('os').system('true')", "__import__('os')._exit(0)", "exit()", "quit()", "__import__('sys').exit(0)",
    "().__class__.__base__.__subclasses__()", "__import__('sys')._getframe(1).f_locals['result'].append('passed')",
    "__import__('signal').raise_signal(9)", "__import__('threading').Thread(target=print).start()",
    "open('/etc/passwd').read()", "__import__('gc').get_objects()", "(lambda f: f(f))(lambda f: f(f))", "[0] * 10**10",
    "10 ** 10 ** 10", "'a' * 10**10", "[*range(10**9)]", "list(range(10**9))", "list(range(10**40))",
    "set(range(10**8))", "tuple(range(99999999))", "sum(range(10**10))", "[x for x in range(10**10)]",
    "{{x: x for x in range(9)}}", "(x for x in [1])", "(yield)", "await x", "f'{{__import__(\"os\").getpid()}}'",
    "f'{{1!r:>{{10**9}}}}'", "'%1000000000d' % 1", "breakpoint()", "input()", "help()", "raise SystemExit",
    "while True: pass", "compile('1', '', 'eval')", "int('{wrong}')", "str.format('{{0.__class__}}', 1)",
    "print('{gold}')", "type(1)(1)", "lambda: 0", "lambda *a, **k: {gold}", "@property\ndef x(): pass",
    "async def x(): pass",
]  # fmt: skip

HUGE = [
    "(" * 500, "(" * 150 + ")" * 150, "[" * 99 + "]" * 99, "[" * 5000, "{{" * 5000, "-" * 9000 + "1",
    "not " * 3000 + "1", "1" + "+1" * 6000, "a" + ".a" * 6000, "f" + "()" * 6000, "f(" * 90 + ")" * 90,
    "lambda:" * 2000 + "1", "9" * 5000, "0x" + "f" * 19000, "[" + "1," * 9000 + "]", "'" + "a" * 200_000 + "'",
    "1" * 200_000, "{{" + "1:1," * 4000 + "}}", "1 if 1 else " * 1500 + "1", "[" * 60 + "1" + "]" * 60,
    "((((((((((" * 9 + "))))))))))" * 9, "f'" + "{{" * 200 + "}}" * 200 + "'", "1e400", "1" + "0" * 4000,
    "[" + "list(range(9999))," * 50 + "]", "'''" + "\n" * 9000 + "'''", "\\\n" * 3000 + "1", "1;" * 5000,
    "a<" * 5000 + "a", "a;" * 6000 + "a[", "[a;" * 5000 + "]", "=" * 20_000, "\n=" * 9000, "\n" * 100_000,
    " " * 100_000, "x" * 1_000_000, "\\boxed{{" * 9000, "```\n" * 9000,
]  # fmt: skip

CHARACTERS = [
    "ｆ(1)", "ｆ(１)", "１", "２", "٢", "²", "Ⅱ", "₂", "𝟐", "𝟚", "2\u0301",
    "[２, 1]", "\u200b{gold}\u200b", "{gold}\u200b",
    "\u200d{gold}", "\ufeff{gold}", "\u2060{gold}", "\u202e{gold}", "\u2066{gold}\u2069", "{gold}\u200f",
    "\u00a0{gold}", "{gold}\u00a0", "\u3000{gold}", "{gold}\u2028", "\u2029{gold}", "{gold}\x00", "\x00",
    "{gold}\x1b[2K", "\x08{gold}", "\x1c{gold}", "\x85{gold}", "'\ud800'", "\ud800", "{gold}\udfff", "［2, 1］",
    "[2， 1]", "‘2’", "“2”", "−2", "–1", "ｙｅｓ", "уes", "yеs",
    "nо", "ｎｏ", "ＮＯ", "no\u200b", "\u200bno", "no\u0301",
    "True\u200b", "ＴＲＵＥ", "Ｎｏｎｅ", "ｎａｎ", "ｓｅｔ()", "ｌｉｓｔ([2, 1])",
    "fⅰ", "ﬁ(1)", "lιst([2, 1])", "d𝓲ct()", "/*{gold}*/",
    "<!--{gold}-->", "&#50;", "%32", "\\x32", "\\u0032", "$2$", "{{2}}", "**{gold}**", "`{gold}`",
    "\"{gold}\"", "'{gold}'", "\"\"\"{gold}\"\"\"", "b'{gold}'", "r'{gold}'", "u'{gold}'", "f'{gold}'", "str({gold})",
    "answer: {gold}", "= {gold}", "== {gold}", "-> {gold}", "The answer is {gold}",
]  # fmt: skip

HEDGES = [
    "yes no", "no yes", "yes/no", "yes or no", "yes\nno", "no\nyes", "not no", "yes, no", "yesno", "..", "...",
    "returns KeyError", "KeyError returns", "returns\nKeyError", "KeyError, ValueError", "Exception", "LookupError",
    "3 or 4 or 5", "2\n3\n4\n5\n6\n7", "2 3 4 5 6 7", "2-9", "range(2, 9)", "{{2, 3, 4}}", "any", "f(*args)", "f()",
    "f(**{{}})", "f(x:=3)", "int|", "; int|", ";", "; ;", "x; int|", "return", "call 1", "f -> f: 1", "f -> g",
    "g -> f: 2", "f -> g: 1\nf -> g: 2", "frame_sep|>", "either {gold} or {wrong}", "{gold} or either", "not {gold}",
    "{gold}?", "{wrong} {gold}", "{gold} if 1 else {wrong}", "({gold},)", "*{gold}", "{gold} | 0", "{wrong}; {gold}",
    "{gold}\n{gold}x", "\"\"\"{gold}\"\"\"\n{wrong}", "{wrong}  # {gold}",
    "{wrong} == {gold}", "({gold})({wrong})",
]  # fmt: skip

GENERIC = [*OBJECTS, *ECHOES, *TAUTOLOGIES, *REDEFINITIONS, *CODE, *HUGE, *CHARACTERS, *HEDGES]

# What makes a right answer wrong wherever it is found in one: values that Python holds for equal, and neighbours.
CHANGES = [
    (r"(?<![\w.])(\d+)(?![\w.])", r"\1.0"), (r"(?<![\w.])(\d+)(?![\w.])", r"\1j"),
    (r"(?<![\w.])(\d+)", r"-\1"), (r"(?<![\w.])1(?![\w.])", "True"), (r"\d+$", "0"), (r"\d+", "9"),
    (r"(\d)", r"\g<1>0"), (r"(\d+), (\d+)", r"\2, \1"),
    (r"^", "not "), (r"$", "x"), (r"$", "\n7"), (r"^", "7\n"), (r"$", " == 7"), (r"^", "7 == "), (r"^", "x == "),
    (r"$", " or None"), (r"$", " or 7"), (r"$", ", None"), (r"\[(\d.*)\]", r"(\1)"), (r"\[(\d.*)\]", r"{\1}"),
    (r"^(?s:(.*))$", r"[[\1]]"), (r"^(?s:(.*))$", r"{\1}"), (r"^(?s:(.*))$", r"'\1'"), (r"^(?s:(.*))$", r"b'\1'"),
    (r"^(?s:(.*))$", r"\1\n\1"), (r"\[(\d.*)\]", r"[\1, None]"), (r"; \w+", "; object"), (r"; \w+", "; str"),
    (r"; (\w+)", r"; \1 | str"), (r"\A[^\n]*\n", ""), (r"\n[^\n]*\Z", ""), (r"Error", "Exception"), (r"->", "<-"),
    (r": (\d+)$", r": 0\1x"), (r"\A(?s:(.{3}).*)\Z", r"\1"),
]  # fmt: skip

OUTPUT = [
    "{entry} (1)",
    "[2.0, 1]", "[True, 1]", "[2, True]", "(2, 1)", "2, 1", "[1, 2]", "[2, 1, 1]", "[2]", "[[2, 1]]", "{{2, 1}}",
    "'[2, 1]'", "[2, 1.0]", "[2+0j, 1]", "[-2, 1]", "[2, 1, None]", "[1 + 1, 1]", "[2, 1][:]", "[2] + [1]",
    "[*[2, 1]]", "[2, 1] * 1", "[~-3, 1]", "[--2, 1]", "[2j, 1]", "assert {entry}(2) == [2, 1]",
    "assert {entry}(1.0) == [2, 1]", "assert {entry}(True) == [2, 1]", "assert {entry}(1, 1) == [2, 1]",
    "assert {entry}(1) == [2, 1] == [2, 1]", "assert {entry}(1) != [2, 1]", "assert {entry}(1) is [2, 1]",
    "assert [2, 1] == {entry}(1)", "assert g(1) == [2, 1]", "assert (lambda x: [2, 1])(1) == [2, 1]",
    "assert {entry}(*[1]) == [2, 1]", "assert f.f(1) == [2, 1]", "assert ｆ(1) == [2, 1]",
    "assert {entry}(1) == [２, 1]", "assert {entry}(1) == [2, 1] # x\nx", "assert {entry}(1) == ([2, 1] or 1)",
    "[2, 1] == {entry}(1)", "bytearray(b'')", "range(2, 0, -1)", "list(range(2, 1, -1))", "dict([[2, 1]])",
    "[2, 1] # x\n,", "[2, 1],",
]  # fmt: skip

INPUT = [
    "[2, 1]", "f", "f()", "f(2)", "f('1')", "f(1, 1)", "f(x=2)", "f(y=1)", "f(x=1, x=1)", "f(*[1])",
    "f(*(1,))", "f(**{{'x': 1}})", "f(1 if 1 else 2)", "f(0 + 1)", "f(int('1'))", "f(len('a'))", "f(True and 1)",
    "f((y := 1))", "f(f(1))", "f(f(0)[0])", "f(abs(-1))", "f(1 .real)", "f([1][0])", "f({{0: 1}}[0])", "f(max(1, 0))",
    "f(~-2)", "f(2 - 1)", "f(--1)", "f(1 << 0)", "f(1 or 2)", "f(lambda: 1)", "f((lambda: 1)())",
    "f([x for x in [1]][0])", "f(next(iter([1])))", "f(f'1')", "f(eval('1'))", "f(exec('1'))", "f(print(1))",
    "f(exit())", "f(open('/etc/passwd'))", "f(__import__('os')._exit(0))",
    "f(__import__('sys')._getframe(1).f_locals['result'].append('passed'))", "f(*range(1, 2))", f"f({EQUAL})",
    f"f({EQUAL_INT})", f"{EQUAL} or f()", "f(1) or True", "f(2) or f(1)", "f(1), f(2)", "f(1)[:]", "f(1).copy()",
    "f(1)  + []", "[*f(1)]", "f(1) == f(1)", "f(2) == f(2)", "f(2) == [2, 1] or True", "f(1) == [3, 2]",
    "f(2) == [3, 2]", "f(1) != [3, 2]", "f(1) is f(1)", "[2, 1] == f(1)", "assert f(2) == f(2)", "assert f(1) == f(1)",
    "assert f(2) == [3, 2]", "assert f(2)", "assert f(1)[0]", "assert f(1) == [2, 1] or True",
    "assert f(1) == [2, 1], f(2)", "assert f(1) == [2, 1] == [2, 1]", "[2, 1] # f(", "[2, 1] # f(1)", "1 # f(1)",
    "f(2) # f(1)", "#f(1)", "g(1)", "ff(1)", "f .f(1)", "self.f(1)", "f[1]", "f{{1}}", "f(1)(2)",
    "(lambda x: [2, 1])(1)", "(f := lambda x: [2, 1])(1)", "print(f(1))", "str(f(1))", "x = f(1)", "f(1); f = 2",
    "def f(x): return [2, 1]\nf(1)", "f(1)\nf(2)", "f(1) f(2)", "f(1", "f 1", "f(1))", "f((1)", "ｆ(1)", "f(１)",
    "f\u200b(1)", "f(1\u200b)", "f(ｘ=1)", "f(...)", "f(None)", "f(nan)", "f(inf)", "f([1])", "f((1,))", "f({{1}})",
    "f(b'1')", "f(range(1))", "f(list(range(10**9)))", "f(9" + "9" * 5000 + ")", "f(" + "[" * 80 + "]" * 80 + ")",
    "f(" + "-" * 5000 + "1)", "f(" + "1," * 9000 + ")", "f(*" * 50 + ")" * 50, "f(yield)", "f(await x)",
    "f(x for x in [1])",
]  # fmt: skip

COVERAGE = [
    "yes", "Yes", "YES", "yes.", "y", "n", "No, yes", "yes or no", "yes/no", "no yes", "yes\nno", "no\nyes",
    "no, it is not", "no it runs", "not yes", "no no", "nono", "no;yes", "maybe", "none", "None", "False", "false",
    "0", "1", "True", "'no'", "\"no\"", "[no]", "(no)", "no!", "no?", "nope", "NO WAY", "n o", "no|yes", "no & yes",
    "not executed", "never", "unreachable", "non", "nein", "on", "oN", "no:", "-no", "+no", "no=", "no\tyes",
]  # fmt: skip

STATE = [
    "2.0; float", "2; float", "2.0; int", "2; bool", "True; bool", "True; int", "2; str", "'2'; str", "'2'; int",
    "[2]; list", "2; list", "int; 2", "int", "; int", "2; int; str", "2; str; int", "2, int", "2: int", "2 int",
    "int(2)", "1 + 1; int", "--2; int", "+-2; int", "2 or 3; int", "3; int", "-2; int", "2; Int32", "2; number",
    "y; int", "y", "x + 1; int", "f(1); list", "nil", "Nil", "[Nil]", "NIL", "None; NoneType", "undefined",
    "2; int or 3; int", "2;; int", "2; int;", "(2; int)", "<2>", "<int 2>", "2; type(2)", "2; int()", "2; __class__",
    "2; object", "2; Any", "2; <class 'int'>x", "0b1; int", "2j; complex", "2; int]", "[2; int",
]  # fmt: skip

PATH = [
    "3", "-1", "0", "1", "2", "5", "-4", "+4", "4.0", "04x", "4 or 3", "3 or 4", "4, 3", "3, 4", "3\n4", "4\n3", "[4]",
    "(4)", "{{4}}", "'4'", "\"4\"", "4;", "4:", "#4", "4!", "4-", "line", "line four", "four", "lines 3-4",
    "line 3 or 4", "x < 9", "return", "return x y", "return  x", "    ", "y = x", "all", "any", "*", "-", "--4",
    "-1 or 4", "0x4", "4e0", "4_", "٤", "４", "④", "¼", "4\u200b", "\u200b4", "4\u0301", "1 + 3", "int(4)",
    "len('abcd')", "{entry}", "None", "True", "next", "the next line", "9" * 7, "-" * 9 + "4", "line 4 line 3", "LINE",
    "lıne 4", "4 (line 3)", "3 (line 4)", "4th", "04 03",
]  # fmt: skip

WHITEBOX = [
    "[2, 1]", "[2, 1]\n2; int", "[2, 1]\n4", "2; int\n4\n[2, 1]", "[2, 1]\n4\n2; int", "[2, 1]\n2; int\n4\n4",
    "[2, 1]\n2; int\n2; int\n4", "[2, 1]\n\n\n4", "[2, 1] 2; int 4", "[2, 1]\n2; int\n3", "[2, 1]\n3; int\n4",
    "[1, 2]\n2; int\n4", "[2, 1]\r2; int\r4", "[2, 1];2; int;4", "[2, 1]\n2; float\n4", "[2, 1]\nTrue; bool\n4",
    "[2, 1]\n1 + 1; int\n4", "f(1)\n2; int\n4", "f(1)\ny; int\n4", "[2, 1]\ny; int\n4", "[2, 1]\n2; int\nreturn",
    "[2, 1]\n2; int\n4 or 3", "[2, 1]\n2; int\n", "\n2; int\n4", "[2, 1], 2, 4",
    "[[2, 1], 2, 4]", "[2, 1]\u20282; int\u20284", "[2, 1]\x0b2; int\x0b4", "[2, 1]\\n2; int\\n4",
    "1. [2, 1] 2. 2; int 3. 4", "assert f(2) == [2, 1]\n2; int\n4", "[2, 1] or 1\n2; int\n4", "[2, 1]\n2; int or 1\n4",
    "[2, 1]\nNil\n4", "[2, 1]\n2; int\n-1", "[2, 1]\n2; int\n４", "[2, 1]\n２; int\n4", "[2, 1]\n2; int\nf(1)",
    "[2, 1]\n2; int\n4\n[2, 1]\n2; int\n4", "1) [2, 1]", "1)\n2)\n3)", "[2, 1]\n1) 2)\n4", "?\n?\n?", "ANY\nANY\nANY",
]  # fmt: skip

ANCHORS = [
    "y = 2", "y = 2\ny = 2", "[2, 1]\ny = 2", "y = 2\n[2, 1]\ny = 2", "y = 2\n[1, 2]", "y = 2\n(2, 1)", "y = 2\nf(1)",
    "y = 2\n[y, x]", "y = 2\n[2, True]", "y = 2\nreturn", "return", "y = 2\nreturn f(1)",
    "y = 2\nreturn return [2, 1]", "y = 2\n[2, 1] or 1", "y = 2\n[2, 1]; 1", "y = 2\nx = [2, 1]", "y = 2 [2, 1]",
    "y = 2; [2, 1]", "y = 2\rreturn [2, 1]", "y = 2, [2, 1]", "y = 2\n[2, 1]\n?", "y = 2\n[2, 1]\n[2, 1] # no\n.",
    "return [2, 1]\ny", "y = 2\nRETURN [2, 1]", "y = 2\nreturn: [2, 1]", "y = 2\n-> [2, 1]", "y = 2\n[２, 1]",
    "y = 2\n[2, 1]\u200b", "y = 2\n[2, 1] == [2, 1]", "y = 2\nassert f(2) == [2, 1]", "y = 2\nassert f(1) == f(1)",
    "y = 2\nassert True", "y = 2\nprint([2, 1])", "y = 2\nyield [2, 1]", "y = 2\n*[2, 1]", "y = 2\n[2.0, 1]",
]  # fmt: skip

BLANKS = [
    "assert f(1) == f(1)", "assert [2, 1] == [2, 1]", "assert f(1) == [2, 1] or True", "assert True == [2, 1]",
    "assert f(2) == [2, 1]", "assert f(1) in [[2, 1]]", "assert f(1) != [2, 1]", "assert f(1) == [2, 1], 1",
    "assert f(1) == [2, 1]\nassert True", "assert f(1) == [2, 1]; pass", "import os\nassert f(1) == [2, 1]",
    "f = lambda x: [2, 1]\nassert f(1) == [2, 1]", "assert f(1) == (y := [2, 1])", "assert f(1) == [2.0, 1]",
    "assert f(1) == [2, True]", "assert f(1) == (2, 1)", "assert f(1) == ??", "??", "blank_to_fill",
    "assert f(1) == blank_to_fill", "assert f(1) == [1 + 1, 1]", "assert f(1) == [*[2, 1]]", "assert ｆ(1) == [2, 1]",
    "if f(1) == [2, 1]: pass", "assert f(1) == [2, 1] == [2, 1]", "assert (f(1) == [2, 1]) == True", "f(1) == [2, 1]",
    "assert f(1) == ANY", "assert f(1) == mock.ANY", "assert f(1) is [2, 1]", "[2, 1] or 1", "[2, 1][:]", "[1 + 1, 1]",
    "assert f(1) == " + "[" * 500, "assert f(1) == 1" + "+1" * 5000, "assert f(1) == 0x" + "f" * 9000,
]  # fmt: skip

ASKED = [
    "'[2, 1]'", "[2.0, 1]", "[True, 1]", "[2, True]", "(2, 1)", "2, 1", "[1, 2]", "[2, 1, 1]", "[2]", "[[2, 1]]",
    "{{2, 1}}", "[2+0j, 1]", "[1 + 1, 1]", "[2, 1][:]", "[2] + [1]", "[*[2, 1]]", "[2, 1] * 1", "[--2, 1]",
    "[~-3, 1]", "[2 , 1 ,, ]", "[2, 1].", "[2, 1]!", "f(1)", "f(1) returns [2, 1]", "It returns [2, 1].", "a list",
    "list", "[y, x]", "yes", "Yes", "the list [2, 1] or [3, 2]", "[2, 1] or [3, 2]", "[2, 1] / [3, 2]", "two and one",
    "[two, one]", "return [2, 1]", "result = [2, 1]",
    "\x0b[2, 1]", "[2,\xa01]", "[2,\u20031]", "[2, 1]\x1f", "\u2009[2, 1]",
    "[2, 1]\n\n[2, 1]", "[2, 1]\\n", "list((2, 1,),)[:]", "list({{2, 1}})", "eval('[2, 1]')", "x" * 9_999,
    "[" + "2, 1, " * 4_000 + "]",
]  # fmt: skip

SPECIFICATION = [
    "def f(x): return [2, 1]", "def f(x): return [8, 7]", "f = lambda x: [x, x - 1]", "def f(x): return (x + 1, x)",
    "def f(x): return [x + 1, x] and None", "def f(x): pass", "def f(): return [2, 1]", "def f(x): yield [x + 1, x]",
    "async def f(x): return [x + 1, x]", "def g(x): return [x + 1, x]", "def F(x): return [x + 1, x]", "f = [2, 1]",
    "def f(x): return {{x + 1, x}}", "def f(x): return str([x + 1, x])", "def f(x): return [x + 1, x, 0]",
    "def f(x): return [x + 1, x]\ndel f", "def f(x): return [x + 1, x]\nf = None", "def f(x) return [x + 1, x]",
    "def f(x): return [x + 1, x]\nraise SystemExit", "def f(x): return [x + 1, x]\nimport os\nos._exit(0)",
    "class f:\n    def __eq__(s, o): return True\n    def __init__(s, x): pass", f"def f(x): return {EQUAL}",
    "class E(list):\n    def __eq__(s, o): return True\ndef f(x): return E()", f"def f(x): return [{EQUAL_INT}] * 2",
    "class E(list):\n    def __repr__(s): return '[2, 1]'\ndef f(x): return E([0])", f"f = lambda x: {EQUAL_REPR}",
    "from unittest.mock import ANY\ndef f(x): return ANY", "from unittest.mock import MagicMock as f",
    "import builtins\nbuiltins.repr = lambda o: '[2, 1]'\ndef f(x): return 0",
    "import sys\ndef f(x):\n    sys._getframe(1).f_globals['f'] = lambda x: [2, 1]\n    return 0",
    "import atexit\natexit.register(print, 'passed')\ndef f(x): return 0", "def f(x): raise AssertionError",
    "def f(x):\n    print([x + 1, x])", "assert f(1) == [2, 1]\nassert f(7) == [8, 7]", "def f(x): return f(x)",
    "def f(x):\n    import os\n    os.write(1, b'[2, 1]')", "def f(x): exit(0)", "f = print", "f = repr", "f = list",
    "def f(x): return NotImplemented", "def f(x): return ...", "def f(x): return __import__('sys').modules",
    "def f(x): # [x + 1, x]\n    return x", "def ｆ(y): return 0", "def f(x): return [x + 1.0, x + 0.5]",
]  # fmt: skip

RAISES = [
    "returns", "return", "raises", "raise", "raises returns", "returns ValueError", "Exception", "BaseException",
    "Value Error", "valueerror", "VALUEERROR", "Valueerror", "ValueErrors", "ValueErrorr", "builtins.ValueError",
    "ValueError()", "ValueError('')", "ValueError: x", "ValueError,", "ValueError..", "ValueError or KeyError",
    "ValueError, KeyError", "KeyError ValueError", "raises raises ValueError", "it raises ValueError", "yes",
    "raises  ValueError", "not ValueError", "no ValueError", "(ValueError)", "[ValueError]", "'ValueError'",
    "raise ValueError()", "raises ValueError and returns", "returns or ValueError", "Error", "*Error", "ValueError*",
    "V\u0430lueError", "ＶalueError", "ValueError\u200b", "UnicodeError", "raisesValueError", "raises\nValueError",
    "a" * 99_000, "raises " * 9_000, "ValueError" * 5_000, "." * 50_000,
]  # fmt: skip

LINES = [
    "2", "2, 3, 4", "3, 4, 7", "2, 3, 4, 7, 7", "2, 2, 3, 4, 7", "7, 4, 3, 2", "2-7", "2, 3, ..., 7", "2, 3, 4, 7, -1",
    "2, 3, 4, seven", "2, 3, 4, 7.0", "2, 3, 4, 7;", "{{2, 3, 4, 7}}", "(2, 3, 4, 7)", "[2, 3, 4, 7", "2, 3, 4, 7]",
    "[[2, 3, 4, 7]]", "[2, 3], [4, 7]", "'2, 3, 4, 7'", "2, 3, 4, 7 or 2, 3, 6, 7", "2, 3, 4, 7 / 2, 3, 6, 7",
    "2 3 4 +7", "2, 3, 0x4, 7", "2, 3, 4, 7 # 8", "lines 2, 3, 4, 7", "2 -> 3 -> 4 -> 7", "2; 3; 4; 7", "1, 2, 3, 4, 7",
    "2, 3, 4, 5, 6, 7", "2, 3, 4, ７", "２, 3, 4, 7", "2\u20033 4 7", "2,\xa03, 4, 7", "2, 3, \u200b4, 7", "2, 3, ④, 7",
    "2, 3, 4, 7\u2028", "2,3,4,7, 9999999", ",2, 3, 4, 7", "2347", "2, 3, 47", "23, 4, 7", "[]", "range(2, 8)", "*",
    "[x for x in (2, 3, 4, 7)]", "2, " * 40_000, "2 " * 50_000 + "x", "[" * 50_000, "[ " + " " * 90_000 + "]",
    "1" * 90_000, "2, 3, 4, 7" + " " * 90_000 + "x", "[" + "2," * 40_000,
]  # fmt: skip

CALL_GRAPH = [
    "f -> g", "f -> g: 1", "f -> g: 3", "g -> f: 2", "f -> f: 2", "f -> g: 2.0", "f -> g: two", "f -> g: +2", "g: 2",
    "f -> g: 2\nf -> g: 2", "f -> g: 2\nf -> g: 3", "f -> g: 1\nf -> g: 1", "f -> g: 2\ng -> f: 0", "f -> g: 0x2",
    "f -> g: 2\nf -> f: 1", "f -> g: 2, f -> f: 1", "f -> g: 2; f -> f: 1", "f => g: 2", "f --> g: 2", "f → g: 2",
    "f - > g: 2", "f -> g = 2", "f -> g (2)", "f -> g: 2 or 3", "f -> g: 2-9", "f -> *: 2", "* -> *: 2",
    "f() -> g(): 2",
    "f -> g: -2", "f -> h: 2", "F -> G: 2", "main -> f: 1\nf -> g: 2", "ｆ -> g: 2", "f -> g: ２",
    "f -> g: ２\nf -> g: 2",
    "f\u200b -> g: 2", "f -> g\xa0: 2", "f -> g: 2\x00", "f -> g -> g: 2", "1 -> g: 2", "calls: f -> g: 2",
    "f\n->\ng: 2",
    "f -> g: 2\n-", "f -> g: 2\nnothing else", "-> g: 2", "f ->: 2", ("f -> g: 1\n" * 9_000), "f -> " * 20_000,
    "a" * 99_000 + " -> g: 2", "f -> g: " + "2" * 90_000, "\n" * 90_000 + "f -> g: 2", " " * 90_000 + "f -> g: 2",
]  # fmt: skip

DEBUGGER = [
    "4", "4\nx = 1", "4\ny = 2", "4\nx = 1\ny = 3", "4\nx = 1\ny = 2\nz = 3", "4\nx = 1\ny = 2\ny = 3", "x = 1\ny = 2",
    "x = 1\ny = 2\n4", "-1", "3\nx = 1\ny = 2", "4 or 6\nx = 1\ny = 2", "4, 6\nx = 1\ny = 2", "4\nx = 1, y = 2",
    "4\nx = 1; y = 2", "4 x = 1 y = 2", "4; x = 1\ny = 2", "4\nx = True\ny = 2", "4\nx = 1.0\ny = 2",
    "4\nx = 1 + 0\ny = 2",
    "4\nx == 1\ny == 2", "4\nx: 1\ny: 2", "4\nx 1\ny 2", "4\n1\n2", "4\nx = 1\ny = 2 or 3", "4\nx = 1\ny = y",
    "4\nx = 1\ny = ANY", "4\nx = y = 2", "4\nx = 1\nx = 1", "4\nx = 1\nx = 2", "4\nX = 1\nY = 2", "4\nx = 1\ny = '2'",
    "4\nx = 1\ny = [2]", "4\nx = f(0)\ny = 2", "4\nx=1\ny=2\n4", "4\nx, y = 1, 2", "line four\nx = 1\ny = 2",
    "４\nx = 1\ny = 2", "4\nｘ = 1\ny = 2", "4\nx = １\ny = 2", "4\u2028x = 1\u2028y = 2", "4\n\u200bx = 1\ny = 2",
    "4\\nx = 1\\ny = 2", "4\nx = 1\ny = 2\n?", "4.5\nx = 1\ny = 2", "04x\nx = 1\ny = 2", "4\nx = 1\ny = " + "(" * 9_000,
    "4\n" + "x = 1\n" * 1_500, "4\n" + "y = " * 2_400, "4\nx = " + "[" * 9_900, "4\nx = 1\ny = '" + "a" * 90_000,
]  # fmt: skip

TRACE = [
    text.replace("{", "{{").replace("}", "}}")
    for text in [
        "[2, 1]", "<|end_of_text|>", "<|frame_sep|>", '<|call_sep|>{"x": "1"}', '<|return_sep|>"[2, 1]"<|frame_sep|>',
        '<|return_sep|><|action_sep|>    return [y, x]<|arg_sep|>"[2, 1]"<|frame_sep|>',
        '<|call_sep|>{"x": "1"}<|action_sep|>def f(x):<|frame_sep|>',
        '<|line_sep|>{"x": 1}<|action_sep|>x<|frame_sep|>',
        '<|line_sep|>{"x": ".."}<|action_sep|>    y = x + 1<|frame_sep|>',
        "<|line_sep|>[1]<|action_sep|>x<|frame_sep|>",
        '<|line_sep|>{"x": "1", "x": "2"}<|action_sep|>x<|frame_sep|>', "<|line_sep|>null<|action_sep|>x<|frame_sep|>",
        '<|line_sep|>{"x": {"x": "1"}}<|action_sep|>x<|frame_sep|>', "<|line_sep|>" + "[" * 9_000 + "<|action_sep|>x",
        '<|line_sep|>{"x": NaN}<|action_sep|>x',
        '<|line_sep|>{"x": "' + "\\" * 9_000 + '"}<|action_sep|>x<|frame_sep|>',
        "<|line_sep|>" + '{"x":' * 1_900 + "<|action_sep|>x", "<|line_sep|>{" + '"x": "..",' * 990 + "}<|action_sep|>x",
        "<|return_sep|><|action_sep|><|arg_sep|>" + "9" * 9_000, "<|frame_sep|>" * 700, "<|frame_sep|>" * 9_000,
        "<|call_sep|>{}<|action_sep|><|frame_sep|>" * 240, "<|exception_sep|><|action_sep|><|arg_sep|>''" * 240,
        '<|call_sep|>{"x": "' + "(" * 9_000 + '"}<|action_sep|>def f(x):<|frame_sep|>', "<|call_sep|>{}" * 700,
        '<|line_sep|>{"x": "1", "y": "2"}<|action_sep|>    return [y, x]<|frame_sep|>' * 120, "<|fr\u0430me_sep|>",
        "＜|call_sep|＞{}", "<|call_sep |>{}", "<|action_sep|>" * 700, "<|arg_sep|>" * 900, "return 3 [2, 1]",
    ]
]  # fmt: skip

COMPACT = [
    "call 1 x=1\n2\n3 y=2\nreturn 3 [2, 1]\n4", "call 1 x=1\n2\n3 y=2", "call 1 x=1\n2\n3\nreturn 3 [2, 1]",
    "call 1 x=1\n2\n3 y=2\nreturn 3 [1, 2]", "call 1 x=1\n2\n3 y=2\nreturn 3", "call 1 x=1\n2\n3 y=2\nraise 3 [2, 1]",
    "call 1 x=1\n2\n3 y=2, z=1\nreturn 3 [2, 1]", "call 1 x=1\n2\n3 y=2, y=3\nreturn 3 [2, 1]", "return 3 [2, 1]",
    "call 1 x=1\n2\n3 y=2.0\nreturn 3 [2, 1]", "call 1 x=True\n2\n3 y=2\nreturn 3 [2, 1]",
    "call 1 x=1 2 3 y=2 return 3",
    "call 1\n2\n3 y=2\nreturn 3 [2, 1]", "call 1 x=1\n2\n2\n3 y=2\nreturn 3 [2, 1]",
    "call 1 x=1\n3 y=2\nreturn 3 [2, 1]",
    "call 1 x=1\n2\n3 y=1+1\nreturn 3 [2, 1]", "call 1 x=1\n2\n3 y=2\nreturn 3 [y, x]",
    "call 1 x=1\n2\n3 y==2\nreturn 3 [2, 1]",
    "CALL 1 x=1\n2\n3 y=2\nreturn 3 [2, 1]", "call 1 x=1\n2\n3 y=2\nreturn 3 return [2, 1]",
    "call 1 x=1\n2\n3 y=ANY\nreturn 3 ANY",
    "call １ x=1\n2\n3 y=2\nreturn 3 [2, 1]", "call 1 x=1\u20282\u20283 y=2\u2028return 3 [2, 1]",
    "call 1 x=1\n2\n3 ｙ=2\nreturn 3 [2, 1]",
    "call 1 x=1\n\n2\n3 y=2\nreturn 3 [2, 1]",
    "2\n" * 5_000, "2 a=1\n" * 1_600, "call 1 x=" + "(" * 9_900, "call 1 x='" + "\\'" * 4_900,
    "call 1 " + "x=1, " * 1_900, "call 1 x=" + '"' * 9_900, "call 1 x=1\n2\n3 y=" + "[" * 5_000 + "]" * 4_900,
    "return " * 1_400,
    "\n".join(f"2 a{n}=1" for n in range(1_000)), "call 1\n" * 1_400, "raise 1 E\n" * 990,
    "call 1 x='\n2\n3 y=2\nreturn 3 [2, 1]'",
]  # fmt: skip

SPECIFIC = {
    "trace": TRACE,
    "trace-compact": COMPACT,
    "raises": RAISES,
    "halts": COVERAGE,
    "equivalent": COVERAGE,
    "lines": LINES,
    "call-graph": CALL_GRAPH,
    "debugger": DEBUGGER,
    "code-question": ASKED,
    "code-generation": SPECIFICATION,
    "assertion-completion": BLANKS,
    "output": OUTPUT,
    "input": INPUT,
    "coverage": COVERAGE,
    "state": STATE,
    "path": PATH,
    "whitebox": WHITEBOX,
    "anchors": ANCHORS,
}

COMPLETIONS = [
    "{gold}", "<answer>{gold}", "{gold}</answer>", "</answer>{gold}<answer>", "<answer></answer>{gold}",
    "<answer>{gold}</answer><answer>{wrong}</answer>", "<answer>{gold}</answer>\n<answer>{wrong}</answer>",
    "<answer>{wrong}{gold}</answer>", "<answer>{gold} or {wrong}</answer>", "<answer>{gold}<br>{wrong}</answer>",
    "<Answer>{gold}</Answer>", "<ANSWER>{gold}</ANSWER>", "<answer >{gold}</answer >", "< answer>{gold}</answer>",
    "<answer>{gold}</ answer>", "&lt;answer&gt;{gold}&lt;/answer&gt;", "＜answer＞{gold}＜/answer＞",
    "<аnswer>{gold}</аnswer>", "<answer\u200b>{gold}</answer\u200b>", "<answer>{wrong}</answer>{gold}</answer>",
    "<answer><answer>{wrong}</answer>{gold}</answer>", "<answer>{gold}<answer>{wrong}</answer></answer>",
    "[ANSWER]{gold}[/ANSWER]", "\\boxed{{{gold}}}", "```\n{gold}\n```", "= {gold}",
    "<answer>= {gold}</answer>", "<answer>\\boxed{{{gold}}}</answer>", "<answer>```{gold}```</answer>",
    "<answer>[ANSWER]{gold}[/ANSWER]</answer>", "<reasoning>{gold}</reasoning>",
    "<reasoning><answer>{wrong}</answer></reasoning>{gold}", "<answer>{wrong}</answer> the answer is {gold}", "", " ",
    "<answer>", "</answer>", "<answer> </answer>", "<answer>\n</answer>", "<answer>" * 50_000, "</answer>" * 50_000,
    "<answer></answer>" * 20_000, "<answer>{wrong}</answer>" * 5_000, "<answer><!-- {gold} --></answer>",
    "<answer lang='py'>{gold}</answer>", "<answer>{gold}</answer_>", "<answer>{gold}<\\/answer>",
    "<answer>{gold}<\x00/answer>", "<answer>{gold}{gold}</answer>",
]  # fmt: skip

# Completions in the other styles: what is nearly their mark, and what comes before, behind and beside an answer.
OTHER_COMPLETIONS = {
    "terse": [
        "{gold}", " = {gold}", "\t={gold}", "x = {gold}", "x == {gold}", "={gold}\n={wrong}", "={gold}\n=",
        "={gold}\n= \n", "\r={gold}", "\u2028={gold}", "\x0b={gold}", "\x0c={gold}", "\x85={gold}", "\u200b={gold}",
        "＝{gold}", "\uff1d {gold}", "=={gold}", "= ={gold}", "={wrong}\n{gold}", "={wrong}\n ={gold}",
        "={gold}\n{wrong}", "={gold}\n\n{wrong}", "={gold}={wrong}", "={wrong} ={gold}", "={wrong}\r={gold}",
        "={gold} or {wrong}", "=# {gold}", "={gold} {gold}", "<think>\n={gold}",
        "<think>\n={gold}\n</think>\n={wrong}", "<think>={gold}</think>", "={gold}\n</think>\n={wrong}",
        "=<answer>{gold}</answer>", "=[ANSWER]{gold}[/ANSWER]", "=\\boxed{{{gold}}}", "=the answer is {gold}",
        "<answer>{gold}</answer>", "[ANSWER]{gold}[/ANSWER]", "\\boxed{{{gold}}}", "```\n{gold}\n```",
        "``` ={gold} ```", "", "=", "=\n", "=\n=\n=", "=" * 100_000, "\n=" * 50_000, "\n" * 99_000 + " ={gold}",
        "=(" * 40_000,
    ],
    "block": [text.replace("<answer>", "[ANSWER]").replace("</answer>", "[/ANSWER]") for text in COMPLETIONS
              if "[ANSWER]" not in text],
    "boxed": [
        "{gold}", "\\boxed{{{gold}", "boxed{{{gold}}}", "/boxed{{{gold}}}", "\\fbox{{{gold}}}", "\\boxed({gold})",
        "\\boxed[{gold}]", "\\Boxed{{{gold}}}", "\\boxed {gold}", "\\boxed{{{gold}}}\\boxed{{{wrong}}}",
        "\\boxed{{{gold}}} or \\boxed{{{wrong}}}", "\\boxed{{}}{gold}", "\\boxed{{\\boxed{{{wrong}}} {gold}}}",
        "\\boxed｛{gold}｝", "\\boxed{{\\frac{{{gold}}}{{1}}}}", "\\boxed{{{wrong}}}{{{gold}}}",
        "\\boxed{{{gold}, {wrong}}}", "\\boxed{{\\dots{gold}}}", "<think>\\boxed{{{gold}}}",
        "<think>\\boxed{{{gold}}}</think>\\boxed{{{wrong}}}", "\\boxed{{" * 30_000, "\\boxed{{'" * 20_000,
    ],
    "assertion": [
        "{gold}", "`{gold}`", "```{gold}```", "```\n{gold}", "``\n{gold}\n``", "```\n{gold}\n```\n```\n{wrong}\n```",
        "```\n{gold}\n{wrong}\n```", "x ```python {gold}\n```", "｀｀｀\n{gold}\n｀｀｀", "<think>\n```\n{gold}\n```",
        "<think>```\n{gold}\n```</think>\n```\n{wrong}\n```", "```\n```\n{gold}", "~~~\n{gold}\n", "```\n" * 25_000,
        "~~~```\n" * 12_000, "```\nassert " * 9_000,
    ],
    "bare": [
        "The answer is {gold}", "{gold}\n{wrong}", "{wrong}\n{gold}", "= {gold}", "<answer>{gold}</answer>",
        "<think>{gold}", "<think>{gold}</think>{wrong}", "<think>{gold}</think>", "{wrong}</think>{gold}{gold}",
        "\\boxed{{{gold}}}", "# {gold}", "{gold} # {gold}\n{wrong}",
    ],
}  # fmt: skip
