"""What happens to pooled connections when the path to the database has fallen silent."""

from sqlalchemy import text

from app import database


async def backend_pid() -> int:
    async with database.AsyncSessionLocal() as db:
        return (await db.execute(text("SELECT pg_backend_pid()"))).scalar_one()


async def test_a_distrusted_connection_is_replaced_before_it_is_used(database_url):
    """Nobody waits for an answer that would not come; what is opened later is trusted again."""
    old = await backend_pid()

    database.distrust_open_connections()
    new = await backend_pid()

    assert new != old
    assert await backend_pid() == new
