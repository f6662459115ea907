"""Which addresses of a database are taken, and what is said of the others."""

import os

import pytest

from app.database_url import check_database_url

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
    assert check_database_url(url) == url


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("postgresql://u:hunter2@h/b", "postgresql+asyncpg://"),
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
        (HOST + "h/b?sslmode=require", "sslmode"),
        (HOST + "h/b?ssl=require&application_name=hunter2", "application_name"),
        (HOST + "h/b?channel_binding=prefer", "channel_binding"),
        (HOST + "h/b?password=hunter2", "password"),
        (HOST + "h/b?hunter2=1", "not a word"),
        (HOST + "h/b?ssl=hunter2", "verify-full"),
        (HOST + "h/b?ssl=require&ssl=disable", "verify-full"),
    ],
)
def test_what_can_not_work_is_refused_in_a_sentence(url, names):
    """It names what is wrong, and nothing that may be a part of the password."""
    with pytest.raises(ValueError, match=r"^(must|has|is)") as refused:
        check_database_url(url)

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
        check_database_url(HOST + rest)

    assert "hunter2" not in str(refused.value)
    assert "\n" not in str(refused.value)
    assert os.environ[name] == value


def test_of_two_variables_the_one_that_is_wrong_is_named(monkeypatch):
    """Without PGSSLMODE nobody would look for the file, but it is the file that is missing."""
    monkeypatch.setenv("PGSSLMODE", "require")
    monkeypatch.setenv("PGSSLROOTCERT", "/nowhere/root.crt")

    with pytest.raises(ValueError, match="PGSSLROOTCERT"):
        check_database_url(HOST + "h/b")


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

    assert check_database_url(HOST + rest) == HOST + rest
