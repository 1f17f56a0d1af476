"""The names and the constants that a person would choose."""

from __future__ import annotations

from random import Random

from codereasoner.grammar.draft import number, pick

_POOLS = {
    "str": "text s string word line value message name",
    "char": "char c ch letter sep sub mark sign",
    "int": "n k num size limit x step index",
    "float": "rate ratio price share",
    "bool": "flag ok found done",
    "ints": "nums lst array numbers values arr data items",
    "strs": "words items parts lines names strings tokens keys",
    "pairs": "pairs entries items rows",
    "nested": "matrix rows grid lists",
    "counts": "d counts dic scores table mapping",
    "names": "names lookup labels index",
    "groups": "groups buckets index",
    "intset": "nums_set seen values_set unique ids",
    "strset": "chars letters seen unique",
    "tup": "tup values point items",
    "pair": "pair entry best",
    "str each": "word w item part t",
    "char each": "c ch char letter x",
    "int each": "x n num v i j",
    "ints each": "row sub lst group",
    "str new": "result res out new_text output ans",
    "char new": "first last ch mark",
    "int new": "count total result res ans cnt",
    "ints new": "result res out new_list ans output",
    "strs new": "result res out parts output chars",
    "pairs new": "pairs result entries",
    "counts new": "counts d result freq dic",
    "groups new": "groups result buckets",
    "lookup": "d mapping names dic data labels",
    "lookup new": "result mapping new_dict res",
    "table": "groups table data d lists",
    "table new": "result new_dict res",
    "anys": "items values data lst mixed things",
    "anys new": "result res out new_list",
    "any": "value item x element target",
    "any each": "x item value v each",
    "any new": "first last item value",
    "tally": "counts freq tally d",
    "tally new": "counts freq d result",
    "names new": "names result lookup",
    "nested new": "rows result groups",
    "intset new": "seen unique result",
    "strset new": "seen letters unique",
    "tup new": "result out tup",
    "float new": "total rate result",
    "int index": "i j k idx",
    "helper": "helper g process check convert apply",
}
_NAMES = {key: tuple(names.split()) for key, names in _POOLS.items()}

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_WORDS = ["ab", "cat", "xy", "dog", "red", "key", "no", "end", "sun", "abc", "un", "ok", "zip", "on"]
_CONSTANTS: dict[str, tuple[str, ...]] = {
    "small": ("2", "2", "3", "4", "5"),
    "few": ("2", "3"),
    "bit": ("0", "1"),
    "width": ("6", "8", "10", "12", "5"),
    "fill": ("'*'", "'-'", "'0'", "'_'", "'.'", "'#'"),
    "sep": ("','", "' '", "'-'", "'_'", "':'", "'.'"),
    "vowels": ("'aeiou'", "'aeiou'", "'xyz'", "'0123456789'", "'abc'"),
    "arith": ("+", "-", "*"),
    "augment": ("+=", "-=", "*="),
    "case": ("upper", "lower", "title", "capitalize", "swapcase"),
    "compare": (">", "<", ">=", "<=", "==", "!="),
    "float literal": ("0.5", "1.5", "2.0", "10.0"),
}


def pool(kind: str, role: str = "") -> tuple[str, ...]:
    """The names for a variable of this kind in this role: "new" for a result, "each" for a loop, "index"."""
    return _NAMES.get(f"{kind} {role}") or _NAMES[kind]


def constant(random: Random, kind: str) -> str | None:
    """A constant for a hole that takes nothing else, or a literal; None: this kind of hole takes expressions."""
    if kind in _CONSTANTS:
        return pick(random, _CONSTANTS[kind])
    match kind:
        case "int literal":
            return str(number(random, 1, 9) if random.random() < 0.75 else pick(random, (0, 10, 12, 15, 20)))
        case "char literal":
            return repr(pick(random, _LETTERS if random.random() < 0.7 else ",-_ .0123456789ABCXYZ!@#"))
        case "str literal" | "word":
            return repr(pick(random, _WORDS))
        case "two":
            start = number(random, 0, len(_LETTERS) - 2)
            return repr(_LETTERS[start : start + 2])
    return None
