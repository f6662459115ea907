"""GitHub's webhook deliveries, each processed once."""

import hashlib
import hmac
import json
from typing import Any, Final
from urllib.parse import parse_qs

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import settings
from app.errors import BadSignature, InvalidDelivery, WebhooksOff
from app.models import GithubDelivery, Reference
from app.models.reference import ReferenceKind
from app.places import Place
from app.schemas.webhooks import Taken
from app.services.feed import log as feed_log
from app.services.github import changes, findings
from app.services.github.findings import Finding, Found, Gone, NoAccess, Redirected
from app.services.statuses.references import is_at
from app.services.transactions import transaction

# The supported events, each with the key of its object in the body, and the object's kind.
EVENTS: Final = {
    "issues": ("issue", ReferenceKind.ISSUE),
    "pull_request": ("pull_request", ReferenceKind.PULL_REQUEST),
    "discussion": ("discussion", ReferenceKind.DISCUSSION),
}
FORM: Final = "application/x-www-form-urlencoded"


def secret() -> str:
    """Return the secret with which GitHub signs.

    Raises:
        WebhooksOff: none is set, so GitHub can't prove who it is.
    """
    if settings.GITHUB_WEBHOOK_SECRET is None:
        raise WebhooksOff
    return settings.GITHUB_WEBHOOK_SECRET


def check_signature(body: bytes, signature: str | None) -> None:
    """Check that GitHub sent this body: nobody else knows the secret.

    Raises:
        WebhooksOff: no secret is set.
        BadSignature: the signature is missing, or belongs to another body or secret. Comparing takes constant time.
    """
    mac = hmac.new(secret().encode(), body, hashlib.sha256)
    if not hmac.compare_digest(f"sha256={mac.hexdigest()}".encode(), (signature or "").encode()):
        raise BadSignature


def _read(body: bytes, content_type: str) -> dict[str, Any]:
    try:
        if content_type.partition(";")[0].strip().lower() == FORM:
            body = parse_qs(body.decode(), strict_parsing=True)["payload"][0].encode()
        delivered = json.loads(body)
    except (ValueError, KeyError, RecursionError):
        delivered = None
    if not isinstance(delivered, dict):
        raise InvalidDelivery
    return delivered


def _part(delivered: dict[str, Any], name: str) -> dict[str, Any]:
    part = delivered.get(name)
    return part if isinstance(part, dict) else {}


def _found(kind: ReferenceKind, thing: dict[str, Any], repository: dict[str, Any]) -> Found | None:
    place = findings.place(repository.get("full_name"), thing.get("number"))
    title = findings.title(thing.get("title"))
    said = {
        "state": thing.get("state"),
        "reason": thing.get("state_reason"),
        "draft": thing.get("draft"),
        "merged": thing.get("merged") or thing.get("merged_at"),
    }
    state = findings.state(kind, said)
    if place is None or title is None or state is None:
        return None
    return Found(place, kind, title, state, repository["private"], findings.moment(thing.get("updated_at")))


def read(event: str, body: bytes, content_type: str) -> tuple[Place, Finding] | None:
    """Return the place that a delivery is about and the finding, or None if references don't show it.

    Raises:
        InvalidDelivery: it isn't what GitHub sends.
    """
    delivered = _read(body, content_type)
    if event not in EVENTS:
        return None
    name, kind = EVENTS[event]
    thing, repository = _part(delivered, name), _part(delivered, "repository")
    place = findings.place(repository.get("full_name"), thing.get("number"))
    if place is None:
        raise InvalidDelivery
    private = repository.get("private")  # internal repositories are marked as private too
    if not isinstance(private, bool):
        return None
    if findings.is_hidden(repository.get("full_name"), private):
        return place, NoAccess()
    if delivered.get("action") == "deleted":
        return place, Gone()
    if delivered.get("action") == "transferred":
        return place, _transferred(_part(delivered, "changes"), name)
    found = _found(kind, thing, repository)
    return None if found is None else (place, found)


def _transferred(changed: dict[str, Any], name: str) -> Finding:
    repository, thing = _part(changed, "new_repository"), _part(changed, f"new_{name}")
    return Redirected(findings.place(repository.get("full_name"), thing.get("number")))


@transaction
async def take(db: AsyncSession, *, delivery: str, told: tuple[Place, Finding] | None) -> Taken:
    """Process a delivery, unless it was processed before.

    The event goes to everyone who mentions the place, under its current name or the one before it moved.
    """
    first = insert(GithubDelivery).values(id=delivery).on_conflict_do_nothing().returning(GithubDelivery.id)
    if await db.scalar(first) is None:
        return Taken(result="seen")
    if told is None:
        return Taken(result="ignored")
    place, finding = told
    moved_here = func.lower(Reference.moved_to) == place.name.lower()
    concerned = select(Reference.id).where(or_(is_at(place.key), moved_here))
    if isinstance(finding, NoAccess):
        # The title is hidden. If the delivery changed anything else now, readers could tell that something exists.
        concerned = concerned.where(Reference.title.is_not(None))
    ids = list(await db.scalars(concerned))
    if not ids:
        return Taken(result="ignored")
    await feed_log.append_all(db, await changes.record(db, [(reference_id, finding) for reference_id in ids]))
    return Taken(result="done")
