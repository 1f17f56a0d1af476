"""Write, read and compare Python values as literal text, without ever evaluating anything.

A value travels between processes, files and models as text in one canonical form. `write` makes that text from
a value and calls no code of the value; `read` makes the value from text and accepts literals only; `equal`
compares two values with their types.
"""

from codereasoner.literals.equality import equal, key
from codereasoner.literals.items import items
from codereasoner.literals.read import (
    call_arguments,
    is_literal,
    parse,
    parse_arguments,
    parse_statement,
    parse_statements,
    read,
    read_arguments,
    same_expression,
    value_of,
)
from codereasoner.literals.work_limits import LiteralError, affordable
from codereasoner.literals.write import MAX_CHARS, NotWritable, write

__all__ = [
    "MAX_CHARS",
    "LiteralError",
    "NotWritable",
    "affordable",
    "call_arguments",
    "equal",
    "is_literal",
    "items",
    "key",
    "parse",
    "parse_arguments",
    "parse_statement",
    "parse_statements",
    "read",
    "read_arguments",
    "same_expression",
    "value_of",
    "write",
]
