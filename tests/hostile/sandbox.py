"""A throw-away sandbox for other people's scorers, which execute what they grade: util-linux's unshare.

No network, no other process, nothing to write to but an empty /dev/shm, no environment; all ends with the command.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
from collections.abc import Sequence

MEMORY = 2 << 30
LAYERS = ("user", "map-root-user", "net", "pid", "fork", "ipc", "uts", "mount", "mount-proc", "kill-child")
UNSHARE = ["unshare", *(f"--{layer}" for layer in LAYERS)]
SHUT_IN = """
set -e
mount --make-rprivate /
while read -r _ place _; do mount -o remount,bind,ro "$place" 2>/dev/null || true; done < /proc/self/mounts
mount -t tmpfs -o size=256m tmpfs /dev/shm
if touch /.written 2>/dev/null; then echo "the file system can still be written" >&2; exit 9; fi
cd /dev/shm
exec "$@"
"""


def run_shut_in(command: Sequence[str], text: str, seconds: float) -> subprocess.CompletedProcess[str]:
    """Run a command inside, with `text` as its standard input; its output stops where the time is over.

    Raises:
        OSError: there is no unshare here. RuntimeError: the kernel refuses the sandbox.
    """
    if shutil.which("unshare") is None:
        raise OSError("the scorers execute attacks, and only in a sandbox: util-linux's unshare is not here")
    words = [*UNSHARE, "sh", "-c", SHUT_IN, "sh", *command]
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/dev/shm", "TMPDIR": "/dev/shm"}
    process = subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        preexec_fn=_limit,
    )
    try:
        found, errors = process.communicate(text, timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        found, errors = process.communicate()
    if process.returncode == 9 or errors.startswith(("unshare:", "mount:")):
        raise RuntimeError(f"the sandbox for the scorers cannot be made here: {errors.strip()[:300]}")
    return subprocess.CompletedProcess(words, process.returncode, found, errors)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
