"""One training in several processes, by a real mpiexec: each test starts it once, with a script that makes the checks."""

EQUAL = [
    "momentum",
    "adam",
    "clipped",
    "averaged",
    "accumulate",
    "sample_weight",
    "class_weight",
    "max_norm",
    "frozen",
    "batch_norm",
    "batch_norm_accumulate",
    "batch_norm_inside",
    "timed_dropout",
    "lbfgs",
    "short_batch",
    "few_samples",
    "steps",
    "pcg64",
    "philox",
    "mersenne",
    "fresh_entropy",
    "regression",
]
AGREEMENTS = [
    "stop_after_a_step",
    "stop_after_an_epoch",
    "time_limit",
    "one_process_writes",
    "interruption",
    "divergence",
    "resume",
    "checks",
]


def passed(lines):
    return [line.removeprefix("ok ") for line in lines if line.startswith("ok ")]


def test_four_processes_have_the_results_of_one(start):
    assert passed(start("equal_results.py", processes=4)) == EQUAL


def test_two_processes_have_the_results_of_one(start):
    chosen = ["momentum", "adam", "batch_norm", "short_batch", "few_samples", "pcg64"]
    assert passed(start("equal_results.py", *chosen, processes=2)) == chosen


def test_processes_agree(start):
    assert passed(start("agreements.py", processes=3)) == AGREEMENTS


def test_an_error_in_one_process_ends_all(start):
    lines = start("failures.py", "raise", "1", processes=2, status=None)
    assert "OSError: no space left on device" in lines
    assert not any("not reached" in line for line in lines)


def test_processes_that_differ_are_named(start):
    lines = start("failures.py", "drift", "1", processes=3, status=None)
    message = "RuntimeError: the training states of process 1 differ from those of the others before step 21: "
    assert len([line for line in lines if line.startswith(message)]) >= 1


def test_slow_processes_are_named(start):
    lines = start("failures.py", "slow", "1", processes=3)
    assert [line.partition(" for ")[0] for line in lines if "slow" in line] == ["process 1 is slow: it computed"]
