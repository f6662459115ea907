"""The main thing, end to end: one says something, another has it at once."""

from tests.personas import Persona
from tests.servers import Server, receive, receive_until


async def test_what_bob_posts_is_on_adas_open_socket(server: Server, ada: Persona, bob: Persona):
    """Ada's open socket has Bob's status, with its references, as the very next event."""
    async with server.follow(ada.token) as socket:
        hello, snapshot, ready = await receive_until(socket, "ready")
        posted = await bob.post("Reviewed fastapi/fastapi#1234, blocked on octo/api#12", "blocked")
        event = await receive(socket)

    assert hello["seq"] == snapshot["seq"] == ready["seq"] == 0
    assert event["seq"] == 1
    assert event["kind"] == "status.posted"
    assert event["data"] == posted
    assert [reference["repo"] for reference in posted["references"]] == ["fastapi", "api"]
