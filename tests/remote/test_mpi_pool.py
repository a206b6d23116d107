"""Many networks by `mpi4py.futures.MPIPoolExecutor`, under a real mpiexec."""

import os
import subprocess
import sys
import textwrap

import numpy as np
from installed_mpi import MPIEXEC

from whorl import fit_many

SCRIPT = """
    import sys

    import numpy as np

    from whorl import Adam, CrossEntropy, Dense, Dropout, Model, ReLU, Softmax, fit_many

    X = np.random.default_rng(0).standard_normal((120, 5))
    Y = np.random.default_rng(1).integers(0, 3, 120)
    OPTIONS = {"loss": CrossEntropy(), "optimizer": Adam(0.01), "epochs": 3, "batch_size": 16, "fast": False, "rng": 0}
    LAYERS = [Dense(20), ReLU(), Dropout(0.2), Dense(3), Softmax()]
    TRAININGS = [(Model(LAYERS, inputs=5, rng=seed), (X, Y)) for seed in range(8)]

    if __name__ == "__main__":
        from mpi4py.futures import MPIPoolExecutor

        with MPIPoolExecutor() as executor:
            histories = fit_many(TRAININGS, executor=executor, **OPTIONS)
            workers = executor.num_workers
        np.savez(sys.argv[1], workers, histories[-1]["loss"], *(model.parameters for model, _ in TRAININGS))
"""


def test_a_pool_of_mpi_processes_gives_the_bits_of_this_one(tmp_path):
    script, result = tmp_path / "many.py", tmp_path / "result.npz"
    script.write_text(textwrap.dedent(SCRIPT))
    root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}  # containers have no other user
    root |= {"PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe", "OMPI_MCA_rmaps_base_oversubscribe": "1"}
    command = [MPIEXEC, "-n", "3", sys.executable, "-m", "mpi4py.futures", script, result]
    run = subprocess.run(command, env=os.environ | root, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    namespace = {"__name__": "script"}
    exec(textwrap.dedent(SCRIPT), namespace)
    (*_, expected) = fit_many(namespace["TRAININGS"], **namespace["OPTIONS"])
    with np.load(result) as file:
        workers, loss, *parameters = file.values()
    assert workers == 2
    assert loss.tolist() == expected["loss"]
    for (model, _), found in zip(namespace["TRAININGS"], parameters, strict=True):
        np.testing.assert_array_equal(model.parameters, found)
