"""An own PostgreSQL 18 in a directory: made once, started as a direct child, recovered after whatever ended it.

The server never sees the path of its data directory but an open descriptor of it, so that it need not be able to
walk there (`nobody` cannot below root's home), and its socket's name stays short.
"""

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from services.stack.children import Account, Program, die_with_parent, end_left_in, identity, spawn
from services.stack.faults import StackFault

SUPERUSER = "postgres"
SHUTDOWN_LIMIT = 60.0
"""Seconds that a server of an earlier start may take to finish its shutdown."""

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "300",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
}
INITDB = (
    f"--username={SUPERUSER}",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
"""Nothing of the caller's `PG*` variables reaches the server."""


@dataclass(frozen=True)
class Postgres:
    """One server: where it lies, on which port, as whom. `durable=False` only for tests that end with the machine."""

    home: Path
    port: int
    password: str
    programs: Path
    account: Account | None
    log: Path
    durable: bool = True

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.home / "data"

    def url(self, database: str) -> str:
        """Connects as the superuser over TCP."""
        return f"postgresql://{SUPERUSER}:{quote(self.password, safe='')}@127.0.0.1:{self.port}/{database}"

    def prepare(self) -> None:
        """Make the data directory where there is none; wait for a server of an earlier start to end."""
        self.end_former()
        if not self.data.exists():
            self._initialise()
        owner = os.getuid() if self.account is None else self.account.uid
        if self.data.stat().st_uid != owner:
            raise StackFault(f"{self.data} belongs to another user; start as the one who made it, or choose --data-dir")
        # Nobody works here any longer: the id in it may by now be another process's, which would stop the start.
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def end_former(self) -> None:
        """Shut down what an earlier start left behind, and wait for it."""
        if pids := end_left_in(self.data, signal.SIGINT, limit=SHUTDOWN_LIMIT):
            raise StackFault(f"PostgreSQL of an earlier start still shuts down (process {pids[0]}); try again soon")

    def spawn(self) -> "subprocess.Popen[bytes]":
        """Start the server; call from the main thread, after `prepare`."""
        directory = os.open(self.data, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return spawn(self._program(directory))
        finally:
            os.close(directory)

    def _program(self, directory: int) -> Program:
        path = f"/proc/self/fd/{directory}"
        settings = {**SETTINGS, "port": str(self.port), "unix_socket_directories": path}
        if not self.durable:
            settings |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Program(
            name="postgres",
            argv=[self.programs / "postgres", "-D", path, *options],
            cwd=self.data,
            env=ENVIRONMENT,
            log=self.log,
            account=self.account,
            pass_fds=(directory,),
            death_signal=signal.SIGINT,
        )

    def _initialise(self) -> None:
        """Run initdb beside the final place and rename, so that a half-made directory is never taken for a whole."""
        unfinished = self.home / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700, parents=True)
        if self.account is not None:
            os.chown(unfinished, self.account.uid, self.account.gid)
        directory = os.open(unfinished, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._initdb(directory)
        finally:
            os.close(directory)
        unfinished.rename(self.data)

    def _initdb(self, directory: int) -> None:
        secret = os.memfd_create("password")
        try:
            os.write(secret, self.password.encode() + b"\n")
            if self.account is not None:
                os.fchown(secret, self.account.uid, self.account.gid)
            done = subprocess.run(
                [self.programs / "initdb", *INITDB, f"--pwfile=/proc/self/fd/{secret}", f"/proc/self/fd/{directory}"],
                cwd="/",
                env=ENVIRONMENT,
                pass_fds=(directory, secret),
                capture_output=True,
                check=False,
                preexec_fn=die_with_parent(signal.SIGKILL),
                **identity(self.account),
            )
        finally:
            os.close(secret)
        if done.returncode:
            last = done.stderr.decode(errors="replace").strip().rsplit("\n", 1)[-1]
            raise StackFault(f"PostgreSQL could not make {self.data}: {last}\nIs the disk full, or not to be written?")
