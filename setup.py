"""The one part of the package that is not Python: the C tracer, which is left out where there is no compiler."""

from pathlib import Path

from setuptools import Extension, setup

NATIVE = Path("src/codereasoner/execution/native")

setup(
    ext_modules=[
        Extension(
            "codereasoner.execution._trace",
            sources=sorted(str(path) for path in NATIVE.glob("*.c")),
            depends=sorted(str(path) for path in NATIVE.glob("*.h")),
            optional=True,
        )
    ]
)
