"""Which module variables have values that are known."""

from __future__ import annotations

import pytest

from codereasoner.chains.module_values import module_values


@pytest.mark.parametrize(
    "body",
    [
        "X = 6",
        "import importlib\n    importlib.import_module(__name__).X = 6",
        "__import__(__name__).X = 6",
        "import inspect\n    inspect.currentframe().f_globals['X'] = 6",
        "g.__globals__['X'] = 6",
        "import sys\n    sys.modules[__name__].X = 6",
    ],
)
def test_a_variable_that_a_program_may_set_unseen_is_not_known(body: str) -> None:
    source = f"X = 5\n\ndef g():\n    return X\n\ndef f():\n    {body}\n    return g()"
    assert "X" not in module_values(source).fixed
    assert module_values(source.replace(body, "pass")).fixed == {"X": "5"}


def test_a_set_that_grows_is_not_known() -> None:
    source = "X = set()\n\ndef f(x):\n    return x in X"
    assert module_values(source).fixed == {"X": "set()"}
    assert "X" not in module_values(source.replace("return", "X.add(x)\n    return")).fixed
