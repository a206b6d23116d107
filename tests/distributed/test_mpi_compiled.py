"""Several processes with compiled kernels have the results of one on NumPy."""

CASES = [
    "momentum",
    "adam",
    "clipped",
    "averaged",
    "sample_weight",
    "max_norm",
    "frozen",
    "timed_dropout",
    "few_samples",
    "odd_units",
    "files_are_not_compiled",
]


def test_compiled_processes_have_the_results_of_one(start):
    lines = start("equal_results.py", "compiled", *CASES, processes=2)
    assert [line.removeprefix("ok ") for line in lines if line.startswith("ok ")] == CASES
