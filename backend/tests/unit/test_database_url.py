"""Which addresses of a database are taken, and what is said of the others."""

import os

import pytest
from sqlalchemy.engine import make_url

from app.database_url import DatabaseUrl, read_database_url

HOST = "postgresql+asyncpg://u:hunter2@"


@pytest.mark.parametrize(
    "url",
    [
        HOST + "localhost:5432/b",
        HOST + "db_1/b",
        HOST + "db.example.com./b?ssl=verify-full",
        HOST + "127.0.0.1:1/b",
        HOST + "[::1]:65535/b",
        HOST + "/b?host=/run/postgresql",
        HOST + "/b?host=/run/postgresql&port=5433",
        HOST + "/b?host=one:5432&host=two:5433",
        HOST + "/b?host=one,two&port=5432,5433",
        "postgresql+asyncpg://u:p%40ss%2F%23%3F:[]@h/b",
        "postgresql+asyncpg://u:p/#?:w@h/b",
        "postgresql+asyncpg://u@h/b",
        "postgresql+asyncpg:///b",
    ],
)
def test_what_works_is_taken_as_it_is(url):
    """Nothing is written anew, since the scaffold's `create_async_engine` gets it."""
    assert read_database_url(url) == DatabaseUrl(url, {}, ())


@pytest.mark.parametrize(
    ("given", "rest", "parameters"),
    [
        ("postgres://u:hunter2@h/b", "h/b", {}),
        ("postgresql://u:hunter2@h:6432/b?sslmode=require", "h:6432/b", {"sslmode": "require"}),
        (HOST + "h/b?sslmode=disable", "h/b", {"sslmode": "disable"}),
        (
            HOST + "h/b?sslrootcert=system&target_session_attrs=primary",
            "h/b",
            {"sslmode": "verify-full", "sslrootcert": "system", "target_session_attrs": "primary"},
        ),
        ("postgres://u:hunter2@[2001:db8::1]:5433/b", "[2001:db8::1]:5433/b", {}),
        ("postgres://u:hunter2@/b?host=/run/postgresql", "/b?host=%2Frun%2Fpostgresql", {}),
        (
            "postgres://u:hunter2@one:5433,two/b?target_session_attrs=read-write",
            "/b?host=one%3A5433&host=two%3A5432",
            {"target_session_attrs": "read-write"},
        ),
    ],
)
def test_urls_of_libpq_become_one_form(given, rest, parameters):
    """The scheme is SQLAlchemy's, and what SQLAlchemy doesn't know goes to the driver another way."""
    found = read_database_url(given)

    assert (found.url, found.parameters) == (HOST + rest, parameters)
    assert make_url(found.url).get_dialect()().create_connect_args(make_url(found.url))


def test_what_makes_no_difference_is_dropped_and_named():
    """Neon asks for channel binding in each of its URLs."""
    found = read_database_url("postgresql://u:hunter2@h/b?sslmode=require&channel_binding=require&application_name=x")

    assert found.ignored == ("channel_binding", "application_name")
    assert found.parameters == {"sslmode": "require"}
    assert found.url == HOST + "h/b"


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("mysql://u:hunter2@h/b", "postgresql+asyncpg://"),
        ("jdbc:postgresql://u:hunter2@h/b", "postgresql://"),
        ("postgres:u:hunter2@h/b", "postgres://"),
        (HOST + "h/b?sslmode=hunter2", "sslmode"),
        (HOST + "h/b?sslmode=require&sslmode=disable", "more than once"),
        (HOST + "h/b?sslmode=require&ssl=require", "sslmode instead of ssl"),
        (HOST + "h/b?sslrootcert=/nowhere/hunter2.crt", "sslrootcert"),
        (HOST + "h/b?sslmode=require&sslcert=/nowhere/hunter2.crt", "sslcert"),
        (HOST + f"h/b?sslmode=verify-ca&sslrootcert={__file__}", "certificates in PEM"),
        (HOST + "h/b?sslrootcert=system&sslmode=require", "sslmode=verify-full"),
        (HOST + f"h/b?sslrootcert=system&sslcert={__file__}", "certificates in PEM"),
        (HOST + "h/b?target_session_attrs=read-only", "read-write"),
        (HOST + "h/b?target_session_attrs=hunter2", "read-write"),
        (HOST + "h/b?connect_timeout=10", "connect_timeout"),
        (HOST + "h/b?pgbouncer=true", "pgbouncer"),
        (HOST + "h/b?options=-c%20hunter2", "options"),
        (HOST + "one,/b", "user:password@host:5432/name"),
        (HOST + "one,two:x/b", "user:password@host:5432/name"),
        (HOST + "hunter2@h/b", "%40"),
        ("postgresql+asyncpg://u@hunter2:hunter2@h/b", "%40"),
        (HOST + "h/hunter2@h/b", "%40"),
        (HOST + "h:port/b", "user:password@host:5432/name"),
        (HOST + "[::1/b", "user:password@host:5432/name"),
        (HOST + "h:0/b", "65535"),
        (HOST + "h:65536/b", "65535"),
        (HOST + "/b?host=one,two&port=1,99999", "65535"),
        (HOST + "/b?host=one:x", "neither a name"),
        (HOST + "/b?host=one:1&host=two:x", "user:password@host:5432/name"),
        (HOST + "/b?port=x", "user:password@host:5432/name"),
        (HOST + "a b/b", "neither a name"),
        (HOST + "h..x/b", "neither a name"),
        (HOST + "x" * 64 + "/b", "neither a name"),
        (HOST + "h\u00e9/b", "neither a name"),
        (HOST + "h%00/b", "neither a name"),
        ("postgresql+asyncpg://u%00:hunter2@h/b", "NUL"),
        (HOST.replace("2@", "2%00@") + "h/b", "NUL"),
        (HOST + "h/b%00", "NUL"),
        (HOST + "h/b?password=hunter2", "password"),
        (HOST + "h/b?hunter2=1", "not a word"),
        (HOST + "h/b?ssl=hunter2", "verify-full"),
        (HOST + "h/b?ssl=require&ssl=disable", "verify-full"),
    ],
)
def test_what_can_not_work_is_refused_in_a_sentence(url, names):
    """It names what is wrong, and nothing that may be a part of the password."""
    with pytest.raises(ValueError, match=r"^(must|has|is)") as refused:
        read_database_url(url)

    assert names in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert "\n" not in str(refused.value)


