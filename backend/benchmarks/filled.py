"""A board with a history: members, references, and as many statuses as are wanted, made by PostgreSQL itself."""

from typing import Final

from benchmarks.stand import run_sql

MEMBERS: Final = 500
REFERENCES: Final = 10_000
COMMON, RARE, CHINESE = "pagination", "xylophone", "修复了登录页面的缓存问题"

# `member-1` to `member-500`. Every fifth status speaks of a reference, every second of them of two; one in ten has the
# common word, one in a hundred the Chinese sentence, one in ten thousand the rare word. None has its terms yet.
STATEMENTS: Final = (
    f"""INSERT INTO users (username, display_name, password_hash)
        SELECT 'member-' || n, 'Member ' || n, 'x' FROM generate_series(1, {MEMBERS}) AS n
        ON CONFLICT DO NOTHING""",
    f"""INSERT INTO github_references (owner, repo, number, kind, title, state, due_at)
        SELECT 'octo', 'repo-' || n % 20, n, 'issue', 'What number ' || n || ' is about', 'open', 'infinity'
        FROM generate_series(1, {REFERENCES}) AS n ON CONFLICT DO NOTHING""",
)
STATUSES: Final = """
    INSERT INTO statuses (author_id, message, category, created_at)
    SELECT (SELECT min(id) FROM users WHERE username = 'member-1') + n::bigint * 7919 % {members},
           'Working on item ' || n || CASE WHEN n % 10 = 0 THEN ' {common}' ELSE '' END
               || CASE WHEN n % 10000 = 7 THEN ' {rare}' ELSE '' END
               || CASE WHEN n % 100 = 3 THEN ' {chinese}' ELSE '' END
               || ': ' || repeat(substr(md5(n::text), 1, 10) || ' ', 7),
           (ARRAY['planning', 'in-progress', 'done', 'in-progress'])[1 + n % 4],
           '2026-01-01'::timestamptz + n * interval '1 second'
    FROM generate_series({first}, {last}) AS n
"""
LINKS: Final = """
    INSERT INTO status_references (status_id, position, reference_id)
    SELECT s.id, p, (SELECT min(id) FROM github_references) + (s.id * 31 + p) % {references}
    FROM statuses s, generate_series(0, 1) AS p
    WHERE s.id % 5 = 0 AND (p = 0 OR s.id % 10 = 0) ON CONFLICT DO NOTHING
"""


async def fill(url: str, count: int, *, first: int = 1) -> None:
    """Have the board hold statuses number `first` to `count`."""
    numbers = {"members": MEMBERS, "common": COMMON, "rare": RARE, "chinese": CHINESE, "references": REFERENCES}
    await run_sql(
        url,
        *STATEMENTS,
        STATUSES.format(first=first, last=count, **numbers),
        LINKS.format(**numbers),
        "VACUUM ANALYZE",
    )
