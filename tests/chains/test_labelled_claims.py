"""How many claims an audit finds, and how often its verdict is right, on claims that were labelled by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from codereasoner.chains import event_claims
from codereasoner.chains.claim_audit import audit
from codereasoner.execution.pool import Pool
from codereasoner.records import Job, Run

Labelled = tuple[str, str]  # a label, T, F or -, and a text


def blocks() -> Iterator[tuple[str, str, list[Labelled]]]:
    """Each program of the file: its call, its source and the texts about it."""
    lines = Path(__file__).with_name("labelled_claims.txt").read_text(encoding="utf-8").split("\n")
    call, source, texts = "", [], []  # type: ignore[var-annotated]
    for line in lines:
        if line.startswith("f("):
            if call:
                yield call[2:-1], dedent("\n".join(source)), texts
            call, source, texts = line, [], []
        elif line[:2] in ("T ", "F ", "- "):
            texts.append((line[0], line[2:].replace("\\n", "\n")))
        elif call and (line.startswith("    ") or not line):
            source.append(line)
    yield call[2:-1], dedent("\n".join(source)), texts


@pytest.fixture(scope="module")
def verdicts(pool: Pool) -> list[tuple[str, str, str]]:
    """The label, the audit's verdict and the text of each."""
    found = []
    for call, source, texts in blocks():
        run = pool.run([Job(source, "f", call, record="trace")])[0]
        found += [(label, verdict(text, run), text) for label, text in texts]
    return found


def verdict(text: str, run: Run) -> str:
    """T: all that was found is true; F: something is not; -: nothing was found."""
    found = audit(text, run)
    return "-" if not found.checked else "F" if found.first_false else "T"


def test_at_least_two_hundred_claims_are_labelled(verdicts: list[tuple[str, str, str]]) -> None:
    assert sum(label != "-" for label, _, _ in verdicts) >= 200


def test_every_claim_is_found(verdicts: list[tuple[str, str, str]]) -> None:
    claims = [(said, text) for label, said, text in verdicts if label != "-"]
    assert [text for said, text in claims if said == "-"] == []


def test_every_verdict_is_right_and_none_is_given_where_nothing_is_claimed(
    verdicts: list[tuple[str, str, str]],
) -> None:
    given = [(label, said, text) for label, said, text in verdicts if said != "-"]
    assert [(label, said, text) for label, said, text in given if label != said] == []


NARRATED = (
    "`n` is even, and if true, the body runs",
    "if True",
    "while n: False",
    "the elif branch is skipped",
    "Line 3, `n = 1`",
    "(5 steps are left out.)",
)


def test_every_text_with_a_claim_about_an_event_has_a_word_of_its_pattern() -> None:
    texts = [text for _, _, labelled in blocks() for _, text in labelled] + list(NARRATED)
    for kind, words, pattern in event_claims._COMPILED:
        matched = [text for text in texts if pattern.search(text)]
        assert matched, (kind, pattern.pattern)
        assert all(any(word in text.lower() for word in words) for text in matched), (kind, words)


@pytest.mark.parametrize("text", ["The condition ıſ true.", "The condition İs true.", "The chec\u212a is true."])
def test_a_letter_that_a_pattern_takes_for_another_is_found_as_well(text: str) -> None:
    assert [each.kind for each in event_claims.event_claims(text)] == ["test"]
