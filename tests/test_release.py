"""Releases: the edits, the clone, the contents of what is published; and that the places agree which name the same thing."""

import datetime as dt
import json
import re
import shutil
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from tools import distributions, release
from tools.processes import run

import whorl

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WORKFLOWS = [path.read_text(encoding="utf-8") for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))]
NOXFILE = (ROOT / "noxfile.py").read_text(encoding="utf-8")
EDITED = "CHANGELOG.md", "CITATION.cff", "src/whorl/__init__.py", "pyproject.toml"
DAY = dt.date(2031, 5, 4)


@pytest.fixture
def copy(tmp_path):
    """Return a folder with copies of the files that a release reads or edits."""
    for name in EDITED:
        (tmp_path / "copy" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / "copy" / name)
    changelog = tmp_path / "copy" / "CHANGELOG.md"
    text = changelog.read_text(encoding="utf-8").partition("## [Unreleased]")[0]
    changelog.write_text(f"{text}## [Unreleased]\n\n### Added\n\n- `one`.\n", encoding="utf-8")
    return tmp_path / "copy"


def read(path):
    return path.read_text(encoding="utf-8")


def test_a_release_gives_the_changes_a_version_and_a_date(copy):
    before = {name: read(copy / name) for name in EDITED}
    assert release.prepare(copy, "7.0.0", DAY) == "### Added\n\n- `one`."
    changelog = read(copy / "CHANGELOG.md")
    changelog = changelog.replace("## [Unreleased]\n", "## [Unreleased]\n\n### Fixed\n\n- `two`.\n")
    (copy / "CHANGELOG.md").write_text(changelog, encoding="utf-8")
    assert release.prepare(copy, "7.1.0rc1", DAY + dt.timedelta(1)) == "### Fixed\n\n- `two`."
    head = before["CHANGELOG.md"].partition("## [")[0]
    link = f"{PROJECT['project']['urls']['Homepage']}/releases/tag"
    assert read(copy / "CHANGELOG.md") == (
        f"{head}## [Unreleased]\n\n## [7.1.0rc1] - 2031-05-05\n\n### Fixed\n\n- `two`.\n"
        "\n## [7.0.0] - 2031-05-04\n\n### Added\n\n- `one`.\n"
        f"\n[7.0.0]: {link}/v7.0.0\n[7.1.0rc1]: {link}/v7.1.0rc1\n"
    )
    version = f'__version__ = "{whorl.__version__}"'
    source = before["src/whorl/__init__.py"]
    assert read(copy / "src/whorl/__init__.py") == source.replace(version, '__version__ = "7.1.0rc1"')
    old, new = before["CITATION.cff"].splitlines(), read(copy / "CITATION.cff").splitlines()
    assert [line for line in new if line not in old] == ["version: 7.1.0rc1", "date-released: 2031-05-05"]
    assert read(copy / "pyproject.toml") == before["pyproject.toml"]


def test_a_release_without_changes_or_with_the_version_of_another_is_refused(copy):
    release.prepare(copy, "7.0.0", DAY)
    with pytest.raises(SystemExit, match=r"a section \[Unreleased\] with the changes"):
        release.prepare(copy, "7.1.0", DAY)
    changelog = copy / "CHANGELOG.md"
    changelog.write_text(read(changelog).replace("[Unreleased]\n", "[Unreleased]\n\n- `two`.\n"), encoding="utf-8")
    with pytest.raises(SystemExit, match=r"a section \[7\.0\.0\] already"):
        release.prepare(copy, "7.0.0", DAY)


def test_the_commit_and_the_tag_are_made_in_a_clone(copy, tmp_path):
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-C", str(copy)]
    for command in (["init", "--quiet", "--initial-branch", "main"], ["add", "."], ["commit", "-qm", "Begin"]):
        run(*git, *command)
    origin = PROJECT["project"]["urls"]["Homepage"]
    assert [each.partition(",")[0] for each in release.problems(copy, "7.0")] == [
        "the version must be like 1.2.0 or 1.2.0rc1",
        f"origin must be {origin.removeprefix('https://github.com/')}",
    ]
    run(*git, "remote", "add", "origin", f"{origin}.git")
    assert release.problems(copy, "7.0.0") == []

    release.candidate(copy, tmp_path / "clone", "7.0.0", DAY)
    assert run(*git, "log", "--format=%s").splitlines() == ["Begin"]
    assert run("git", "log", "--format=%s", folder=tmp_path / "clone").splitlines() == ["Release 7.0.0", "Begin"]
    message = run("git", "tag", "--list", "--format=%(contents)", "v7.0.0", folder=tmp_path / "clone")
    assert message.strip() == "whorl 7.0.0\n\n### Added\n\n- `one`."

    run("git", "fetch", "--quiet", tmp_path / "clone", "tag", "v7.0.0", folder=copy)
    (copy / "CHANGELOG.md").write_text("other", encoding="utf-8")
    run(*git, "switch", "--quiet", "--create", "other")
    assert release.problems(copy, "7.0.0") == [
        "the branch must be main",
        "there are changes that are not committed",
        "there is a tag v7.0.0 already",
    ]


