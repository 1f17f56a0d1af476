"""What is set before the libraries are loaded."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from codereasoner.errors import Shortfall
from codereasoner.training.budget import Budget
from codereasoner.training.callbacks import make_callback
from codereasoner.training.training_config import SftConfig


@pytest.mark.slow
def test_threads_wait_asleep_and_nothing_is_reported_home_unless_the_user_says_otherwise() -> None:
    pytest.importorskip("torch")
    code = (
        "import os, sys\n"
        "from codereasoner.training.settings import quiet\n"
        "assert 'torch' not in sys.modules\n"
        "before = dict(os.environ)\n"
        "with quiet(): print(os.environ['OMP_WAIT_POLICY'], os.environ['HF_HUB_DISABLE_TELEMETRY'])\n"
        "assert before.items() >= {n: v for n, v in os.environ.items() if n in ('OMP_WAIT_POLICY',)}.items()\n"
        "assert os.environ.get('TOKENIZERS_PARALLELISM') is None\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={})
    assert told.stdout.split() == ["PASSIVE", "1"]
    own = {"OMP_WAIT_POLICY": "ACTIVE"}
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=own)
    assert told.stdout.split()[0] == "ACTIVE"


@pytest.mark.parametrize("logs", [{"loss": math.nan}, {"loss": 1.0, "grad_norm": math.inf}], ids=["loss", "norm"])
def test_a_training_whose_numbers_are_none_ends_and_says_why(logs: dict[str, float], tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    callback: Any = make_callback(Budget(), tmp_path, SftConfig(), {})
    state = SimpleNamespace(global_step=7, is_world_process_zero=True)
    with pytest.raises(Shortfall, match=r"the training has diverged: \w+ is \w+ at step 7; a smaller --learning-rate"):
        callback.on_log(None, state, None, logs=logs)
    assert not any(tmp_path.iterdir())
