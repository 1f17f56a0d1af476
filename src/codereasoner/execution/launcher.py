"""Start a worker: this small process isolates its only child, which becomes the worker.

    pool --(Popen)--> this file --(fork)--> process 1 of its own world --(execve)--> the worker

The execve leaves ctypes and this file behind, so that the worker is small, and makes fixed addresses take effect.
Both read their code, compiled, from the pipe that the jobs come from: nothing of this package need be visible from
inside, and no start compiles it again. This process stays outside; it waits for the pool to go away, in whatever
manner, and then ends its child. It imports little, because each start of a worker waits for it.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import os
import select
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any, NoReturn, TypedDict

    class Settings(TypedDict):
        """Options of one worker."""

        level: str  # A to D
        executable: str
        standard: str  # the standard library's folder
        paths: list[str]  # all that the worker may read
        hidden: list[str]  # those of them that shall seem empty
        extension: str  # the file of the extension in C; "" for none
        inside: str  # where level A shows it
        preloads: bool  # modules are preloaded


SHUT_OUT, FAILED = 1, 2  # as in framing.py: this file imports nothing of ours
PARENT_CHECK = 1000  # milliseconds between two looks at who our parent is

_READ = """
import marshal, posix, sys
def read(size):
    parts = []
    while size:
        part = posix.read(0, min(size, 65536))
        if not part:
            posix._exit(0)
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
files, settings = marshal.loads(read(int.from_bytes(read(8), "little")))
"""

START = f"""{_READ}
sys.modules["launcher"] = launcher = type(sys)("launcher")
exec(files["launcher"], launcher.__dict__)
launcher.main(settings, files)
"""

BOOTSTRAP = f"""{_READ}
import _imp
posix.environ.clear()
try:
    sys.path += settings["paths"]
    if settings["preload"]:
        __import__("tempfile").tempdir = "/"
    for name in settings["preload"]:
        __import__(name)
    try:
        place = settings["extension"]
        spec = type(sys.implementation)(name="codereasoner.execution._trace", origin=place)
        settings["extension"] = _imp.create_dynamic(spec) if place else None
    except ImportError:
        settings["extension"] = None
    module = type(sys)
    names = ["codereasoner", "codereasoner.literals", "codereasoner.execution"]
    for name in names:
        sys.modules[name] = module(name)
    for name, code in files:
        names.append(name)
        sys.modules[name] = loaded = module(name)
        exec(code, loaded.__dict__)
    for name in [*names, "codereasoner.execution._trace"]:
        sys.modules.pop(name, None)
    del files, code, names, module, place, spec
except BaseException as error:
    body = (type(error).__name__ + ": " + str(error)).encode("utf-8", "replace")[:10000]
    posix.write(1, b"CR\\1\\1\\2\\0\\0\\0" + len(body).to_bytes(4, "little") + body)
    posix._exit(3)
