"""The migrations: they make what the models say, forwards and backwards, and any number of processes may run them."""

import asyncio

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app import database, migrations
from app.database import Base
from app.migrations.upgrade import config, upgrade

# What PostgreSQL knows of a schema's tables: columns, constraints and indexes, each as one line.
CATALOGUE = text("""
    SELECT 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
           a.attgenerated, pg_get_expr(d.adbin, d.adrelid)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relnamespace = CAST(CAST(:schema AS text) AS regnamespace) AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT 'constraint', r.relname, o.conname, pg_get_constraintdef(o.oid), NULL, NULL, NULL, NULL
    FROM pg_constraint o JOIN pg_class r ON r.oid = o.conrelid
    WHERE o.connamespace = CAST(CAST(:schema AS text) AS regnamespace)
    UNION ALL
    SELECT 'index', tablename, indexname, indexdef, NULL, NULL, NULL, NULL FROM pg_indexes
    WHERE schemaname = CAST(:schema AS text)
""")


async def catalogue(engine: AsyncEngine, schema: str) -> set[tuple[object, ...]]:
    """Return what PostgreSQL knows of a schema's tables, but for Alembic's own."""
    async with engine.connect() as connection:
        rows = (await connection.execute(CATALOGUE, {"schema": schema})).all()
    strip = lambda value: value.replace(f"{schema}.", "") if isinstance(value, str) else value  # noqa: E731
    return {tuple(map(strip, row)) for row in rows if row[1] != "alembic_version"}


async def downgrade() -> None:
    """Undo every migration."""

    def run(connection: Connection) -> None:
        alembic = config()
        alembic.attributes["connection"] = connection
        command.downgrade(alembic, "base")

    async with database.async_engine.begin() as connection:
        await connection.run_sync(run)


async def revision() -> str | None:
    """Return the revision that the database says it has."""
    async with database.async_engine.connect() as connection:
        return await connection.scalar(text("SELECT version_num FROM alembic_version"))


def test_the_files_names_tell_the_revisions():
    """As Alembic reads them, so that a process that only serves need not load it; and they follow each other."""
    scripts = ScriptDirectory.from_config(config())
    by_number = [script.revision for script in scripts.walk_revisions()][::-1]

    assert set(by_number) == migrations.known()
    assert by_number == sorted(by_number)
    assert scripts.get_current_head() == migrations.head()


async def test_models_and_migrations_are_equal(database_url: str):
    """Whatever the models describe, to the last index and constraint, the migrations have made; and nothing else."""
    apart = database.async_engine.execution_options(schema_translate_map={None: "from_models"})
    async with apart.begin() as connection:
        await connection.execute(text("CREATE SCHEMA from_models"))
        await connection.run_sync(Base.metadata.create_all)

    migrated = await catalogue(database.async_engine, "public")
    modelled = await catalogue(database.async_engine, "from_models")

    assert migrated == modelled
    assert len(migrated) > 100


async def test_back_and_forth(database_url: str):
    """A downgrade leaves nothing behind, and an upgrade after it makes the same again."""
    before = await catalogue(database.async_engine, "public")
    await downgrade()
    between = await catalogue(database.async_engine, "public")
    await upgrade(database_url)

    assert between == set()
    assert await catalogue(database.async_engine, "public") == before
    assert await revision() == migrations.head()


async def test_two_at_once(database_url: str):
    """The second waits for the first, and finds nothing to do."""
    await downgrade()

    await asyncio.gather(*(upgrade(database_url) for _ in range(3)))

    assert await revision() == migrations.head()


async def test_an_upgrade_of_what_is_up_to_date_changes_nothing(database_url: str, db: AsyncSession):
    """The board keeps its identity, and its log."""
    before = (await db.execute(text("SELECT id, seq, mark FROM board, feed_head"))).one()
    await upgrade(database_url)

    assert (await db.execute(text("SELECT id, seq, mark FROM board, feed_head"))).one() == before


async def test_a_newer_database_is_left_as_it_is(database_url: str, db: AsyncSession):
    """After a roll-back of the code its `migrate` does not fail, and touches nothing."""
    await db.execute(text("UPDATE alembic_version SET version_num = '9999_from_the_future'"))
    await db.commit()

    await upgrade(database_url)

    assert await revision() == "9999_from_the_future"


async def test_each_database_is_a_board_of_its_own(db: AsyncSession):
    """The log begins with a position like any other, so that an empty board is told apart from another."""
    seq, mark, kind = (await db.execute(text("SELECT seq, mark, kind FROM feed_events"))).one()

    assert (seq, kind) == (0, "log.begun")
    assert (await db.execute(text("SELECT seq, mark FROM feed_head"))).one() == (0, mark)
