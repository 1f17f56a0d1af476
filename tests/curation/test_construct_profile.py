from __future__ import annotations

from pathlib import Path

from codereasoner.curation.construct_profile import census, constructs_of
from codereasoner.ledger import read_rows
from codereasoner.sources.procedural import Procedural


def test_constructs_are_counted_once_a_program() -> None:
    loop = "def f(x):\n    for c in x:\n        if c > x[0]:\n            x.append(len(x[1:]) + 1)\n    return x"
    helped = "def g(x):\n    return x\n\ndef f(x):\n    return g(x), g(x)"
    assert constructs_of(loop) == {"for", "if", "gt", "index", ".append", "len()", "add", "slice"}
    assert census([loop, helped])["helper"] == 0.5


def test_the_procedural_programs_use_what_cruxeval_uses_about_as_often(shared_data: Path) -> None:
    theirs = census(row["code"] for row in read_rows(shared_data / "cruxeval" / "cruxeval.jsonl"))
    ours = census(program.source for program in Procedural("full").programs("train", 1500))
    common = [name for name, share in theirs.items() if share > 0.02 and name != ".clear"]
    assert len(common) > 45
    shares = {name: (theirs[name], ours.get(name, 0.0)) for name in common}
    assert not {name: pair for name, pair in shares.items() if not pair[0] / 6 < pair[1] < pair[0] * 6}
