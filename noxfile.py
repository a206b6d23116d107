"""Longer checks: ``nox --list`` shows them, ``nox -s coverage`` runs one."""

import os
import shutil

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "venv"
nox.options.sessions = ["lint", "tests"]

CORE = "_core", "layers", "losses", "metrics", "optimizers", "schedules", "training"
FILES = "functions", "model", "properties", "vectors"
QUICK = [f"tests/{name}" for name in CORE] + [f"tests/test_{name}.py" for name in FILES]
"""The tests of the core."""


@nox.session(python=["3.11", "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """Run the tests on each Python."""
    session.install("-e", ".", *nox.project.dependency_groups(nox.project.load_toml(), "test"))
    session.run("pytest", "-n", "2", *session.posargs)


@nox.session
def quick(session: nox.Session) -> None:
    """Run the tests of the core: half a minute."""
    session.install("-e", ".", *nox.project.dependency_groups(nox.project.load_toml(), "test"))
    session.run("pytest", "-q", "src", *QUICK, *session.posargs)


@nox.session
def estimators(session: nox.Session) -> None:
    """Run scikit-learn's checks of the estimators, with its oldest supported version and the newest: the figures of docs/sklearn.md."""
    session.install("-e", ".[tables,fast]")
    for version in ("==1.6.*", ""):
        session.install(f"scikit-learn{version}", "--upgrade")
        session.run("python", "tests/estimators/checks.py")


@nox.session(python="3.11")
def oldest(session: nox.Session) -> None:
    """Run the tests on the oldest NumPy that is supported."""
    session.install("-e", ".", "numpy==2.0.*", *nox.project.dependency_groups(nox.project.load_toml(), "test"))
    session.run("pytest", "-n", "2", *session.posargs)


@nox.session
def prerelease(session: nox.Session) -> None:
    """Run the tests on the newest NumPy, pre-releases included."""
    session.install("-e", ".", *nox.project.dependency_groups(nox.project.load_toml(), "test"))
    session.install("--upgrade", "--pre", "numpy", "--no-deps")
    session.run("pytest", "-n", "2", *session.posargs)


@nox.session
def torch(session: nox.Session) -> None:
    """Compare with PyTorch itself, instead of its stored values."""
    session.install("-e", ".[torch]", *nox.project.dependency_groups(nox.project.load_toml(), "test"))
    session.run("pytest", "tests/parity", *session.posargs)


@nox.session
def exchange(session: nox.Session) -> None:
    """Convert models to PyTorch and Keras, and back, and measure which lines that runs. The environment variable KERAS_BACKEND may name another backend."""
    backend = session.env.get("KERAS_BACKEND") or "torch"
    test = nox.project.dependency_groups(nox.project.load_toml(), "test")
    session.install("-e", ".[torch,keras]", backend, *test)
    session.run("coverage", "run", "-m", "pytest", "tests/exchange", *session.posargs, env={"KERAS_BACKEND": backend})
    own = "*/formats/exchange.py,*/formats/torch*.py,*/formats/keras*.py"
    session.run("coverage", "report", "--omit=none", f"--include={own}")


@nox.session
def browser(session: nox.Session) -> None:
    """Open the pages of `whorl explain` and `whorl playground` in Chromium: how they are operated, and what axe-core finds."""
    session.install("-e", ".", *nox.project.dependency_groups(nox.project.load_toml(), "test"))
    if "CHROMIUM" not in os.environ and not shutil.which("chromium"):
        session.run("playwright", "install", "chromium")
    session.run("pytest", "tests/pages", *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Measure which lines the tests run."""
    session.install("-e", ".", *nox.project.dependency_groups(nox.project.load_toml(), "test"))
    session.run("pytest", "--cov", "-n", "2", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check format, style and types of the code, and the files of the repository."""
    session.install("-e", ".", *nox.project.dependency_groups(nox.project.load_toml(), "lint"))
    session.run("python", "-m", "tools.lint")


@nox.session
def types(session: nox.Session) -> None:
    """Check that type checkers know the types of all public names without inferring them."""
    session.install(".", *nox.project.dependency_groups(nox.project.load_toml(), "lint"))
    session.run("python", "-m", "tools.public_types")


@nox.session
def distributions(session: nox.Session) -> None:
    """Build the source distribution and the wheel in dist/, and check them in fresh environments on each Python."""
    session.install(*nox.project.dependency_groups(nox.project.load_toml(), "release"))
    session.run("python", "-m", "tools.distributions")


@nox.session
def release(session: nox.Session) -> None:
    """Make a release, or try whether it could be made: ``nox -s release -- 1.2.0 --dry-run``."""
    session.install(*nox.project.dependency_groups(nox.project.load_toml(), "release"))
    session.run("python", "-m", "tools.release", *session.posargs)


@nox.session
def security(session: nox.Session) -> None:
    """Look for insecure code, and for known vulnerabilities of what is installed."""
    session.install("-e", ".[fast,tables,download,plot]", "bandit", "pip-audit")
    session.run("bandit", "--quiet", "--recursive", "src", "--skip", "B101")  # assert tells type checkers what is known
    session.run("pip-audit", "--skip-editable")


@nox.session
def torture(session: nox.Session) -> None:
    """Kill trainings and their workers, change files, predict in threads, repeat trainings, take a million steps, send malformed requests: the long forms of `tests/torture`. An hour and a half."""
    session.install("-e", ".[fast,mpi,playground,serve,sweep,tables]", "distributed", "psycopg[binary]")
    for script, *counts in (
        ("kill", "1000"),
        ("mutate", "1000000"),
        ("predictions", "60"),
        ("repeat", "100"),
        ("steps", "1000000"),
        ("serve", "10000"),
        ("playground", "100000"),
        ("dask_cluster", "20"),
        ("postgresql_sweep", "20"),
        ("mpi_kill", "100", "4"),
    ):
        session.run("python", f"tests/torture/{script}.py", *counts)


@nox.session
def speed(session: nox.Session) -> None:
    """Fail if `fit` has become slower than its limits, which are multiples of the time of `benchmarks/straight.py`."""
    measure(session, "check")


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Compare the time of a training step with other libraries, and record it. The machine should do nothing else."""
    measure(session, "speed", *nox.project.dependency_groups(nox.project.load_toml(), "benchmarks"))


@nox.session
def footprint(session: nox.Session) -> None:
    """Compare size, memory and latency with other libraries, and record them."""
    measure(session, "footprint", *nox.project.dependency_groups(nox.project.load_toml(), "benchmarks"))


@nox.session
def threads(session: nox.Session) -> None:
    """Measure from which size on BLAS threads pay, and record it. The machine should do nothing else."""
    measure(session, "threads", "threadpoolctl")


@nox.session
def many(session: nox.Session) -> None:
    """Measure how many small networks are trained per second, beside other libraries, and record it."""
    measure(session, "many", *nox.project.dependency_groups(nox.project.load_toml(), "benchmarks"))


@nox.session
def distributed(session: nox.Session) -> None:
    """Measure one training on two processes beside one, and the cost of communication, and record them."""
    session.install("-e", ".[mpi]")
    measure(session, "distributed")


@nox.session
def serving(session: nox.Session) -> None:
    """Measure requests per second and latency of `whorl serve`, beside scikit-learn behind FastAPI, and record them."""
    session.install("-e", ".[serve]")
    measure(session, "serving", *nox.project.dependency_groups(nox.project.load_toml(), "benchmarks-serving"))


@nox.session
def spiral(session: nox.Session) -> None:
    """Measure the accuracy of the recipes for the spiral, and record it."""
    measure(session, "spiral")


@nox.session
def images(session: nox.Session) -> None:
    """Measure the accuracy of the recipes for MNIST and Fashion-MNIST, beside PyTorch, and record it. An hour or more."""
    measure(session, "images", "torch")


@nox.session
def tables(session: nox.Session) -> None:
    """Measure the accuracy on public tables, beside other libraries, and record it: ``nox -s tables -- FOLDER --fetch``."""
    measure(session, "tables", *nox.project.dependency_groups(nox.project.load_toml(), "benchmarks-tables"))


def measure(session: nox.Session, command: str, *packages: str) -> None:
    """Run a command of the benchmarks, with the session's arguments, after installing whorl and these packages."""
    session.install("-e", ".", *packages)
    session.run("python", "-m", "benchmarks", command, *session.posargs)
