"""The examples, links and commands in the README and CONTRIBUTING."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = [block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "to_torch" not in block]
    assert len(blocks) == 12
    exec(compile("\n".join(blocks), "README.md", "exec"), names := {})
    assert names["history"]["accuracy"][-1] > 0.5
    assert max(gradient_errors(names).values()) < 1e-6
    assert (tmp_path / "model.npz").exists()
    assert (tmp_path / "spiral.png").exists()


def gradient_errors(names):
    return names["whorl"].check_gradients(
        names["model"], names["X"][::300], names["y"][::300], loss=names["CrossEntropy"]()
    )


@pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_links_exist(text):
    for link in re.findall(r"\]\(([^)]+)\)", text):
        assert link.startswith("https://") or (ROOT / link).exists(), link


def test_on_pypi_links_and_images_lead_to_the_files_of_the_release():
    from readme_renderer import markdown  # what PyPI shows

    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "metadata"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    metadata = json.loads(built.stdout)
    assert metadata["readme"]["content-type"] == "text/markdown"
    page = markdown.render(metadata["readme"]["text"])
    targets = re.findall(r'(?:href|src)="([^"]*)"', page)
    assert "https://scientific-python.org/specs/spec-0000/" in targets
    address = metadata["urls"]["Homepage"]
    release = rf"{re.escape(address)}/(?:blob|raw)/v{re.escape(metadata['version'])}/(.+)"
    files = [found[1] for found in map(re.compile(release).fullmatch, targets) if found]
    assert {"src/whorl/training/step.py", "docs/engine.md", "docs/theory/README.md", "src/whorl/layers/"} < {*files}
    assert [file for file in files if not (ROOT / file).exists()] == []
    assert [target for target in targets if not re.fullmatch(r"https://.+|#.+", target)] == []
    assert f'src="{address}/raw/v{metadata["version"]}/docs/spiral.png"' in page


def test_files_and_nox_sessions_exist():
    for name in re.findall(r"`((?:tests|layers|training)/[\w/]+\.py)`", README + CONTRIBUTING):
        assert (ROOT / name).exists() or (ROOT / "src" / "whorl" / name).exists(), name
    sessions = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    for session in re.findall(r"`nox -s (\w+)`", CONTRIBUTING):
        assert f"def {session}(" in sessions


def test_ci_runs_the_test_command():
    commands = [line for line in README.splitlines() if line.startswith("python3 -m venv")]
    assert len(commands) == 2
    assert commands[0].endswith("whorl train spiral")
    marked = README.split("<!-- test command -->\n```\n")[1].splitlines()[0]
    assert marked == commands[1]
    assert "<!-- test command -->" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_required_python_version():
    floor = re.search(r'requires-python = ">=(\d+)\.(\d+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert f"Python {floor[1]}.{floor[2]}" in README
    assert sys.version_info >= (int(floor[1]), int(floor[2]))