WRONG_VARIABLES = [
    ("/b", "PGHOST", "one,two:3,four:x"),
    ("h/b", "PGPORT", "abc"),
    ("h/b", "PGPORT", "5432,abc"),
    ("h/b", "PGPORT", "70000"),
    ("h/b", "PGPORT", "0"),
    ("h/b", "PGSSLMODE", "nonsense"),
    ("h/b", "PGSSLMODE", ""),
    ("h/b?ssl=require", "PGSSLROOTCERT", "/nowhere/root.crt"),
    ("h/b?sslmode=require", "PGSSLROOTCERT", "/nowhere/root.crt"),
    ("h/b?ssl=require", "PGSSLROOTCERT", __file__),
    ("h/b?ssl=require", "PGSSLCRL", "/nowhere/root.crl"),
    ("h/b?ssl=require", "PGSSLCERT", "/nowhere/board.crt"),
    ("h/b?ssl=require", "PGSSLMINPROTOCOLVERSION", "TLSv9"),
    ("h/b", "PGSSLNEGOTIATION", "nonsense"),
    ("h/b", "PGTARGETSESSIONATTRS", "nonsense"),
    ("h/b", "PGGSSLIB", "nonsense"),
]


@pytest.mark.parametrize(("rest", "name", "value"), WRONG_VARIABLES)
def test_a_variable_that_the_driver_reads_by_itself_is_named(monkeypatch, rest, name, value):
    """Whichever of libpq's it is, also among others that are right."""
    for variable, right in {"PGPASSWORD": "hunter2", "PGUSER": "u", "PGAPPNAME": "x", name: value}.items():
        monkeypatch.setenv(variable, right)
    with pytest.raises(ValueError, match=rf"^can't be used while {name} ") as refused:
        read_database_url(HOST + rest)

    assert "hunter2" not in str(refused.value)
    assert "\n" not in str(refused.value)
    assert os.environ[name] == value


def test_of_two_variables_the_one_that_is_wrong_is_named(monkeypatch):
    """Without PGSSLMODE nobody would look for the file, but it is the file that is missing."""
    monkeypatch.setenv("PGSSLMODE", "require")
    monkeypatch.setenv("PGSSLROOTCERT", "/nowhere/root.crt")

    with pytest.raises(ValueError, match="PGSSLROOTCERT"):
        read_database_url(HOST + "h/b")


@pytest.mark.parametrize(
    ("rest", "name", "value"),
    [
        ("h:1/b", "PGPORT", "abc"),
        ("h/b?ssl=disable", "PGSSLMODE", "nonsense"),
        ("h/b?ssl=disable", "PGSSLROOTCERT", "/nowhere/root.crt"),
        ("h/b", "PGPORT", "5433"),
        ("h/b", "PGSSLMODE", "require"),
    ],
)
def test_a_variable_that_the_driver_does_not_look_at_may_be_anything(monkeypatch, rest, name, value):
    """It is another program's."""
    monkeypatch.setenv(name, value)

    assert read_database_url(HOST + rest).url == HOST + rest


def test_wrong_files_are_found_on_an_account_without_a_name(monkeypatch):
    """As in a container that runs as any number: there the driver fails by itself where a URL names no user."""
    monkeypatch.setattr("getpass.getuser", lambda: (_ for _ in ()).throw(OSError("no username set")))

    with pytest.raises(ValueError, match="certificates in PEM"):
        read_database_url(HOST + f"h/b?sslmode=verify-ca&sslrootcert={__file__}")
    assert read_database_url("postgresql://h/b?sslmode=require").url == "postgresql+asyncpg://h/b"
