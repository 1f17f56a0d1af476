"""The programs that replay.py writes: what asks the code for values, and the stand-in for it beside its tests.

Arguments and values pass between the two processes as tables in JSON: a row [kind, item, ...] for each list, dict,
tuple ..., in which the item [n] is the object of row n, and {"bytes": [text]} a value that JSON has not. So an object
that is in two places stays one, and one that an argument holds is changed where it is. After a call its table has the
rows of the arguments first, as the call left them, and then a row with what it returned, or with the arguments of its
exception.
"""

CANDIDATE = "candidate"  # what tests call the function
ASKED = "_values_of_calls"  # the harness's function; no name that a program would take
NOTED = "_calls_of_tests"  # the function of the tests' process

# Both processes have this. Subclasses of plain types, such as Counter and namedtuple, are sent as their base.
TABLES = """\
import json, sys
from collections import OrderedDict, deque

KINDS = (list, tuple, dict, set, frozenset, bytearray, deque)  # by number, as ROWS of replay.py
SCALARS = {str: "__str__", int: "__int__", float: "__float__", bytes: "__bytes__", complex: "__complex__"}

def mapping(value):
    return OrderedDict if isinstance(value, OrderedDict) else dict

def pack(found):
    found = [*found]
    rows = {id(value): row for row, value in enumerate(found)}

    def item(value):
        if type(value) is bool:
            return value
        for kind, method in SCALARS.items():
            if isinstance(value, kind):
                return value if type(value) is kind else getattr(kind, method)(value)
        if not isinstance(value, KINDS):
            return value
        if id(value) not in rows:
            rows[id(value)] = len(found)
            found.append(value)
        return [rows[id(value)]]

    table = []
    for value in found:
        kind = next(kind for kind in KINDS if isinstance(value, kind))
        if kind is dict:
            items = [part for pair in mapping(value).items(value) for part in pair]
        elif kind in (set, frozenset):
            items = sorted(kind.__iter__(value), key=repr)
        else:
            items = [bytes(value)] if kind is bytearray else kind.__iter__(value)
        table.append([KINDS.index(kind), *[item(each) for each in items]])
    return table, found

def unpack(table, before=(), own=()):
    fixed = (KINDS.index(tuple), KINDS.index(frozenset))
    made = [*own, *[None if kind in fixed else KINDS[kind]() for kind, *_ in table[len(own):]]]

    def value_of(item):
        if type(item) is not list:
            return item
        row, = item
        if made[row] is None:
            kind, *items = table[row]
            made[row] = KINDS[kind](map(value_of, items))
        return made[row]

    for row, (kind, *items) in enumerate(table):
        value = value_of([row])
        if kind in fixed or (row < len(before) and repr(before[row]) == repr(table[row])):
            continue
        items = [value_of(each) for each in items]
        value.clear()
        if KINDS[kind] is dict:
            for key, held in zip(items[::2], items[1::2]):
                mapping(value).__setitem__(value, key, held)
        else:
            (value.update if KINDS[kind] is set else value.extend)(items[0] if KINDS[kind] is bytearray else items)
    return made

def parts_of(value):
    parts = {
        bytes: lambda: [value.decode("latin1")], complex: lambda: [value.real, value.imag],
        range: lambda: [value.start, value.stop, value.step],
    }.get(type(value), lambda: [])()
    return {type(value).__name__: parts}

def from_parts(found):
    (kind, parts), = found.items()
    makers = {"bytes": lambda text: text.encode("latin1"), "complex": complex, "range": range}
    return makers.get(kind, lambda: ...)(*parts)

def read(text):
    sys.set_int_max_str_digits(0)
    return json.loads(text, object_hook=from_parts)

def in_turn(each):
    sys.set_int_max_str_digits(0)
    first = {}
    for one in each:
        first.setdefault(repr(one), (len(first), one))
    in_order = [one for _, one in first.values()], [first[repr(one)][0] for one in each]
    return json.dumps(in_order, default=parts_of, separators=(",", ":"))
"""

