"""Programs by people, without a network: functions of installed packages, with the calls in their docstrings."""

import importlib.metadata
import importlib.util
import re
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from codereasoner.errors import ConfigError
from codereasoner.interfaces import Rejected, Source
from codereasoner.records import Facts, Program
from codereasoner.sources.docstring_programs import docstring_programs
from codereasoner.sources.package_modules import Modules, NotCut
from codereasoner.sources.program_files import of_split

STANDARD = "stdlib"
"""The name of all modules of the standard library that are written in Python."""

LICENSES = ("MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "PSF-2.0", "ISC", "0BSD", "Unlicense", "CC0-1.0")
"""Licences whose programs may be passed on, with their name kept, by those who use a set."""

_SAID = (
    (r"\bMIT\b|MIT License", "MIT"),
    (r"BSD[- ]2|Simplified BSD", "BSD-2-Clause"),
    (r"\bBSD\b", "BSD-3-Clause"),
    (r"Apache", "Apache-2.0"),
    (r"\bISC\b", "ISC"),
    (r"Python Software Foundation|\bPSF\b", "PSF-2.0"),
    (r"0BSD", "0BSD"),
    (r"Unlicense", "Unlicense"),
    (r"CC0", "CC0-1.0"),
)
_SKIPPED = re.compile(r"(^|\.)(tests?|testing|idlelib|lib2to3|tkinter|turtledemo|ensurepip|_pyrepl|__main__)(\.|$)")


class Packages(Source):
    """Functions of installed packages, each extracted with the helpers, constants and imports that it needs.

    names: packages as they are installed ("more-itertools", "toolz"), modules of the standard library ("textwrap"), or
    "stdlib" for all of these. licenses: those that are allowed. A program keeps its licence, package, version and line;
    docstrings are taken out. All programs of one function are in one split, which a hash of its source decides.
    """

    name = "packages"

    def __init__(self, names: Sequence[str] | str = (), licenses: Sequence[str] | str = LICENSES) -> None:
        self.names = _listed(names)
        self.licenses = frozenset(_listed(licenses))
        if not self.names:
            raise ConfigError("the source 'packages' needs names: --set 'names=[more-itertools, toolz, stdlib]'")
        if missing := [each for each in self.names if not _is_there(each)]:
            words = ", ".join(f"'{each}'" for each in missing) + (" is" if len(missing) == 1 else " are")
            raise ConfigError(
                f"{words} not installed, and no module of the standard library is called so: "
                f"pip install --no-deps {' '.join(missing)}"
            )
        self._versions: dict[str, str] = {}

    def programs(self, split: str, count: int) -> Iterator[Program | Rejected]:
        """Yield the first `count` programs of a split, or all there are, and between them what could not be cut out."""
        return of_split(self._all(), split, count)

    def facts(self) -> Facts:
        """Return the version of each package."""
        return {"packages": dict(self._versions)}

    def _all(self) -> Iterator[Program | Rejected]:
        for package in self.names:
            version, license = _version(package)
            self._versions[package] = version
            if license not in self.licenses:
                yield Rejected(package, f"licence {license} is not allowed", f"packages/{package}/{version}")
                continue
            modules = Modules(_files(package))
            for name in sorted(modules.files):
                place = f"packages/{package}/{version}/{name}"
                try:
                    module = modules.read(name)
                except NotCut as error:
                    yield Rejected(name, str(error), place)
                else:
                    yield from docstring_programs(modules, module, place, license)


def _listed(text: Sequence[str] | str) -> tuple[str, ...]:
    """Return a list unchanged, or the items of a text with commas or spaces between them."""
    return tuple(re.split(r"[,\s]+", text.strip())) if isinstance(text, str) and text.strip() else tuple(text)


def _version(package: str) -> tuple[str, str]:
    """Return the version of a package and the SPDX name of its licence, "not stated" where none can be read."""
    if package == STANDARD or package in sys.stdlib_module_names:
        return sys.version.partition(" ")[0], "PSF-2.0"
    about: Any = importlib.metadata.metadata(package)
    said = [about.get("License-Expression") or "", *(about.get_all("Classifier") or []), about.get("License") or ""]
    for text in said:
        if text in LICENSES:
            return about["Version"], text
    for text in (each for each in said if not each.startswith("Classifier") and len(each) < 200):
        if "License" in text or "::" not in text:
            for pattern, license in _SAID:
                if re.search(pattern, text):
                    return about["Version"], license
    return about["Version"], "not stated"


def _is_there(package: str) -> bool:
    if package == STANDARD or package in sys.stdlib_module_names:
        return True
    try:
        importlib.metadata.distribution(package)
    except (importlib.metadata.PackageNotFoundError, ValueError):  # ValueError: no name at all
        return False
    return True


def _files(package: str) -> dict[str, Path]:
    """Return the Python files of a package by dotted module name."""
    if package == STANDARD:
        root = Path(sysconfig.get_path("stdlib"))
        found = {name: path for name in sys.stdlib_module_names for name, path in _below(root, name)}
    elif package in sys.stdlib_module_names:
        found = dict(_below(Path(sysconfig.get_path("stdlib")), package))
    else:
        listed = importlib.metadata.files(package) or []
        found = {
            ".".join(file.with_suffix("").parts).removesuffix(".__init__"): Path(str(file.locate()))
            for file in listed
            if file.suffix == ".py" and ".." not in file.parts
        }
    return {name: path for name, path in found.items() if not _SKIPPED.search(name)}


def _below(root: Path, name: str) -> Iterator[tuple[str, Path]]:
    file, folder = root / f"{name}.py", root / name
    if file.is_file():
        yield name, file
    for path in sorted(folder.rglob("*.py")) if folder.is_dir() else ():
        dotted = ".".join(path.relative_to(root).with_suffix("").parts)
        yield dotted.removesuffix(".__init__"), path
