"""`GET /references/{owner}/{repo}/{number}`: a reference, and everything ever said about it."""

import pytest

from tests.answers import ids, invalid, refused
from tests.personas import Persona

PATH = "/api/v1/references/octo/api/12"


async def test_everything_said_in_order(ada: Persona, bob: Persona):
    """The oldest first, of everyone, however it was spelt; with the position at which it was read."""
    first = await ada.post("Begun octo/api#12")
    await ada.post("octo/api#13 is another")
    second = await bob.post("OCTO/Api#12 needs a review, see octo/api#13", "blocked")
    third = await ada.post("https://github.com/octo/api/pull/12/files done", "done")

    history = (await bob.client.get("/api/v1/references/Octo/API/12")).json()

    assert history["items"] == [first, second, third]
    assert history["reference"] == first["references"][0]
    assert history["next_cursor"] is None
    assert history["position"] == (await ada.client.get("/api/v1/board")).json()["position"]


async def test_in_pages(ada: Persona):
    """Each once, also where one is deleted in between."""
    posted = [(await ada.post(f"octo/api#12 {number}"))["id"] for number in range(7)]
    seen, cursor = [], None
    while True:
        page = await ada.client.get(PATH, params={"limit": 3} | ({"cursor": cursor} if cursor else {}))
        seen += ids(page)
        if not seen[3:]:
            await ada.client.delete(f"/api/v1/statuses/{posted[1]}")
        if (cursor := page.json()["next_cursor"]) is None:
            break

    assert seen == posted
    assert ids(await ada.client.get(PATH)) == [posted[0], *posted[2:]]


async def test_what_nobody_spoke_of(ada: Persona):
    """404; a reference of which all statuses were deleted is known still."""
    refused(await ada.client.get(PATH), 404, "reference_not_found")
    posted = await ada.post("octo/api#12")
    await ada.client.delete(f"/api/v1/statuses/{posted['id']}")

    assert ids(await ada.client.get(PATH)) == []


@pytest.mark.parametrize(
    ("path", "field"),
    [("-o/api/12", "owner"), ("octo/a%20b/12", "repo"), ("octo/api/0", "number"), ("octo/api/9999999999", "number")],
)
async def test_no_reference(ada: Persona, path, field):
    """What can't be one is refused."""
    invalid(await ada.client.get(f"/api/v1/references/{path}"), "path", field)


async def test_members_only(client):
    """As everything else."""
    refused(await client.get(PATH), 401, "unauthenticated")


async def test_a_damaged_cursor(ada: Persona):
    """422, as for every list."""
    await ada.post("octo/api#12")
    refused(await ada.client.get(PATH, params={"cursor": "x"}), 422, "invalid_cursor")
