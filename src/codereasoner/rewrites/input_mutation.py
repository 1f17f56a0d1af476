"""Add calls to a program: its arguments with other values of the same types.

The ranges are those of CodeReasoner (arXiv:2507.17548): integers of 5 to 20, strings of 5 to 15 letters, digits and
punctuation or one repeated character, collections of 5 to 15, so that no model can guess where the values lead.
"""

import string
from collections.abc import Iterable, Sequence
from dataclasses import replace
from random import Random

from codereasoner import literals
from codereasoner.grammar.draft import number, pick
from codereasoner.records import Program

_LETTERS = (string.ascii_lowercase, string.ascii_uppercase, string.digits, " ", string.punctuation)
INTEGERS = (5, 20)  # from and to, both included, as all of these
TEXT_LENGTHS = (5, 15)
SIZES = (5, 15)  # of collections
INNER_SIZES = (2, 5)  # of a collection in a collection, or the call would not fit a prompt


def with_more_calls(program: Program, count: int) -> Program:
    """Return the program with up to `count` calls more, the same ones on every call of this function.

    A call whose arguments are not literals is not mutated. The new calls may raise; their run will show it.
    """
    random = Random(f"mutate/{program.split}/{program.id}")
    known = dict.fromkeys(program.calls)
    for index in range(count if program.calls else 0):
        call = mutate(program.calls[index % len(program.calls)], random)
        if call is not None:
            known.setdefault(call)
    return replace(program, calls=tuple(known))


def mutate(call: str, random: Random) -> str | None:
    """Return the arguments of a call with other values of the same types; None where an argument is not a literal.

    Each argument is mutated or, one time in five, kept. A string of one letter is mostly taken from a longer one, since
    it is mostly looked for there.
    """
    try:
        literals.read_arguments(call)
    except literals.LiteralError:
        return None
    mutation = _Mutation(random)
    arguments = literals.parse_arguments(call)
    return _written((name, mutation.argument(literals.value_of(node))) for name, node in arguments)


def _written(arguments: Iterable[tuple[str | None, object]]) -> str:
    texts = ((name, literals.write(value)) for name, value in arguments)
    return ", ".join(f"{name}={text}" if name else text for name, text in texts)


def with_faults(program: Program, count: int) -> Program:
    """Return the program with up to `count` calls more, each with one argument that it may not be made for.

    The argument is empty, None, of another type, or a collection that holds such an item.
    """
    random = Random(f"faults/{program.split}/{program.id}")
    known = dict.fromkeys(program.calls)
    for index in range(count if program.calls else 0):
        try:
            arguments = literals.parse_arguments(program.calls[index % len(program.calls)])
            values = [(name, literals.value_of(node)) for name, node in arguments]
        except literals.LiteralError:
            continue
        spoilt = random.randrange(len(values) or 1)
        if values:
            name, value = values[spoilt]
            values[spoilt] = name, _fault(value, random)
        known.setdefault(_written(values))
    return replace(program, calls=tuple(known))


def _fault(value: object, random: Random) -> object:
    """Return a value that a function may not be made for in place of this one."""
    faults: list[object] = [None, 7 if isinstance(value, str) else "7"]
    if value is not None:
        faults += [range(0) if isinstance(value, range) else type(value)()] * 2
    if isinstance(value, int) and not isinstance(value, bool):
        faults += [-value, value + 100]
    elif isinstance(value, str | list | tuple) and value:
        faults += [value[:1], value[:-1]]
    elif isinstance(value, dict) and value:
        faults += [dict(list(value.items())[:-1])] * 2
    if isinstance(value, list | tuple) and value:
        place = random.randrange(len(value))
        faults.append(type(value)([*value[:place], _fault(value[place], random), *value[place + 1 :]]))
    return pick(random, faults)


class _Mutation:
    """One mutation of a call; remembers the strings it made, so that single letters can be found in them."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.texts: list[str] = []
        self.depth = 0  # of collections around the value that is being made

    def argument(self, value: object) -> object:
        """Return another value for an argument, or one time in five the same."""
        return value if self.random.random() < 0.2 else self.value(value)

    def value(self, value: object) -> object:
        """Return another value of the same type; the same where there is none, as for None."""
        self.depth += 1
        made = self._another(value)
        self.depth -= 1
        return made

    def _another(self, value: object) -> object:
        match value:
            case bool():
                return self.random.random() < 0.5
            case int():
                return number(self.random, *INTEGERS)
            case float():
                return round(self.random.random() * 20, 2)
            case str():
                return self._text(value)
            case list():
                return self._items(value)
            case tuple() if len(value) < 4 or len(set(map(type, value))) > 1:  # a record, which keeps its shape
                return tuple(map(self.value, value))
            case tuple():
                return tuple(self._items(value))
            case set() | frozenset():
                return type(value)(self._items(sorted(value, key=literals.write)))
            case dict():
                pairs = list(value.items()) or [("a", 1)]
                chosen = [pick(self.random, pairs) for _ in self._size()]
                return {self._key(key): self.value(item) for key, item in chosen}
        return value

    def _text(self, value: str) -> str:
        known = "".join(self.texts)
        if len(value) == 1 and known and self.random.random() < 0.7:
            return pick(self.random, known)
        letters = "".join(each for each in _LETTERS if any(letter in each for letter in value)) or string.ascii_letters
        if len(value) == 1:
            return pick(self.random, letters)
        length = number(self.random, *TEXT_LENGTHS)
        if self.random.random() < 0.1:
            text = pick(self.random, letters) * length
        else:
            text = "".join(pick(self.random, letters) for _ in range(length))
        self.texts.append(text)
        return text

    def _items(self, value: Sequence[object]) -> list[object]:
        if not value:
            return [number(self.random, *INTEGERS) for _ in self._size()]
        return [self.value(pick(self.random, value)) for _ in self._size()]

    def _key(self, key: object) -> object:
        """Return another key; one of one letter stays one letter, but need not occur in any string."""
        if isinstance(key, str) and len(key) == 1:
            return pick(self.random, string.ascii_lowercase)
        return self.value(key)

    def _size(self) -> range:
        return range(number(self.random, *(SIZES if self.depth < 2 else INNER_SIZES)))
