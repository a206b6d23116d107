"""Train on several hosts: network namespaces of this machine, each with an address and a name of its own, joined by a bridge.

``python tests/torture/mpi_hosts.py`` needs root, the command ``ip``, and Open MPI. On two hosts with two processes each, which talk over TCP,
training must have the results of one process (`tests/distributed/equal_results.py`), also if a process is killed on each host
(`tests/distributed/failures.py`).
"""

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

TESTS = Path(__file__).parents[1] / "distributed"
HOSTS = [2, 3]
NETWORK = "10.77.0"
AGENT = """#!/bin/bash
# Started by mpiexec instead of ssh: HOST COMMAND…
host=$1; shift
number=${host##*.}
exec ip netns exec whorl$number unshare --uts bash -c "hostname host$number; $*"
"""


def ip(words):
    """Run the command ip."""
    subprocess.run(["ip", *words.split()], check=True)


@contextmanager
def hosts():
    """Make the hosts, and remove them at the end."""
    ip("link add whorlbridge type bridge")
    try:
        ip(f"addr add {NETWORK}.1/24 dev whorlbridge")
        ip("link set whorlbridge up")
        for number in HOSTS:
            ip(f"netns add whorl{number}")
            ip(f"link add whorl{number} type veth peer name eth0 netns whorl{number}")
            ip(f"link set whorl{number} master whorlbridge up")
            ip(f"-n whorl{number} addr add {NETWORK}.{number}/24 dev eth0")
            ip(f"-n whorl{number} link set eth0 up")
            ip(f"-n whorl{number} link set lo up")
        yield
    finally:
        for number in HOSTS:
            subprocess.run(["ip", "netns", "del", f"whorl{number}"], check=False)
        ip("link del whorlbridge")


def start(agent, *words):
    """Run Python with these words in two processes on each host; return what it prints."""
    mpiexec = shutil.which("mpiexec", path=str(Path(sys.executable).parent)) or shutil.which("mpiexec")
    options = [
        *["--allow-run-as-root", "--oversubscribe", "--with-ft", "ulfm", "--map-by", "node"],
        *[
            "--host",
            ",".join(f"{NETWORK}.{number}:2" for number in HOSTS),
            "-x",
            "PYTHONPATH",
            "-x",
            "OPENBLAS_NUM_THREADS",
        ],
        *["--prtemca", "plm_ssh_agent", str(agent), "--prtemca", "prte_if_include", f"{NETWORK}.0/24"],
        *["--mca", "btl_tcp_if_include", f"{NETWORK}.0/24", "-n", str(2 * len(HOSTS))],
    ]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    line = [mpiexec, *options, sys.executable, *words]
    done = subprocess.run(line, capture_output=True, text=True, env=environment, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def main():
    """Train on the hosts; return what was seen."""
    with tempfile.TemporaryDirectory() as name, hosts():
        agent = Path(name) / "agent.sh"
        agent.write_text(AGENT)
        agent.chmod(0o755)
        code = "from mpi4py import MPI; print(MPI.COMM_WORLD.rank, MPI.Get_processor_name())"
        placed = sorted(start(agent, "-c", code).split("\n"))[-4:]
        assert placed == ["0 host2", "1 host3", "2 host2", "3 host3"], placed
        cases = start(agent, str(TESTS / "equal_results.py")).count("ok ")
        assert cases > 20, cases
        killed = start(agent, str(TESTS / "failures.py"), "kill", "1,2")
        assert [name for name in ("0", "1", "2", "3") if f"process {name} is done" in killed] == ["0", "3"], killed
    return f"two hosts with two processes each: {cases} trainings with the results of one process, and one of them with a process killed on each host"


if __name__ == "__main__":
    sys.stdout.write(main() + "\n")
