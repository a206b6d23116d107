"""A PostgreSQL server for tests: a cluster in a temporary folder, on a free port of this machine."""

import getpass
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

PASSWORD = "se:cr@et"
QUICK = ["fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=50", "shared_buffers=16MB"]


def _binaries():
    """The folder of the server's programs, or None."""
    found = shutil.which("postgres")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name.partition(".")[0]))
    return Path(found).parent if found else debian[-1] if debian else None


BINARIES = _binaries()
MISSING = ["PostgreSQL"] * (BINARIES is None) + ["psycopg"] * (find_spec("psycopg") is None)
USER = "postgres" if getpass.getuser() == "root" else None  # as root, the server does not start


def _run(*command):
    other = {"user": USER, "group": USER, "extra_groups": []} if USER else {}
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd="/", **other)


class Server:
    """A running server."""

    def __init__(self, port):
        self.port, self.count = port, 0

    def address(self, *, empty=False):
        """Make a database, with Optuna's tables unless it is to be empty, and return its address."""
        self.count += 1
        name = "tables" if self.count == 1 and not empty else f"sweeps{self.count}"
        self._create(name, "template0" if empty or name == "tables" else "tables")
        address = f"postgresql://ann:se%3Acr%40et@127.0.0.1:{self.port}/{name}"
        if name == "tables":
            from optuna.storages import RDBStorage

            storage = RDBStorage(address.replace("://", "+psycopg://"))
            storage.remove_session()
            storage.engine.dispose()
            return self.address()
        return address

    def _create(self, name, template):
        import psycopg

        server = f"host=127.0.0.1 port={self.port} user=ann password={PASSWORD} dbname=postgres"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")


@contextmanager
def server():
    """Start a server; it is stopped at the end, whatever happens."""
    folder = Path(tempfile.mkdtemp(prefix="whorl-postgresql-"))
    process = None
    try:
        password = folder / "password"
        password.write_text(PASSWORD)
        if USER:
            for each in (folder, password):
                shutil.chown(each, USER, USER)
        data = folder / "data"
        made = _run(
            BINARIES / "initdb",
            "-D",
            data,
            "-U",
            "ann",
            "--auth=scram-sha-256",
            f"--pwfile={password}",
            "--no-sync",
            "--locale=C",
            "--encoding=UTF8",
        )
        assert made.wait(60) == 0, made.communicate()
        made.stderr.close()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        settings = ["listen_addresses=127.0.0.1", f"port={port}", f"unix_socket_directories={folder}", *QUICK]
        process = _run(BINARIES / "postgres", "-D", data, *(word for each in settings for word in ("-c", each)))
        for line in process.stderr:
            if "ready to accept connections" in line:
                break
        else:
            raise RuntimeError("the server has not started")
        yield Server(port)
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)  # which ends all connections
            process.stderr.read()
            process.wait(30)
            process.stderr.close()
        shutil.rmtree(folder, ignore_errors=True)
