"""The live feed."""

from fastapi import APIRouter, WebSocket

from app.api.live.conversation import LiveSocket
from app.api.origins import refuse_foreign
from app.errors import ForeignOrigin

router = APIRouter()


async def follow_the_board(websocket: WebSocket) -> None:
    """Follow the board: `docs/api.md` describes the messages. A handshake with a foreign Origin is refused with 403."""
    try:
        refuse_foreign(websocket)
    except ForeignOrigin as error:
        await websocket.close(1008, error.text)
        return
    await LiveSocket(websocket, websocket.app.state.sockets).run()


# Starlette's own route. FastAPI's would need 4 KB for each open socket, for dependencies that this one doesn't have.
router.add_websocket_route("/live", follow_the_board)
