"""Longer checks: ``nox --list`` shows them, ``nox -s coverage`` runs one."""

import nox

nox.options.default_venv_backend = "venv"
nox.options.sessions = ["lint", "tests"]


@nox.session(python=["3.11", "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """Run the tests on each Python."""
    session.install("-e", ".", *nox.project.dependency_groups(nox.project.load_toml(), "test"))
    session.run("pytest", *session.posargs)


@nox.session(python="3.11")
def oldest(session: nox.Session) -> None:
    """Run the tests on the oldest NumPy that is supported."""
    session.install("-e", ".", "numpy==2.0.*", *nox.project.dependency_groups(nox.project.load_toml(), "test"))
    session.run("pytest", *session.posargs)


@nox.session
def torch(session: nox.Session) -> None:
    """Compare with PyTorch itself, instead of its stored values."""
    session.install("-e", ".[torch]", *nox.project.dependency_groups(nox.project.load_toml(), "test"))
    session.run("pytest", "tests/parity", *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Measure which lines the tests run."""
    session.install("-e", ".", *nox.project.dependency_groups(nox.project.load_toml(), "test"))
    session.run("pytest", "--cov", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check format, style and types."""
    session.install("-e", ".", *nox.project.dependency_groups(nox.project.load_toml(), "lint"))
    session.run("ruff", "format", "--check")
    session.run("ruff", "check")
    session.run("mypy")


@nox.session
def speed(session: nox.Session) -> None:
    """Fail if `fit` has become slower than its limits, which are multiples of the straight-line page's time."""
    session.install("-e", ".")
    session.run("python", "-m", "benchmarks.check", *session.posargs)


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Race with PyTorch, JAX, Keras and scikit-learn, and record it. Let the machine do nothing else."""
    session.install("-e", ".", *nox.project.dependency_groups(nox.project.load_toml(), "benchmarks"))
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def footprint(session: nox.Session) -> None:
    """Measure what whorl weighs in time and memory beside the same peers, and record it."""
    session.install("-e", ".", *nox.project.dependency_groups(nox.project.load_toml(), "benchmarks"))
    session.run("python", "-m", "benchmarks.footprint", *session.posargs)


@nox.session
def spiral(session: nox.Session) -> None:
    """Measure what the spiral's presets reach, and record it."""
    session.install("-e", ".")
    session.run("python", "-m", "benchmarks.spiral", *session.posargs)


@nox.session
def fast(session: nox.Session) -> None:
    """Measure what the compiled twins gain, and record it."""
    session.install("-e", ".[fast]")
    session.run("python", "-m", "benchmarks.fast", *session.posargs, env={"OPENBLAS_NUM_THREADS": "1"})


@nox.session
def threads(session: nox.Session) -> None:
    """Measure from which size on BLAS threads pay, and record it. Let the machine do nothing else."""
    session.install("-e", ".", "threadpoolctl")
    session.run("python", "-m", "benchmarks.threads", *session.posargs)


@nox.session
def images(session: nox.Session) -> None:
    """Train the presets for MNIST and Fashion-MNIST with three seeds, beside PyTorch, and record it. An hour or more."""
    session.install("-e", ".[fast,torch]")
    session.run("python", "-m", "benchmarks.images", *session.posargs)


@nox.session
def tables(session: nox.Session) -> None:
    """Train on tables beside scikit-learn, and record it: ``nox -s tables -- FOLDER``, which holds them."""
    session.install("-e", ".", "scikit-learn")
    session.run("python", "-m", "benchmarks.tables", *session.posargs)