def test_what_is_wrong_with_the_contents_of_distributions_is_named(tmp_path):
    tracked = ["LICENSE", "README.md", "src/whorl/__init__.py", "src/whorl/py.typed", "tests/test_a.py"]
    packed = [*tracked[:-1], "PKG-INFO", "secret.txt"]
    with tarfile.open(tmp_path / "whorl-1.tar.gz", "w:gz") as archive:
        for name in packed:
            archive.add(ROOT / "LICENSE", f"whorl-1/{name}")
    with zipfile.ZipFile(tmp_path / "whorl-1.whl", "w") as archive:
        for name in (
            "whorl/__init__.py",
            "tests/test_a.py",
            "whorl-1.dist-info/METADATA",
            "whorl-1.dist-info/licenses/LICENSE",
        ):
            archive.write(ROOT / "LICENSE", name)
        archive.writestr("whorl/large.bin", bytes(distributions.LARGEST))
    assert distributions.content_problems(tracked, tmp_path / "whorl-1.tar.gz", tmp_path / "whorl-1.whl") == [
        "tests/test_a.py is missing in the source distribution",
        "secret.txt is in the source distribution, but not in git",
        "src/whorl/datasets/digits.LICENSE.txt is missing in the wheel",
        "whorl/datasets/digits.npz is missing in the wheel",
        "whorl/py.typed is missing in the wheel",
        "tests/test_a.py is in the wheel, but not in src",
        "whorl/large.bin is in the wheel, but not in src",
        f"the wheel has {(tmp_path / 'whorl-1.whl').stat().st_size} bytes, more than 1000000",
    ]


def test_a_promise_of_the_readme_that_is_not_kept_is_named(tmp_path):
    readme = read(ROOT / "README.md")
    printed = readme.split("```\n")[3]
    for name in ("model.npz", "model.toml"):
        (tmp_path / name).touch()
    with pytest.raises(SystemExit, match=r"has not given: saved spiral\.png, spiral\.png$"):
        distributions.check_trained(readme, printed.replace("saved spiral.png\n", ""), tmp_path)
    (tmp_path / "spiral.png").touch()
    assert distributions.check_trained(readme, printed, tmp_path).startswith("epoch 200 | train acc ")


def test_a_program_that_fails_ends_the_release_with_its_output():
    with pytest.raises(SystemExit, match=r"(?s)no-such-command.*git no-such-command has failed, with exit code 1"):
        run("git", "no-such-command")


def test_the_address_of_the_repository_is_the_same_everywhere():
    paths = [ROOT / "pyproject.toml", ROOT / "CITATION.cff", *ROOT.glob("*.md"), *(ROOT / ".github").rglob("*.*")]
    places = {
        (path.name, link)
        for path in paths
        if path.is_file()
        for link in re.findall(r"https://github\.com/[\w.-]+/[\w-]+", read(path))
        if not link.endswith("OWNER/NAME")
    }
    assert {name for name, _ in places} >= {"pyproject.toml", "CITATION.cff", "config.yml", "RELEASING.md"}
    assert {link for _, link in places} == {PROJECT["project"]["urls"]["Homepage"]}
    assert release.address(ROOT) == PROJECT["project"]["urls"]["Homepage"]


def test_the_version_and_the_supported_pythons_are_the_same_everywhere():
    assert f"\nversion: {whorl.__version__}\n" in read(ROOT / "CITATION.cff")
    classifiers = re.findall(r":: (3\.\d+)", "\n".join(PROJECT["project"]["classifiers"]))
    assert list(distributions.PYTHONS) == classifiers
    assert f"python={json.dumps(classifiers)}" in NOXFILE
    assert f"python: {json.dumps(classifiers)}" in WORKFLOWS[0]


def test_workflows_run_sessions_that_exist_and_pin_what_they_use():
    sessions = re.findall(r"session: \[?(\w+)", "".join(WORKFLOWS)) + re.findall(r"nox -s (\w+)", "".join(WORKFLOWS))
    assert len(sessions) == 11
    assert [each for each in sessions if f"def {each}(session" not in NOXFILE] == []
    used = re.findall(r"uses: (.+)", "".join(WORKFLOWS))
    pinned = {re.fullmatch(r"([\w/-]+)@[0-9a-f]{40} # v\d+\.\d+\.\d+", each)[1] for each in used}
    assert len(pinned) == len(set(used)) == 5


def test_hooks_and_ci_run_what_the_group_lint_pins():
    group = [each for each in PROJECT["dependency-groups"]["lint"] if "==" in each]
    names = {re.match(r"[\w-]+", each)[0] for each in group}
    hooks = re.findall(r"entry: (\S+)", read(ROOT / ".pre-commit-config.yaml"))
    commands = [
        each.partition(" ")[0] for each in re.findall(r'^    "(.+)",', read(ROOT / "tools" / "lint.py"), re.MULTILINE)
    ]
    assert set(hooks) < set(commands) == names
    assert "python -m tools.lint" in read(ROOT / ".ci" / "run")
    assert '"python", "-m", "tools.lint"' in NOXFILE
