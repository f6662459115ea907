"""The statements that post a status. `posting.py` runs them, with the driver.

A status is one statement whose parts need each other, so that they run in this order. The log's counter is locked last,
after everything else that may have to wait.
"""

from functools import lru_cache
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, LargeBinary, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.types import TypeEngine

from app.services import wakeups
from app.services.feed import log as feed_log
from app.services.statements import Statement
from app.services.statuses import idempotency

# As pydantic writes a time: in UTC, without a fraction if it is a whole second.
MOMENT: Final = "replace(to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), '.000000', '') || 'Z'"

# The author stays as the status names them until it is in the log. Whoever renames or disables them comes after it; or
# they came before, and this finds nobody. Authors are locked like references, and after them.
AUTHOR: Final = """author AS MATERIALIZED (
    SELECT FROM users WHERE id = :author AND display_name = :name AND NOT disabled FOR SHARE
)"""
# The database makes the id and the time, so they are inserted into the status's JSON here.
SAID: Final = f"""said AS MATERIALIZED (
    SELECT id, created_at, :before_id || id || :before_moment || {MOMENT} || CAST(:behind_moment AS text) AS payload
    FROM (SELECT nextval(pg_get_serial_sequence('statuses', 'id')) AS id, clock_timestamp() AS created_at) AS new
    WHERE EXISTS (SELECT FROM author)
)"""  # noqa: S608 -- constants
CLAIMED: Final = f"""claimed AS (
    INSERT INTO idempotency_keys AS known (author_id, key, request_hash, status_id, answer, created_at)
    SELECT :author, :key, :fingerprint, id, payload, created_at FROM said
    ON CONFLICT (author_id, key) DO UPDATE SET request_hash = EXCLUDED.request_hash, status_id = EXCLUDED.status_id,
        answer = EXCLUDED.answer, created_at = EXCLUDED.created_at
        WHERE known.created_at < clock_timestamp() - interval '{idempotency.LIFETIME.total_seconds()} seconds'
    RETURNING status_id
)"""  # noqa: S608 -- constants
STATUS: Final = """status AS (
    INSERT INTO statuses (id, author_id, message, category, created_at, terms) OVERRIDING SYSTEM VALUE
    SELECT id, :author, :message, :category, created_at, CAST(:terms AS tsvector) FROM {source} RETURNING id
)"""
LINKS: Final = """links AS (
    INSERT INTO status_references (status_id, position, reference_id)
    SELECT status.id, n - 1, reference_id
    FROM status, unnest(:references) WITH ORDINALITY AS spoken_of (reference_id, n)
)"""
# Its row lock puts the writers in the order of their commits: see services/feed/log.py.
HEAD: Final = """head AS (
    UPDATE feed_head SET seq = seq + 1, mark = left(gen_random_uuid()::text, 8) FROM status RETURNING seq, mark
)"""
EVENT: Final = f"""
    INSERT INTO feed_events (seq, mark, kind, subject_id, payload)
    SELECT seq, mark, 'status.posted', id, payload FROM head, said
    RETURNING payload, subject_id, :tells AS is_told,
        CASE WHEN :tells THEN pg_notify('{wakeups.CHANNEL}', {feed_log.NOTIFICATION}) END
"""  # noqa: S608 -- constants
_TYPES: Final[dict[str, TypeEngine[Any]]] = {
    "author": BigInteger(),
    **dict.fromkeys(("name", "before_id", "before_moment", "behind_moment", "message", "category", "key"), Text()),
    "terms": TSVECTOR(),
    "tells": Boolean(),
    "fingerprint": LargeBinary(),
    "references": ARRAY(BigInteger()),
}


@lru_cache(maxsize=4)
def insert(*, keyed: bool, linked: bool) -> Statement:
    """Return the statement that posts a status, with or without a key, and with or without references.

    Its parameters:
        author, message, category: the author's id, and the post.
        terms: the message's terms.
        name: the author's current display name, which must not have changed.
        before_id, before_moment, behind_moment: the status's JSON without its id and its time.
        tells: whether to notify all listeners.
        key, fingerprint: of a post with a key.
        references: the ids of the references that it mentions.
    """
    parts = [AUTHOR, SAID, *([CLAIMED] if keyed else []), STATUS.format(source="said, claimed" if keyed else "said")]
    if linked:
        parts.append(LINKS)
    statement = text(f"WITH {', '.join([*parts, HEAD])} {EVENT}")
    return Statement.of(statement.bindparams(*(bindparam(n, type_=_TYPES[n]) for n in statement.compile().params)))
