"""The perplexity of plain text to a model: how much of what it could before a training makes it forget."""

import hashlib
import json
import math
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from codereasoner.errors import DataError, import_extra
from codereasoner.ledger import write_whole
from codereasoner.models.checkpoint import Checkpoint
from codereasoner.models.local import Local

WINDOW = 1024
"""Tokens that are read together; each is predicted from those before it in its window."""

MOST = 4096
"""Tokens of one text that are read: four windows of each of several texts say more than one text whole."""


class Perplexity(TypedDict):
    """The perplexity of texts together and one by one, and what identifies model and texts."""

    perplexity: float
    tokens: int
    by_text: dict[str, float]
    model: str
    texts: dict[str, str]


def read_texts(names: Sequence[str]) -> dict[str, str]:
    """Return texts by name: files, and modules of this Python's standard library ("textwrap", "json.decoder")."""
    return {name: _file(name).read_text(encoding="utf-8") for name in names}


def _file(name: str) -> Path:
    path = Path(name)
    if path.is_file():
        return path
    if name.partition(".")[0] in sys.stdlib_module_names:
        place = Path(sysconfig.get_path("stdlib"), *name.split("."))
        for found in (place.with_suffix(".py"), place / "__init__.py"):
            if found.is_file():
                return found
    raise DataError(f"'{name}' is neither a file nor a module of the standard library that is written in Python")


def measure(model: Local, texts: Mapping[str, str], out: Path) -> Perplexity:
    """Write the perplexity of texts to a model into a file; does nothing where it is there already."""
    digests = {name: hashlib.sha256(text.encode()).hexdigest()[:16] for name, text in texts.items()}
    identity = model.identity
    if out.is_file():
        kept: Perplexity = json.loads(out.read_text(encoding="utf-8"))
        if (kept["model"], kept["texts"]) == (identity, digests):
            return kept
    losses = {name: list(_losses(model.load(), text)) for name, text in texts.items()}
    whole = [loss for values in losses.values() for loss in values]
    found: Perplexity = {
        "perplexity": _perplexity(whole),
        "tokens": len(whole),
        "by_text": {name: _perplexity(values) for name, values in losses.items()},
        "model": identity,
        "texts": digests,
    }
    write_whole(out, json.dumps(found, indent=1) + "\n")
    return found


def _perplexity(losses: Sequence[float]) -> float:
    return round(math.exp(math.fsum(losses) / len(losses)), 4)


def _losses(loaded: Checkpoint, text: str) -> Iterator[float]:
    """Yield the loss of each token of a text but the first of its window."""
    torch = import_extra("torch", "train")
    model, tokenizer = loaded
    ids = tokenizer(text, add_special_tokens=False)["input_ids"][:MOST]
    if len(ids) < 2:
        raise DataError("a text of less than two tokens has no perplexity: name a longer one")
    for start in range(0, len(ids) - 1, WINDOW):
        window = torch.tensor([ids[start : start + WINDOW]], device=model.device)
        with torch.inference_mode():
            logits = model(input_ids=window, use_cache=False).logits[0, :-1].float()
            yield from torch.nn.functional.cross_entropy(logits, window[0, 1:], reduction="none").tolist()
