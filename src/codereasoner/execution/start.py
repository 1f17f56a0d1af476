"""The first thing a worker process runs: it loads our few files, and becomes a worker.

The files are loaded under the names they have in the package, without the package itself.
"""

from __future__ import annotations

import sys

_FILES = (
    "literals/write",
    "execution/frames",
    "execution/describe",
    "execution/tracer",
    "execution/runner",
    "execution/worker",
)


def load(root: str) -> dict[str, object]:
    """Load the files that a worker needs; gives the names of the last of them."""
    module = type(sys)
    names = ["codereasoner", "codereasoner.literals", "codereasoner.execution"]
    for name in names:
        sys.modules[name] = module(name)
    for path in _FILES:
        name = "codereasoner." + path.replace("/", ".")
        names.append(name)
        sys.modules[name] = loaded = module(name)
        with open(f"{root}/{path}.py", encoding="utf-8") as file:
            exec(compile(file.read(), f"{path}.py", "exec", 0, True), loaded.__dict__)  # noqa: S102 - our own files
    for name in names:
        del sys.modules[name]
    return loaded.__dict__


if __name__ == "__main__":
    import marshal
    import os

    settings = marshal.loads(bytes.fromhex(sys.argv[1]))
    sys.path += [path for path in settings["paths"] if path not in sys.path]
    for name in settings["preload"]:
        __import__(name)  # once, so that its import time counts against no program
    worker = load(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    worker["serve"](0, 1, settings)  # type: ignore[operator]