__builtins__.exit = __builtins__.quit = sys.exit  # -S leaves out the module that makes them
loaded.serve(0, 1, settings)
"""


def main(settings: Settings, files: dict[str, CodeType]) -> NoReturn:
    """Start one worker at the level of these settings, and end it when the pool is gone.

    `files` has the code of two more files of this folder, which as parts of the package would take more memory.
    """
    sys.excepthook = lambda kind, error, trace: _fail(f"{kind.__name__}: {error}")
    pool = os.getppid()
    layers = {**_run(files, "isolation"), **_run(files, "syscalls")} if sys.platform == "linux" else {}
    settings["paths"] += _mapped_files()
    try:
        if settings["level"] == "A":
            layers["enter_namespaces"]()
        if layers:
            layers["inherit_orphans"]()
        child = os.fork()
        if child == 0:
            _become_worker(settings, layers)
    except OSError as error:
        _fail(error)
    os.close(1)
    _watch(pool, child)


def _become_worker(settings: Settings, layers: dict[str, object]) -> NoReturn:
    executable = settings["executable"]
    words = [executable, "-S", "-B", "-s", "-P", "-c", BOOTSTRAP]
    try:
        if layers:
            _shut_in(settings, layers)
        os.execve(executable, words, dict(os.environ))
    except OSError as error:
        _fail(error)


def _shut_in(settings: Settings, layers: dict[str, Any]) -> None:
    """Enter all layers of the level, those first that the others would forbid."""
    layers["be_first_to_go"]()
    level, paths = settings["level"], settings["paths"]
    if level == "A":
        process = os.open("/proc/self", os.O_PATH)
        layers["rename_host"]()
        preloads = settings["preloads"]
        layers["enter_empty_root"](paths, settings["hidden"], settings["extension"], settings["inside"], preloads)
        paths += [settings["inside"], layers["NULL"], layers["URANDOM"]]
        if os.geteuid() == 0:
            layers["become_nobody"](process)
        else:
            os.close(process)
    elif level in "BC" and os.geteuid() == 0:
        layers["become_nobody_if_readable"]([settings["executable"], settings["standard"]])
    layers["fix_addresses"]()
    layers["limit_resources"]()
    if level == "D":
        layers["die_with_parent"]()
        return
    layers["drop_privileges"]()
    layers["die_with_parent"]()
    layers["refuse_new_privileges"]()
    if level == "B" or (level == "A" and layers["landlock_version"]()):
        layers["restrict_files"](paths)
    layers["allow_only"](layers["_libc"], layers["MACHINE"])


def _fail(error: OSError | str) -> NoReturn:
    """Tell the pool why there will be no worker, by a READY frame; want of processes is no want of isolation."""
    text, number = str(error), SHUT_OUT
    if isinstance(error, BlockingIOError):
        text, number = "this machine allows no further process", FAILED
    elif isinstance(error, OSError) and error.strerror:
        text = error.strerror + (f" ({error.filename})" if error.filename else "")
    body = text.encode("utf-8", "replace")[:10_000]
    os.write(1, b"CR\1\1" + number.to_bytes(4, "little") + len(body).to_bytes(4, "little") + body)
    os._exit(3)


def _mapped_files() -> list[str]:
    """Return the shared libraries that this interpreter has loaded."""
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as file:
            words = [line.rstrip("\n").split(None, 5) for line in file]
    except OSError:
        return []
    return sorted({word[5] for word in words if len(word) == 6 and word[5].startswith("/") and ".so" in word[5]})


def _run(files: dict[str, CodeType], name: str) -> dict[str, Any]:
    """Return the names of a file."""
    sys.modules[name] = module = type(sys)(name)
    exec(files[name], module.__dict__)  # noqa: S102 - our own file
    return module.__dict__


def _watch(pool: int, child: int) -> NoReturn:
    """Wait for the end of the pool or of the child; nothing of either remains.

    The end of the pool closes its end of the job pipe; where a fork of it still holds that end, our parent changes.
    """
    ready, note = os.pipe()
    os.set_blocking(ready, False)
    os.set_blocking(note, False)
    _signal.set_wakeup_fd(note)
    stopped = False

    def stop(number: int, frame: object) -> None:
        nonlocal stopped
        stopped = True

    _signal.signal(_signal.SIGTERM, stop)
    _signal.signal(_signal.SIGCHLD, lambda number, frame: None)
    poll = select.poll()
    poll.register(0, 0)  # POLLHUP is reported unasked
    poll.register(ready, select.POLLIN)
    while not stopped and os.getppid() == pool and not _ended(child):
        places = [place for place, _ in poll.poll(PARENT_CHECK)]
        if 0 in places:
            break
        if places:
            os.read(ready, 1000)
    _end_all(child)
    os._exit(0)


def _ended(child: int) -> bool:
    """Return whether the child has ended; orphans of it that have ended too are buried."""
    while True:
        try:
            found = os.waitpid(-1, os.WNOHANG)[0]
        except ChildProcessError:
            return True
        if found in (0, child):
            return found == child


def _end_all(child: int) -> None:
    """Kill the child and whatever it has left: as their subreaper we inherit it."""
    left = [child]
    while left:
        for process in left:
            try:  # `contextlib.suppress` would cost each start some milliseconds
                os.kill(process, _signal.SIGKILL)
            except ProcessLookupError:
                continue
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            break
        try:
            with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
                left = [int(word) for word in file.read().split()]
        except OSError:
            left = []
