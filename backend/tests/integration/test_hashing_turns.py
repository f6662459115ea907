"""Whoever has the board hash a password waits for a turn: by address, then by account, and few wait at once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import database
from app.models import Attempt
from app.services.identity import passwords, sessions
from app.services.identity.attempts import BY_ADDRESS
from tests.logins import OTHER_PASSWORD, log_in
from tests.personas import PASSWORD, Persona, new_client, new_member
from tests.servers import until

NEW = {"username": "carol", "display_name": "Carol", "password": OTHER_PASSWORD}
CHANGE = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}


@asynccontextmanager
async def turn_taken() -> AsyncIterator[Callable]:
    """Keep the turn for as long as the block takes; what it yields waits until so many wait."""

    async def wait_for(count: int) -> None:
        await until(lambda: passwords.turns.waiting == count)

    async with passwords.turns.turn("someone else"):
        yield wait_for


async def test_correct_logins_rotate_by_address_then_by_account(ada: Persona, monkeypatch):
    """Each other address waits for one login of the busy one; there, each account waits for one of the others."""
    order = []

    async def check(_: str | None, password: str) -> bool:
        order.append(password)
        return False

    monkeypatch.setattr(sessions, "verify_password", check)
    asked = [("1", "bob"), ("1", "bob"), ("1", "bob"), ("1", "eve"), ("2", "bob"), ("3", "bob"), ("3", "bob")]

    async with asyncio.TaskGroup() as group, turn_taken() as waiting:
        for number, (address, name) in enumerate(asked):
            client = new_client(client=(f"192.0.2.{address}", 1))
            group.create_task(log_in(client, name, f"{address} {name} {number}"))
            await waiting(number + 1)

    assert order == ["1 bob 0", "2 bob 4", "3 bob 5", "1 eve 3", "3 bob 6", "1 bob 1", "1 bob 2"]


async def test_addresses_of_one_network_are_one_group(ada: Persona, monkeypatch):
    """Whoever has one IPv6 address has 2^64: they do not get a turn for each."""
    order = []

    async def check(_: str | None, password: str) -> bool:
        order.append(password)
        return False

    monkeypatch.setattr(sessions, "verify_password", check)
    addresses = ["2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2::3", "2001:db8:1:3::1"]

    async with asyncio.TaskGroup() as group, turn_taken() as waiting:
        for number, address in enumerate(addresses):
            group.create_task(log_in(new_client(client=(address, 1)), "ada", address))
            await waiting(number + 1)

    assert order == [addresses[0], addresses[3], addresses[1], addresses[2]]


async def test_whatever_hashes_waits_for_a_turn_without_a_connection(ada: Persona, bob: Persona, monkeypatch):
    """Login, registration, reset and change of a password: nothing is hashed, and no connection held, until then."""
    invite = (await ada.client.post("/api/v1/invites", json={})).json()["code"]
    code = (await ada.client.post("/api/v1/users/bob/reset")).json()["code"]
    asked = {
        "/api/v1/auth/login": {"username": "ada", "password": PASSWORD},
        "/api/v1/auth/register": {**NEW, "invite": invite},
        "/api/v1/auth/reset": {"code": code, "new_password": OTHER_PASSWORD},
        "/api/v1/auth/password": CHANGE,
    }
    hashed = []
    in_thread = passwords._in_thread  # noqa: SLF001 -- what all hashing comes down to

    async def noted(work: Callable) -> object:
        hashed.append(passwords.turns.waiting)
        return await in_thread(work)

    monkeypatch.setattr(passwords, "_in_thread", noted)
    async with asyncio.TaskGroup() as group, turn_taken() as waiting:
        tasks = {}
        for number, (path, body) in enumerate(asked.items()):
            client = ada.client if path.endswith("password") else new_client()
            tasks[path] = group.create_task(client.post(path, json=body))
            await waiting(number + 1)
        before = list(hashed)
        held = database.async_engine.pool.checkedout()

    assert before == []
    assert held == 0
    assert [tasks[path].result().status_code for path in asked] == [200, 201, 204, 204]
    assert hashed


async def test_those_who_wait_count_for_nothing(database_url: str, db: AsyncSession, monkeypatch):
    """However many of an office log in at once behind one address: all get in, and none is taken for a guesser."""
    people = BY_ADDRESS[0] + 5
    monkeypatch.setattr(passwords.turns, "_most_waiting", people)
    monkeypatch.setattr(passwords.turns, "_patience", 300)
    for number in range(people):
        await new_member(f"member-{number}")

    async with asyncio.TaskGroup() as group, turn_taken() as waiting:
        office = new_client(client=("192.0.2.1", 1))
        logins = [group.create_task(log_in(office, f"member-{number}")) for number in range(people)]
        await waiting(people)
        noted = await db.scalar(select(func.count(Attempt.id)))
        await db.rollback()  # PostgreSQL ends transactions that stay idle

    assert noted == 0
    assert [login.result().status_code for login in logins] == [200] * people


async def test_those_who_guess_keep_no_other_address_out(ada: Persona):
    """One address fills the queue with guesses; a login from another has the next turn."""
    async with asyncio.TaskGroup() as group, turn_taken() as waiting:
        guesser = new_client(client=("192.0.2.66", 1))
        guesses = [group.create_task(log_in(guesser, f"name-{n}", "a wrong password")) for n in range(25)]
        await waiting(passwords.MOST_WAITING)
        await until(lambda: sum(guess.done() for guess in guesses) == 25 - passwords.MOST_WAITING)
        login = group.create_task(log_in(new_client(client=("192.0.2.1", 1)), "ada"))
        await until(lambda: sum(guess.done() for guess in guesses) == 26 - passwords.MOST_WAITING)

    assert login.result().status_code == 200
    assert {guess.result().status_code for guess in guesses} == {401, 503}
