"""Run a command that ends with its parent process, however that ends: `python -m codereasoner.cli.child_command`.

The starting process keeps the writing end of this one's standard input; the kernel closes it, also after kill -9.
"""

import os
import threading

from codereasoner.cli import main


def _end_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os._exit(130)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    main()
