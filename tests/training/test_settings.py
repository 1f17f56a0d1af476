"""What is set before the libraries are loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest


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
