"""The allowlist: everything that a program may use in a process that other programs use after it.

Each group has its reason. A program that uses anything else gets a process of its own; it is not refused, only not
shared. What is allowed can yield only three kinds of objects: those that the program has made, immutable ones (numbers,
strings, built-in types and functions), and the few library objects in `MODULES`, which are copied or checked.
This file also runs inside the workers.
"""

from __future__ import annotations

BUILT_INS = {
    "Return fresh objects, or decide something about their arguments": (
        "abs all any ascii bin bool bytearray bytes callable chr complex dict divmod enumerate filter float frozenset"
        " hasattr hash hex int isinstance issubclass iter len list map max min next object oct ord pow range repr"
        " reversed round set slice sorted str sum tuple zip"
    ),
    "Write to and read from streams that are emptied after each program": "print input",
    "Make classes: a program's own class cannot be reached by another program": (
        "classmethod property staticmethod super __build_class__"
    ),
    "Constants": "Ellipsis NotImplemented __name__ __debug__",
}
EXCEPTIONS = ("Error", "Exception", "ExceptionGroup", "Warning", "Exit", "Stop", "Interrupt", "Iteration")
"""The endings of the names of built-in exceptions: instances are fresh, and the types cannot be changed."""
NOT_SHARED = "BaseExceptionGroup ExceptionGroup MemoryError"
"""Exceptions that are not allowed: the first two make groups, whose type can be changed, and `__exit__` is given the
type of an exception; who catches the third counts the memory that the programs before it have left."""

ATTRIBUTES = {
    "str, bytes, bytearray; format and format_map, which read attributes that a text names, are guarded": (
        "append capitalize casefold center clear copy count decode encode endswith expandtabs extend find fromhex hex"
        " index insert isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric isprintable isspace"
        " istitle isupper join ljust lower lstrip maketrans partition pop remove removeprefix removesuffix replace"
        " reverse rfind rindex rjust rpartition rsplit rstrip split splitlines startswith strip swapcase title"
        " translate upper zfill"
    ),
    "int, float, complex": (
        "as_integer_ratio bit_count bit_length conjugate denominator from_bytes from_number fromhex hex imag"
        " is_integer numerator real to_bytes"
    ),
    "list, tuple, dict, set, frozenset, range, slice, dict views": (
        "add append clear copy count difference difference_update discard extend fromkeys get index indices insert"
        " intersection intersection_update isdisjoint issubset issuperset items keys mapping pop popitem remove reverse"
        " setdefault sort start step stop symmetric_difference symmetric_difference_update union update values"
    ),
    "property: the functions that the program gave": "deleter fdel fget fset getter setter",
    "Generators: what they send and receive; their frames and code are not in this list": "close send throw",
    "Exceptions: strings, numbers, and what the program gave; without `obj` and tracebacks": (
        "add_note args characters_written code end end_lineno end_offset encoding errno exceptions filename filename2"
        " lineno message msg name name_from object offset path reason split start strerror subgroup text value"
    ),
    "collections: methods of fresh objects; without _field_defaults, a dict that all cache_info() have in common": (
        "appendleft default_factory elements extendleft maxlen most_common move_to_end popleft rotate subtract total"
        " _asdict _fields _make _replace"
    ),
    "functools, itertools: parts of fresh objects": (
        "args cache_clear cache_info cache_parameters currsize from_iterable func hits keywords maxsize misses"
    ),
    "re: patterns and matches are immutable": (
        "end endpos expand findall finditer flags fullmatch group groupdict groupindex groups lastgroup lastindex match"
        " pattern pos regs search span start string sub subn"
    ),
    "Attributes of types whose instances no program in a shared process can have": (
        "buffer children closed delete errors flush id key line_buffering lock max min mode next nested"
        " newlines parents prev read readable readline readlines reset run scan seek set shape size symbols tell type"
        " version width writable write"
    ),
}  # fmt: skip

SPECIAL_METHODS = {
    "Operators, conversions and containers: the interpreter calls them on objects of the program's own classes": (
        "init new repr str bytes format bool hash int float complex index round trunc floor ceil eq ne lt le gt ge"
        " len length_hint iter next reversed contains getitem setitem delitem missing call enter exit"
        " add radd iadd sub rsub isub mul rmul imul truediv rtruediv itruediv floordiv rfloordiv ifloordiv mod rmod"
        " imod divmod rdivmod pow rpow ipow matmul rmatmul imatmul and rand iand or ror ior xor rxor ixor lshift"
        " rlshift ilshift rshift rrshift irshift neg pos abs invert class_getitem"
    ),
    "Strings and tuples that describe a class or a function": "name qualname module doc slots match_args",
    "Names that the compiler writes into class bodies": (
        "classcell classdict classdictcell firstlineno static_attributes type_params"
    ),
    "Annotations of the program's own; not beside an import, as those of a library's functions are shared": (
        "annotations annotate annotate_func conditional_annotations"
    ),
}

MODULES = {
    "math": (  # functions in C and numbers
        "acos acosh asin asinh atan atan2 atanh cbrt ceil comb copysign cos cosh degrees dist e erf erfc exp exp2"
        " expm1 fabs factorial floor fma fmod frexp fsum gamma gcd hypot inf isclose isfinite isinf isnan isqrt lcm"
        " ldexp lgamma log log10 log1p log2 modf nan nextafter perm pi pow prod radians remainder sin sinh sqrt"
        " sumprod tan tanh tau trunc ulp"
    ),
    "itertools": (  # types in C
        "accumulate batched chain combinations combinations_with_replacement compress count cycle dropwhile"
        " filterfalse groupby islice pairwise permutations product repeat starmap takewhile tee zip_longest"
    ),
    "bisect": "bisect bisect_left bisect_right insort insort_left insort_right",  # functions in C
    "operator": (  # functions in C; without attrgetter and methodcaller, which read attributes that a text names
        "abs add and_ concat contains countOf delitem eq floordiv ge getitem gt iadd iand iconcat ifloordiv ilshift"
        " imatmul imod imul index indexOf inv invert ior ipow irshift is_ is_not isub itemgetter itruediv ixor le"
        " length_hint lshift lt matmul mod mul ne neg not_ or_ pos pow rshift setitem sub truediv truth xor"
    ),
    "heapq": "heapify heappop heappush heappushpop heapreplace merge nlargest nsmallest",
    "string": (  # constants
        "ascii_letters ascii_lowercase ascii_uppercase capwords digits hexdigits octdigits printable punctuation"
        " whitespace"
    ),
    "collections": "Counter OrderedDict defaultdict deque namedtuple",  # abstract classes keep registries
    "functools": "cache cached_property cmp_to_key lru_cache partial reduce",  # not what stores: wraps ...
    "re": "compile error escape findall finditer fullmatch match search split sub subn",  # not flags: an enum changes
    "typing": (  # not Protocol, NamedTuple, overload ...: they keep registries
        "Any Callable DefaultDict Deque Dict FrozenSet Generic Iterable Iterator List Mapping Optional Sequence Set"
        " Tuple TypeVar Union"
    ),
}
"""The modules that a program may import, and their members. A program gets a module object of its own, with copies of
functions that are written in Python; classes are checked after it; the caches of `re` and `typing` are emptied.
`copy` is not among them: it reads and stores attributes that texts name (`__name__` of a method, `__slots__`)."""
