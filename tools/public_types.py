"""Check that type checkers know the type of every public name without inferring it: ``python -m tools.public_types``.

basedpyright looks at the names of all modules. Those of the engine and of the command are not for users, and others derive from classes of
packages that have no types or are not installed for this: scikit-learn, Keras, PyTorch, Optuna.
"""

import json
import subprocess
import sys

OTHERS = (
    "whorl.engine", "whorl.cli", "whorl.sklearn", "whorl.formats.keras_layers", "whorl.formats.torch_modules", "whorl.sweeps.study"
)  # fmt: skip


def main() -> int:
    """Print the public names whose types are not known; return 1 if there are any."""
    command = ["basedpyright", "--verifytypes", "whorl", "--ignoreexternal", "--outputjson"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    symbols = json.loads(done.stdout)["typeCompleteness"]["symbols"]
    public = [each for each in symbols if each["isExported"] and not each["name"].startswith(OTHERS)]
    unknown = [each for each in public if not each["isTypeKnown"]]
    for each in unknown:
        print(each["name"], *(problem["message"] for problem in each["diagnostics"]), sep="\n    ")
    print(f"{len(public) - len(unknown)} of {len(public)} public names have known types")
    return int(bool(unknown) or not public)


if __name__ == "__main__":
    sys.exit(main())
