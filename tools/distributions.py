"""Build the source distribution and the wheel, and check them: ``python -m tools.distributions``, or a part of a release.

They have the same bytes whenever and wherever they are built, and exactly the files that git knows. Each is installed into fresh
environments, where the first command of the README must do what it says.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.processes import run

PYTHONS = "3.11", "3.12", "3.13"
LARGEST = 1_000_000
"""Bytes that the wheel may have."""

PROGRAMS = "Scripts" if os.name == "nt" else "bin"


def build(source: Path, output: Path) -> tuple[Path, Path]:
    """Build both distributions from a checkout, with the date of its last commit, and again without isolation; return the first ones."""
    date = run("git", "log", "-1", "--format=%ct", folder=source).strip()
    pairs = []
    for folder, options in ((output, []), (output / "again", ["--no-isolation"])):
        run(sys.executable, "-m", "build", *options, "--outdir", folder, source, SOURCE_DATE_EPOCH=date)
        sdist, wheel = *folder.glob("*.tar.gz"), *folder.glob("*.whl")
        pairs.append((sdist, wheel))
    for one, two in zip(*pairs, strict=True):
        if one.read_bytes() != two.read_bytes():
            sys.exit(f"two builds of {one.name} differ")
    shutil.rmtree(output / "again")
    return pairs[0]


def content_problems(tracked: Sequence[str], sdist: Path, wheel: Path) -> list[str]:
    """Return what is wrong with the contents of the distributions.

    Parameters
    ----------
    tracked : sequence of str
        The files that git knows.
    sdist, wheel : path
    """
    with tarfile.open(sdist) as archive:
        source = {name.partition("/")[2] for name in archive.getnames()}
    with zipfile.ZipFile(wheel) as archive:
        installed = {name for name in archive.namelist() if ".dist-info/" not in name}
        licences = {name.partition("/licenses/")[2] for name in archive.namelist() if "/licenses/" in name}
    package = {name.removeprefix("src/") for name in tracked if name.startswith("src/")}
    needed = {"whorl/py.typed", "whorl/datasets/digits.npz", "LICENSE", "src/whorl/datasets/digits.LICENSE.txt"}
    found = [
        ("is missing in the source distribution", set(tracked) - source),
        ("is in the source distribution, but not in git", source - set(tracked) - {"PKG-INFO"}),
        ("is missing in the wheel", (package | needed) - installed - licences),
        ("is in the wheel, but not in src", installed - package),
    ]
    problems = [f"{name} {what}" for what, names in found for name in sorted(names)]
    size = wheel.stat().st_size
    return problems + ([f"the wheel has {size} bytes, more than {LARGEST}"] if size > LARGEST else [])


def interpreter(version: str) -> str:
    """Return the path of a Python of this version: from PATH, or from uv."""
    for words in ([f"python{version}"], ["uv", "run", "--no-project", "--python", version, "python"]):
        if (program := shutil.which(words[0])) is None:
            continue
        command = [program, *words[1:], "-c", "import sys; print(sys.executable)"]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if answer.returncode == 0:  # pyenv puts names on PATH that run nothing
            return answer.stdout.strip()
    sys.exit(f"there is no Python {version}; put it on PATH (with pyenv: set PYENV_VERSION), or install uv")


def check_installed(distribution: Path, python: str, folder: Path) -> Path:
    """Install a distribution into a fresh environment, and return the path of its programs; it may bring NumPy and nothing else."""
    run(python, "-m", "venv", folder / "venv")
    programs = folder / "venv" / PROGRAMS
    run(programs / "pip", "install", "--quiet", distribution)
    run(programs / "pip", "check")
    listed = json.loads(run(programs / "pip", "list", "--format", "json", "--disable-pip-version-check"))
    versions = {each["name"]: each["version"] for each in listed}
    if not {"numpy", "whorl"} <= versions.keys() <= {"numpy", "whorl", "pip", "setuptools"}:
        sys.exit(f"{distribution.name} has installed {', '.join(versions)}")
    if (printed := run(programs / "whorl", "--version", folder=folder).strip()) != f"whorl {versions['whorl']}":
        sys.exit(f"whorl --version prints {printed}, and the version is {versions['whorl']}")
    return programs


def check_trained(readme: str, output: str, folder: Path) -> str:
    """Check that the first command of the README has saved its files and printed its last line; return the line of the last epoch."""
    promised = readme.split("```\n")[3].splitlines()  # the second block
    lines = output.splitlines()
    missing = [line for line in promised if line.startswith(("saved", "best possible")) and line not in lines]
    missing += [name for name in ("model.npz", "model.toml", "spiral.png") if not (folder / name).exists()]
    if missing:
        sys.exit(f"{output}\nthe first command of the README has not given: {', '.join(missing)}")
    return [line for line in lines if line.startswith("epoch ")][-1]


def check_on(version: str, sdist: Path, wheel: Path) -> None:
    """Install both distributions on a version of Python, and run the first command of the README."""
    python = interpreter(version)
    with TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "wheel").mkdir()
        programs = check_installed(wheel, python, place / "wheel")
        run(programs / "pip", "install", "--quiet", f"{wheel}[plot]")
        trained = run(programs / "whorl", "train", "spiral", folder=place / "wheel")

        (place / "sdist").mkdir()
        check_installed(sdist, python, place / "sdist")
        with tarfile.open(sdist) as archive:
            archive.extractall(place / "sdist", filter="data")
        source = place / "sdist" / sdist.name.removesuffix(".tar.gz")
        readme = (source / "README.md").read_text(encoding="utf-8")
        command = re.findall(r"^python3 -m venv .*$", readme, re.MULTILINE)[0].replace("python3", python, 1)
        output = run("bash", "-c", command, folder=source)

        print(f"Python {version}, wheel: {check_trained(readme, trained, place / 'wheel')}", flush=True)
        print(f"Python {version}, sdist: {check_trained(readme, output, source)}", flush=True)


def check(source: Path, output: Path) -> list[Path]:
    """Build the distributions of a checkout, and check them; return their paths."""
    sdist, wheel = build(source, output)
    for each in (sdist, wheel):
        print(f"built {each.name} twice, the same {each.stat().st_size:,} bytes", flush=True)
    run(sys.executable, "-m", "twine", "check", "--strict", sdist, wheel)
    tracked = run("git", "ls-files", folder=source).splitlines()
    if problems := content_problems(tracked, sdist, wheel):
        sys.exit("\n".join(problems))
    print("metadata: passed by twine; contents: exactly the files that git knows", flush=True)
    for version in PYTHONS:
        check_on(version, sdist, wheel)
    return [sdist, wheel]


if __name__ == "__main__":
    root = Path(__file__).parents[1]
    shutil.rmtree(root / "dist", ignore_errors=True)
    check(root, root / "dist")
