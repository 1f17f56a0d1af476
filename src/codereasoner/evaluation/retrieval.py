"""Find the documents that a program is about: BM25 over words, of which identifiers are made up too."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from codereasoner.errors import import_extra

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@dataclass(frozen=True)
class Document:
    """A text that can be shown in a prompt, and what it is called."""

    name: str
    text: str


class Index:
    """Documents, ready to be searched (BM25 as in Lucene, k1 1.5, b 0.75, by the library bm25s)."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self.documents = list(documents)
        self._bm25: Any = None
        if self.documents:
            self._bm25 = import_extra("bm25s", "eval").BM25()
            self._bm25.index([words(f"{each.name} {each.text}") for each in self.documents], show_progress=False)

    def best(self, query: str, count: int, unlike: Callable[[Document], bool] | None = None) -> list[Document]:
        """Return up to `count` documents that share words with the query, best first; `unlike` may refuse some."""
        asked = [word for word in dict.fromkeys(words(query)) if self._bm25 and word in self._bm25.vocab_dict]
        if not asked:
            return []
        wanted = min(len(self.documents), count if unlike is None else count + 20)
        places, scores = self._bm25.retrieve([asked], k=wanted, show_progress=False)
        found = [self.documents[place] for place, score in zip(places[0], scores[0], strict=True) if score > 0]
        return [each for each in found if unlike is None or unlike(each)][:count]


def words(text: str) -> list[str]:
    """Return the words of a text in small letters; `dropDuplicates` and `drop_duplicates` are two words each."""
    return [word.lower() for word in _WORD.findall(text)]
