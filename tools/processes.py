"""Running programs."""

import os
import subprocess
import sys
from pathlib import Path


def run(*command: str | Path, folder: Path | None = None, **environment: str) -> str:
    """Run a program, and return what it prints; if it fails, print that and end.

    Parameters
    ----------
    *command : str or path
        The program and its arguments.
    folder : path, optional
        Where to run it; by default in the current directory.
    **environment : str
        Environment variables to set.
    """
    words = list(map(str, command))
    done = subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        sys.exit(f"{done.stdout}\n{' '.join(words)} has failed, with exit code {done.returncode}")
    return done.stdout
