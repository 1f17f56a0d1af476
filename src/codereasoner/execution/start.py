"""What starts a worker: this small process shuts its only child in, and the child becomes the worker.

    pool --(Popen)--> this file --(fork)--> process 1 of its own world --(execve)--> the worker

The execve leaves ctypes and this file behind, so that the worker is small, and makes fixed addresses take effect.
The worker reads its own code from the pipe that its jobs come from: nothing of this package need be visible from
inside. This process stays outside; it waits for the pool to go away, in whatever manner, and then ends its child.
"""

from __future__ import annotations

import os
import select
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

SHUT_OUT, FAILED = 1, 2  # numbers of a READY frame whose body is the reason why there will be no worker
PARENT_CHECK = 1000  # milliseconds between two looks at who our parent is

BOOTSTRAP = """
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
posix.environ.clear()
try:
    sys.path += settings["paths"]
    for name in settings["preload"]:
        __import__(name)
    module = type(sys)
    names = ["codereasoner", "codereasoner.literals", "codereasoner.execution"]
    for name in names:
        sys.modules[name] = module(name)
    for name, code in files:
        names.append(name)
        sys.modules[name] = loaded = module(name)
        exec(code, loaded.__dict__)
    for name in names:
        del sys.modules[name]
    del files, code, names, module
except BaseException as error:
    body = f"{type(error).__name__}: {error}".encode("utf-8", "replace")[:10000]
    posix.write(1, b"CR\\1\\1\\2\\0\\0\\0" + len(body).to_bytes(4, "little") + body)
    posix._exit(3)
loaded.serve(0, 1, settings)
"""


def main(settings: dict[str, Any]) -> NoReturn:
    """Start one worker at the level of these settings, and end it when the pool is gone.

    settings: level, A to D; executable; standard, the library's folder; paths, all that the worker may read; hidden,
    what of them shall seem empty.
    """
    pool = os.getppid()
    layers = {**_load("isolation"), **_load("syscalls")} if sys.platform == "linux" else {}
    settings["paths"] += _mapped_files()
    try:
        if settings["level"] == "A":
            layers["enter_namespaces"]()
        ready, note = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(ready)
            os.close(note)
            _become_worker(settings, layers)
    except OSError as error:
        _fail(error)
    os.close(1)
    _watch(pool, child, ready, note)


def _become_worker(settings: dict[str, Any], layers: dict[str, Any]) -> NoReturn:
    executable = settings["executable"]
    words = [executable, "-S", "-B", "-s", "-P", "-c", BOOTSTRAP]
    try:
        if layers:
            _shut_in(settings, layers)
        os.execve(executable, words, dict(os.environ))
    except OSError as error:
        _fail(error)


def _shut_in(settings: dict[str, Any], layers: dict[str, Any]) -> None:
    """All layers of the level, those first that the others would forbid."""
    level, paths = settings["level"], settings["paths"]
    if level == "A":
        process = os.open("/proc/self", os.O_PATH)
        layers["rename_host"]()
        layers["enter_empty_root"](paths, settings["hidden"])
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


def _fail(error: OSError) -> NoReturn:
    """Tell the pool why there will be no worker: a READY frame with the number SHUT_OUT."""
    place = f" ({error.filename})" if error.filename else ""
    body = ((error.strerror or str(error)) + place).encode("utf-8", "replace")[:10_000]
    os.write(1, b"CR\1\1" + SHUT_OUT.to_bytes(4, "little") + len(body).to_bytes(4, "little") + body)
    os._exit(3)


def _mapped_files() -> list[str]:
    """The shared libraries that this interpreter has loaded."""
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as file:
            words = [line.rstrip("\n").split(None, 5) for line in file]
    except OSError:
        return []
    return sorted({word[5] for word in words if len(word) == 6 and word[5].startswith("/") and ".so" in word[5]})


def _load(name: str) -> dict[str, Any]:
    """The names of a file beside this one, which is not imported as a part of the package: that would be large."""
    place = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".py")
    module = type(sys)(name)
    sys.modules[name] = module
    with open(place, encoding="utf-8") as file:
        exec(compile(file.read(), place, "exec", 0, True), module.__dict__)  # noqa: S102 - our own file
    return module.__dict__


def _watch(pool: int, child: int, ready: int, note: int) -> NoReturn:
    """Wait for the end of the pool or of the child; nothing of either remains.

    The end of the pool closes its end of the job pipe; where a fork of it still holds that end, our parent changes.
    """
    os.set_blocking(note, False)
    signal.set_wakeup_fd(note)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    poll = select.poll()
    poll.register(0, 0)  # POLLHUP is reported unasked
    poll.register(ready, select.POLLIN)
    while os.getppid() == pool:
        if os.waitpid(child, os.WNOHANG)[0]:
            os._exit(0)
        if any(place == 0 for place, _ in poll.poll(PARENT_CHECK)):
            break
        _drain(ready)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os._exit(0)


def _drain(ready: int) -> None:
    poll = select.poll()
    poll.register(ready, select.POLLIN)
    while poll.poll(0):
        os.read(ready, 1000)


if __name__ == "__main__":
    import marshal

    main(marshal.loads(bytes.fromhex(sys.argv[1])))
