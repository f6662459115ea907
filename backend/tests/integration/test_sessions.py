"""My sessions: `GET /auth/sessions`, `DELETE /auth/sessions/{id}`."""

from datetime import timedelta

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from tests.clock import let_pass
from tests.logins import bearer, cookie, log_in, refresh
from tests.personas import Persona, new_session

PATH = "/api/v1/auth/sessions"


async def test_the_list_shows_where_i_am_logged_in(client: httpx.AsyncClient, ada: Persona, bob: Persona):
    """Newest first, with what called itself what, and which of them is asking; nobody else's, and no secrets."""
    await log_in(client, "bob", **{"User-Agent": "Firefox on a train"})

    page = (await bob.client.get(PATH)).json()

    newest, own = page["items"]
    assert page["next_cursor"] is None
    assert newest.keys() == {"id", "created_at", "last_used_at", "expires_at", "user_agent", "current"}
    assert (newest["user_agent"], newest["current"]) == ("Firefox on a train", False)
    assert (own["id"], own["current"]) == (bob.session_id, True)
    assert newest["created_at"].endswith("Z")


async def test_i_can_end_another_of_my_sessions(client: httpx.AsyncClient, bob: Persona):
    """The phone that Bob lost is out at once, by access token and by refresh token."""
    login = await log_in(client, "bob")
    phone = (await bob.client.get(PATH)).json()["items"][0]["id"]

    response = await bob.client.delete(f"{PATH}/{phone}")

    me = await client.get("/api/v1/users/me", headers=bearer(login.json()["access_token"]))
    assert (response.status_code, response.content) == (204, b"")
    assert me.status_code == 401
    assert (await refresh(client, cookie(login).value)).status_code == 401
    assert [session["id"] for session in (await bob.client.get(PATH)).json()["items"]] == [bob.session_id]


async def test_i_can_end_the_session_that_asks(bob: Persona):
    """It is a logout."""
    response = await bob.client.delete(f"{PATH}/{bob.session_id}")

    assert response.status_code == 204
    assert (await bob.client.get(PATH)).status_code == 401


async def test_someone_elses_session_is_not_there(ada: Persona, bob: Persona):
    """Not even for an admin; the answer is the one for an id that nobody has."""
    others = await ada.client.delete(f"{PATH}/{bob.session_id}")
    nobodys = await ada.client.delete(f"{PATH}/{2**63 - 1}")

    assert (others.status_code, others.json()["code"]) == (404, "not_found")
    assert others.json() == nobodys.json()
    assert (await bob.client.get(PATH)).status_code == 200


async def test_a_session_ends_once(client: httpx.AsyncClient, bob: Persona):
    """The second time it is not there."""
    await log_in(client, "bob")
    other = (await bob.client.get(PATH)).json()["items"][0]["id"]

    codes = [(await bob.client.delete(f"{PATH}/{other}")).status_code for _ in range(2)]

    assert codes == [204, 404]


async def test_sessions_that_are_over_are_not_listed(client: httpx.AsyncClient, bob: Persona, db: AsyncSession):
    """After 90 days a session is gone from the list."""
    await let_pass(db, timedelta(days=90))
    token = (await log_in(client, "bob")).json()["access_token"]

    sessions = (await client.get(PATH, headers=bearer(token))).json()["items"]

    assert [session["current"] for session in sessions] == [True]


async def test_the_list_is_read_page_by_page(bob: Persona, db: AsyncSession):
    """Each session once, newest first, while new ones come in."""
    made = [bob.session_id] + [(await new_session(db, bob.user))[0] for _ in range(6)]
    seen, cursor = [], None
    while True:
        params = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = (await bob.client.get(PATH, params=params)).json()
        seen.append([session["id"] for session in page["items"]])
        cursor = page["next_cursor"]
        if cursor is None:
            break
        await new_session(db, bob.user)

    assert seen == [made[:3:-1], made[3:0:-1], made[:1]]


NO_PAGES = ["limit=0", "limit=101", "limit=x", "cursor=", "cursor=x", "cursor=%00", "cursor=AAAA", "page=2"]


async def test_a_page_that_is_none_is_422(bob: Persona, subtests):
    """A damaged cursor, too many at once, and parameters that do not exist."""
    for query in NO_PAGES:
        with subtests.test(query=query):
            assert (await bob.client.get(f"{PATH}?{query}")).status_code == 422


NO_IDS = ["0", "-1", "x", "1.5", "9223372036854775808", "9" * 5000, "%00"]


async def test_an_id_that_is_none_is_422(bob: Persona, subtests):
    """Also one that no bigint can hold."""
    for session_id in NO_IDS:
        with subtests.test(session_id=session_id):
            assert (await bob.client.delete(f"{PATH}/{session_id}")).status_code == 422
