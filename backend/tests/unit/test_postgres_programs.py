"""What the embedded PostgreSQL decides before it starts, and how it says that it can't."""

import os
import pwd
import tarfile
from pathlib import Path

import pytest

from app import embedded
from app.embedded import programs

STRANGE_HOMES = ['/home/o"neill', "/home/$HOME", "/home/`id`", "/home/back\\slash", "/home/two\nlines"]


@pytest.fixture
def no_package(monkeypatch):
    """The Python package with PostgreSQL in it is not installed."""
    monkeypatch.setattr(programs, "PACKAGE", None)


@pytest.fixture
def an_installed_17(tmp_path, monkeypatch) -> Path:
    """A PostgreSQL 17 on the PATH, behind a PostgreSQL 16."""
    for version in ("16.9", "17.6"):
        folder = tmp_path / version
        folder.mkdir()
        (folder / "initdb").touch()
    monkeypatch.setenv("PATH", f"{tmp_path / '16.9'}{os.pathsep}{tmp_path / '17.6'}")
    monkeypatch.setattr(programs, "ask", lambda path, *_, **__: f"postgres (PostgreSQL) {path.parent.name}")
    return tmp_path / "17.6"


def test_an_installed_postgresql_17_stands_in_for_the_package(tmp_path, no_package, an_installed_17):
    """Where the package is not installed, the first pg_ctl of version 17 on the PATH is used."""
    found = programs.Programs.find(tmp_path, programs.Account())

    assert found.folder == an_installed_17


def test_an_installed_postgresql_stands_in_where_libraries_are_missing(tmp_path, monkeypatch, an_installed_17):
    """Where the package's programs lack a library, installed ones are used."""
    monkeypatch.setattr(programs, "_unpacked", lambda _: Path("/package/bin"))
    monkeypatch.setattr(programs, "_missing_libraries", lambda path: ["libxml2.so.2"] * path.is_relative_to("/package"))

    assert programs.Programs.find(tmp_path, programs.Account()).folder == an_installed_17


def test_another_process_may_unpack_the_package_first(tmp_path, monkeypatch):
    """Two that start for the first time at the same moment use the same programs."""
    name = f"postgresql-{programs.VERSION}.0"
    (tmp_path / name / "bin").mkdir(parents=True)
    with tarfile.open(tmp_path / f"{name}.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / name, name)
    monkeypatch.setattr(programs, "PACKAGE", tmp_path)
    home, extract = tmp_path / "home", tarfile.TarFile.extractall

    def extract_too_late(*arguments, **options) -> None:
        extract(*arguments, **options)
        (home / name / "bin").mkdir(parents=True)

    monkeypatch.setattr(tarfile.TarFile, "extractall", extract_too_late)
    home.mkdir()

    assert programs._unpacked(home) == home / name / "bin"  # noqa: SLF001 -- before it is asked whether they run


def test_no_postgresql_is_explained(tmp_path, monkeypatch, no_package):
    """With neither package nor pg_ctl, the sentence says what brings one."""
    monkeypatch.setattr(programs, "_installed", lambda: None)

    with pytest.raises(embedded.EmbeddedPostgresError, match=r"uv sync.*pg_ctl on the PATH"):
        programs.Programs.find(tmp_path, programs.Account())


def test_missing_libraries_are_named_by_their_packages(tmp_path, monkeypatch):
    """What the loader lacks is named as Debian names it, each package once."""
    lacking = ("libxml2.so.2", "libssl.so.3", "libcrypto.so.3")
    monkeypatch.setattr(programs, "_unpacked", lambda _: tmp_path)
    monkeypatch.setattr(programs, "ask", lambda *_, **__: "".join(f"\t{name} => not found\n" for name in lacking))
    monkeypatch.setattr(programs, "_installed", lambda: None)

    with pytest.raises(embedded.EmbeddedPostgresError, match=r"apt-get install libssl3 libxml2\."):
        programs.Programs.find(tmp_path, programs.Account())


def test_the_first_complaint_is_the_reason():
    """A program's own last words are of no use: its first complaint is."""
    output = "creating directory ... ok\n12:00 UTC [7] FATAL:  No space left on device\ninitdb: removing contents\n"

    assert programs.explain(output) == "The embedded PostgreSQL did not start: No space left on device."


def test_root_hands_the_data_to_an_account_that_owns_files(tmp_path, monkeypatch):
    """PostgreSQL refuses root: on a machine with no account postgres, daemon runs it."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwnam", {"daemon": pwd.struct_passwd(("daemon", "x", 1, 2, "", "/", ""))}.__getitem__)

    assert programs.Account.for_data(tmp_path / "data") == (1, 2)


def test_root_leaves_the_data_to_its_owner(tmp_path, monkeypatch):
    """An account that comes up later changes nothing for a cluster that is there."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    assert programs.Account.for_data(tmp_path) == (tmp_path.stat().st_uid, tmp_path.stat().st_gid)


@pytest.mark.parametrize("directory", STRANGE_HOMES)
def test_a_home_that_would_break_a_shell_is_refused(directory):
    """Some characters can't be had, since initdb pastes paths into shell commands."""
    with pytest.raises(embedded.EmbeddedPostgresError, match="XDG_DATA_HOME"), embedded.postgres(Path(directory)):
        pass


def test_a_home_where_nothing_can_be_written_is_named():
    """The place that can't be used is named, with the system's own reason."""
    with (
        pytest.raises(embedded.EmbeddedPostgresError, match="can't use /proc/nowhere"),
        embedded.postgres(Path("/proc/nowhere")),
    ):
        pass


@pytest.mark.parametrize(
    ("uid", "configured", "expected"),
    [
        (1000, "/srv/data", "/srv/data/statusboard"),
        (1000, "relative", "/home/ada/.local/share/statusboard"),
        (1000, "", "/home/ada/.local/share/statusboard"),
        (0, "/srv/data", "/var/lib/statusboard"),
    ],
)
def test_the_data_is_where_users_keep_theirs(monkeypatch, uid, configured, expected):
    """XDG_DATA_HOME is heeded if it is absolute; root's data is where another account can reach it."""
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("XDG_DATA_HOME", configured)

    assert embedded.home() == Path(expected)