OUTCOMES = """
VIEWS = ((type({}.keys()), "keys"), (type({}.items()), "items"), (type({}.values()), "values"))
WRITABLE = {*SCALARS, bool, type(None), list}  # a list is a row

LOOPS = []  # one for all calls: asyncio.run() makes one for each, which takes a hundred times as long as most calls

def awaited(value):
    import asyncio
    LOOPS[:] = LOOPS or [asyncio.new_event_loop()]
    return LOOPS[0].run_until_complete(value)

def outcome(call):
    try:
        value = call()
        if type(value).__name__ == "coroutine":
            kind, items = outcome(lambda: awaited(value))
            return "async " + kind, items
        if hasattr(type(value), "__anext__"):
            async def all_of():
                return [each async for each in value]
            return "stream", awaited(all_of())
        if hasattr(type(value), "__next__"):
            return "iterator", list(value)
        for kind, name in VIEWS:
            if type(value) is kind:
                return name, list(value)
        return "value", [value]
    except Exception as error:
        return raised(error)

def raised(error):
    try:
        text = [str(error)]
    except Exception:
        text = []
    for kind in type.mro(type(error)):
        if vars(__builtins__).get(kind.__name__) is kind:
            arguments = [*kind.__reduce__(error)[1]]
            for items in (arguments, text, []):
                try:
                    made = kind(*items)
                    if items is not arguments or is_writable(items) and [str(made)] == text:
                        return kind.__name__, items
                except Exception:
                    continue

def is_writable(value):
    return all(type(item) in WRITABLE for row in pack([value])[0] for item in row)

def told(call):
    kind, items = outcome(call)
    return kind, unpack(pack([items])[0])[0]

def told_in_turn(function, calls):
    found, (tables, order) = [], read(calls)
    for place in order:
        made = unpack(tables[place])
        kind, items = outcome(lambda: function(*made[0], **made[1]))
        found.append([kind, pack([*made, items])[0]])
    return in_turn(found)
"""

# The code may have taken the names of built-ins: what calls it has names of its own.
ASKING = """\
def {asked}():
    import builtins
    names = {{"__builtins__": builtins}}
    builtins.exec({text!r}, names)
    told, told_in_turn = names["told"], names["told_in_turn"]
    {candidate} = {entry}
    return {calls}
"""

REPLAYING = """
_made, _untold = [], {}  # calls, and how often those were made that were not told in this place

class _Unknown(BaseException):
    pass

class _Enough(BaseException):
    pass

class _Unexpected(Exception):
    pass

def _give(kind, items):
    if kind == "stream":
        async def stream():
            for each in items:
                yield each
        return stream()
    if kind.startswith("async "):
        async def later():
            return _give(kind[6:], items)
        return later()
    if kind in ("value", "iterator"):
        return items[0] if kind == "value" else iter(items)
    if kind == "keys":
        return dict.fromkeys(items).keys()
    if kind in ("items", "values"):
        return dict(items).items() if kind == "items" else dict(enumerate(items)).values()
    raise (_Unexpected if kind in _ends else getattr(_builtins, kind))(*items)

def _stand_in(calls, outcomes):
    calls, outcomes = map(_tables["read"], (calls, outcomes))
    texts = [repr(calls[0][call]) for call in calls[1]]
    in_place, left = iter(texts), {}
    for text, outcome in zip(texts, outcomes[1]):
        left.setdefault(text, []).append(outcomes[0][outcome])
    left = {text: iter(outcomes) for text, outcomes in left.items()}
    def candidate(*arguments, **named):
        call, given = _tables["pack"]([arguments, named])
        _made.append(call)
        text = repr(call)
        if text != next(in_place, None):
            _untold[text] = _untold.get(text, 0) + 1
            if _untold[text] > _most:
                raise _Enough
        for kind, table in left.get(text, ()):
            return _give(kind, _tables["unpack"](table, call, given)[len(given)])
        raise _Unknown
    return candidate

def _go_on():
    if not _untold:
        raise

def _calls_of_tests():
    return _tables["in_turn"](_made)
"""
