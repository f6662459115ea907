"""GitHub's webhook."""

from typing import Annotated

from fastapi import APIRouter, Header, Request

from app.api.deliveries import bodies
from app.api.deps import DB
from app.api.problems import problems
from app.schemas.webhooks import Taken
from app.services.github import deliveries

router = APIRouter(prefix="/github", tags=["github"], responses=problems(403, 404, 408, 413, 422, 503))

Visible = Header(min_length=1, max_length=64, pattern=r"^[!-~]+$")


@router.post(
    "/webhook",
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}},
)
async def receive_webhook(
    request: Request,
    db: DB,
    x_github_event: Annotated[str, Visible],
    x_github_delivery: Annotated[str, Visible],
    x_hub_signature_256: Annotated[str | None, Header()] = None,
) -> Taken:
    """Process a delivery about an issue, a pull request or a discussion. Its signature proves GITHUB_WEBHOOK_SECRET."""
    deliveries.secret()  # without a secret, nothing is read
    body = await bodies.read(request)
    deliveries.check_signature(body, x_hub_signature_256)
    told = deliveries.read(x_github_event, body, request.headers.get("content-type", ""))
    return await deliveries.take(db, delivery=x_github_delivery, told=told)
