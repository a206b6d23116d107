"""Make a release: ``nox -s release -- 1.2.0``, or ``nox -s release -- 1.2.0 --dry-run``; RELEASING.md has the steps around it.

The release is made in a temporary clone, and only when all checks have passed does the repository get its commit and its tag. A dry run
does the same up to there.
"""

import argparse
import datetime as dt
import re
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tools import distributions
from tools.processes import run

ROOT = Path(__file__).parents[1]
VERSION = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")


def address(root: Path) -> str:
    """Return the public address of the repository."""
    found = re.search(r'^Homepage = "(.+)"$', (root / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    return found[1]


def edit(path: Path, pattern: str, replacement: str) -> None:
    """Replace the only text in a file that a pattern matches."""
    text = path.read_text(encoding="utf-8")
    changed, count = re.subn(pattern, lambda _: replacement, text, flags=re.MULTILINE)
    if count != 1:
        sys.exit(f"{path.name} must match {pattern!r} once, and does {count} times")
    path.write_text(changed, encoding="utf-8", newline="\n")


def prepare(root: Path, version: str, today: dt.date) -> str:
    """Write the version and the date into the sources, the changelog and the citation; return what has changed since the last release."""
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    changes = re.search(r"^## \[Unreleased\]\n(.*?)(?=^## |^\[\S+\]: |\Z)", changelog, re.DOTALL | re.MULTILINE)
    if changes is None or not changes[1].strip():
        sys.exit("CHANGELOG.md must have a section [Unreleased] with the changes of this release")
    if f"## [{version}]" in changelog:
        sys.exit(f"CHANGELOG.md has a section [{version}] already")
    edit(root / "CHANGELOG.md", r"^## \[Unreleased\]$", f"## [Unreleased]\n\n## [{version}] - {today}")
    with (root / "CHANGELOG.md").open("a", encoding="utf-8", newline="\n") as file:
        space = "" if re.search(r"^\[\S+\]: .+\n\Z", changelog, re.MULTILINE) else "\n"
        file.write(f"{space}[{version}]: {address(root)}/releases/tag/v{version}\n")
    edit(root / "src" / "whorl" / "__init__.py", r'^__version__ = ".+"$', f'__version__ = "{version}"')
    edit(root / "CITATION.cff", r"^version: .+(\ndate-released: .+)?$", f"version: {version}\ndate-released: {today}")
    return changes[1].strip()


def problems(root: Path, version: str) -> list[str]:
    """Return what keeps this repository from being released."""
    origin = run("git", "remote", "get-url", "origin", folder=root).strip() if run("git", "remote", folder=root) else ""
    place = address(root).removeprefix("https://github.com/")
    checks = {
        f"the version must be like 1.2.0 or 1.2.0rc1, got {version}": VERSION.fullmatch(version),
        "the branch must be main": run("git", "branch", "--show-current", folder=root).strip() == "main",
        "there are changes that are not committed": not run("git", "status", "--porcelain", folder=root),
        f"there is a tag v{version} already": not run("git", "tag", "--list", f"v{version}", folder=root),
        f"origin must be {place}, the address in pyproject.toml, got {origin or 'none'}": place in origin,
    }
    return [problem for problem, passed in checks.items() if not passed]


def candidate(root: Path, clone: Path, version: str, today: dt.date) -> None:
    """Clone a repository, and make the commit and the tag of the release in the clone."""
    run("git", "clone", "--quiet", root, clone)
    changes = prepare(clone, version, today)
    who = run("git", "log", "-1", "--format=%an%n%ae", folder=root).splitlines()
    name = run("git", "config", "--default", who[0], "user.name", folder=root).strip()
    email = run("git", "config", "--default", who[1], "user.email", folder=root).strip()
    git = ["git", "-c", f"user.name={name}", "-c", f"user.email={email}"]
    run(*git, "commit", "--quiet", "--all", "--message", f"Release {version}", folder=clone)
    message = f"whorl {version}\n\n{changes}"
    run(*git, "tag", "--annotate", "--cleanup=verbatim", "--message", message, f"v{version}", folder=clone)


def main() -> None:
    """Make a release, or show that it can be made."""
    parser = argparse.ArgumentParser(description="Make a release.")
    parser.add_argument("version", help="such as 1.2.0")
    parser.add_argument("--dry-run", action="store_true", help="check everything, and leave the repository as it is")
    arguments = parser.parse_args()
    version, found = arguments.version, problems(ROOT, arguments.version)
    if found and not arguments.dry_run:
        sys.exit("\n".join(found))
    for problem in found:
        print("before the release:", problem)
    with TemporaryDirectory() as folder:
        clone, output = Path(folder, "whorl"), Path(folder, "dist")
        candidate(ROOT, clone, version, dt.datetime.now(dt.UTC).date())
        print(run("git", "show", "--stat", "--format=%s", f"v{version}^{{commit}}", folder=clone).strip(), flush=True)
        built = distributions.check(clone, output)
        if arguments.dry_run:
            print(f"dry run: whorl {version} can be released")
            return
        run("git", "pull", "--quiet", "--ff-only", clone, "main", folder=ROOT)
        run("git", "fetch", "--quiet", clone, "tag", f"v{version}", folder=ROOT)
        (ROOT / "dist").mkdir(exist_ok=True)
        for each in built:
            shutil.copy(each, ROOT / "dist")
    print(f"whorl {version} is committed and tagged. To publish it: git push --atomic origin main v{version}")


if __name__ == "__main__":
    main()
