"""Check format, style and types of the code, and the files of the repository: ``python -m tools.lint``."""

import shutil
import subprocess
import sys
from pathlib import Path

COMMANDS = [
    "ruff format --check",
    "ruff check",
    "mypy",
    "basedpyright",  # the public names, as users write them
    "zizmor --quiet --offline --persona pedantic .github",
    "sp-repo-review --show err .",
    "check-jsonschema --builtin-schema vendor.citation-file-format CITATION.cff",
    "check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/ci.yml .github/workflows/release.yml",
    "check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml",
    "check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml",
    "check-jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/bug.yml",
    "check-jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/feature.yml",
    "check-jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/question.yml",
]


def main() -> int:
    """Run all of the commands, also after one that fails; return 1 if one has failed."""
    programs = str(Path(sys.executable).parent)  # those of this environment
    failed = 0
    for command in COMMANDS:
        print("+", command, flush=True)
        program, *arguments = command.split()
        found = shutil.which(program, path=programs)
        if found is None:
            sys.exit(f"there is no {program}; install the dependency group lint")
        if program == "basedpyright":
            arguments += ["--pythonpath", sys.executable]
        failed |= subprocess.run([found, *arguments], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
