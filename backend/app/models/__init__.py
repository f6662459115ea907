"""The tables: one file for each table or close family of tables.

Importing this package fills `Base.metadata`, which Alembic compares with the database.
"""

from app.models.api_token import ApiToken
from app.models.attempt import Attempt
from app.models.board import Board
from app.models.feed import FeedEvent, FeedHead
from app.models.github import GithubBudget, GithubDelivery
from app.models.invite import Invite, ResetCode
from app.models.job_report import JobReport
from app.models.reference import ClearedBlocker, Reference, StatusReference
from app.models.session import RefreshToken, Session
from app.models.status import IdempotencyKey, Status
from app.models.user import User

__all__ = [
    "ApiToken",
    "Attempt",
    "Board",
    "ClearedBlocker",
    "FeedEvent",
    "FeedHead",
    "GithubBudget",
    "GithubDelivery",
    "IdempotencyKey",
    "Invite",
    "JobReport",
    "Reference",
    "RefreshToken",
    "ResetCode",
    "Session",
    "Status",
    "StatusReference",
    "User",
]
