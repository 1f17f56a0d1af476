"""The last filter of a process that runs programs: from then on it makes no process and signals nobody but itself.

syscalls.py says which calls that forbids. The filter holds whoever the user is: RLIMIT_NPROC does not bind root. It is
installed by native/final_filter.c or, if that was not built, by the library's prctl(2) through `_ctypes`, which is far
smaller than ctypes. This file also runs inside the workers.
"""

from __future__ import annotations

import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_SET_DEATH_SIGNAL, _SET_SECCOMP, _FILTER, _KILL = 1, 22, 2, 9  # prctl(2)
_BYTES_BEFORE = bytes.__basicsize__ - 1  # the bytes of a bytes object begin so far behind its address


class FinalFilter:
    """Installs the last filter of this worker's processes.

    template: syscalls.last_program; b"" for no filter (level D).
    own: the number in it that stands for the process id. extension: the module `_trace`, or None.
    """

    def __init__(self, template: bytes = b"", own: int = 0, extension: object = None) -> None:
        self.template, self.own = template, own
        self.fork_job: Callable[..., tuple[bytes, bool, int, float]] | None = getattr(extension, "fork_job", None)
        self._install: Callable[[bytes, int, int], None] | None = None
        if template:
            self._install = getattr(extension, "install_filter", None) or _by_ctypes()

    def install(self, parent: int) -> None:
        """Shut this process in, for good; `parent` is the process that forked it, with which it ends.

        Raises:
            OSError: the kernel refuses.
        """
        if self._install is not None:
            self._install(self.template, self.own, parent)

    def prove(self) -> str:
        """Try it in a process of its own; return why it does not hold, "" if it does."""
        if self._install is None:
            return ""
        parent = posix.getpid()
        child = posix.fork()
        if child == 0:
            try:
                self.install(parent)
            except OSError as error:
                posix._exit(error.errno or 255)
            posix._exit(_trial(parent))
        status = posix.waitstatus_to_exitcode(posix.waitpid(child, 0)[1])
        if status == 0:
            return ""
        return f"seccomp: the last filter, which denies programs new processes, is not to be had ({status})"


def _trial(parent: int) -> int:
    """Try what the filter forbids; return 0 if it holds."""
    try:
        if posix.fork() == 0:
            posix._exit(0)
        return 254
    except OSError:
        pass
    try:
        posix.kill(parent, 0)
        return 253
    except OSError:
        pass
    posix.kill(posix.getpid(), 0)
    return 0


def _by_ctypes() -> Callable[[bytes, int, int], None]:
    """Return what native/final_filter.c does, for a worker without the extension."""
    import _ctypes

    library: Any = _ctypes
    prctl = library.dlsym(library.dlopen(None, 0), "prctl")
    call = library.call_function

    def install(template: bytes, own: int, parent: int) -> None:
        size, order = 4, sys.byteorder
        code = template.replace(own.to_bytes(size, order), posix.getpid().to_bytes(size, order))
        header = (len(code) // 8).to_bytes(8, order) + (id(code) + _BYTES_BEFORE).to_bytes(8, order)  # sock_fprog
        if call(prctl, (_SET_DEATH_SIGNAL, _KILL, 0, 0, 0)) != 0 or call(prctl, (_SET_SECCOMP, _FILTER, header)) != 0:
            raise OSError(1, "prctl(PR_SET_SECCOMP) is refused")
        if posix.getppid() != parent:
            posix._exit(0)

    return install
