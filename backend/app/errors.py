"""What can go wrong, in the board's own words. `api/errors.py` says how each error is answered.

The text of an error is for people, and `code` is for programs.
"""

from typing import ClassVar


class BoardError(Exception):
    """The board refuses to do something, and says why."""

    code: ClassVar[str] = "error"
    message: ClassVar[str] = "Something went wrong."

    def __init__(self, message: str | None = None) -> None:
        self.text = message or self.message
        super().__init__(self.text)


class Unauthenticated(BoardError):
    """The caller isn't authenticated."""

    code = "unauthenticated"
    message = "Log in first. Send an access token or an API token as Authorization: Bearer."


class InvalidToken(Unauthenticated):
    """The token is damaged, expired or revoked, or its session has ended."""

    code = "invalid_token"
    message = "That token is invalid, expired or revoked. Log in again."


class WrongCredentials(Unauthenticated):
    """The username or the password is wrong. The answer doesn't say which."""

    code = "wrong_credentials"
    message = "Wrong username or password."


class InvalidRefreshToken(Unauthenticated):
    """The refresh cookie is missing, unknown, expired, or its session has ended."""

    code = "invalid_refresh_token"
    message = "This session has ended. Log in again."


class Forbidden(BoardError):
    """The caller isn't allowed to do that."""

    code = "forbidden"
    message = "You are not allowed to do that."


class AccountDisabled(Forbidden):
    """An admin has disabled the account."""

    code = "account_disabled"
    message = "This account is disabled. Ask an admin of this board."


class AdminsOnly(Forbidden):
    """Only admins can do this."""

    code = "admins_only"
    message = "Only admins can do that."


class SessionRequired(Forbidden):
    """An API token can read and post, but not manage accounts."""

    code = "session_required"
    message = "An API token can't do that. Log in with your password."


class InsufficientScope(Forbidden):
    """The API token lacks the scope."""

    code = "insufficient_scope"
    message = "This API token's scopes don't allow that."


class ForeignOrigin(Forbidden):
    """A browser sent the request for a page that isn't this board's."""

    code = "foreign_origin"


class WrongHost(BoardError):
    """The board was reached by a host name that isn't its own."""

    code = "wrong_host"


class WrongPassword(Forbidden):
    """The current password, which is needed to change it, is wrong."""

    code = "wrong_password"
    message = "That isn't your current password."


class InvalidInvite(Forbidden):
    """The invite or set-up code is unknown, used up, expired or revoked."""

    code = "invalid_invite"
    message = "That invite is invalid, used up or expired. Ask an admin for a new one."


class InvalidResetCode(Forbidden):
    """The reset code is unknown, used or older than an hour."""

    code = "invalid_reset_code"
    message = "That reset code is invalid, used or expired. Ask an admin for a new one."


class NotTheAuthor(Forbidden):
    """Only its author can edit a status."""

    code = "not_the_author"
    message = "Only its author can edit a status."


class EditWindowClosed(Forbidden):
    """A status can be edited for 15 minutes after it was posted."""

    code = "edit_window_closed"
    message = "A status can be edited for only 15 minutes after it was posted. Post a new one."


class BadSignature(Forbidden):
    """The delivery isn't signed by GitHub, or not with this board's secret."""

    code = "bad_signature"
    message = "X-Hub-Signature-256 is wrong. The webhook's secret must be the value of GITHUB_WEBHOOK_SECRET."


class NotFound(BoardError):
    """It doesn't exist."""

    code = "not_found"
    message = "There is nothing here."


class StatusNotFound(NotFound):
    """No status has this id, or it was deleted."""

    code = "status_not_found"
    message = "That status doesn't exist, or was deleted."


class UserNotFound(NotFound):
    """No member has this username."""

    code = "user_not_found"
    message = "There is no member with that username."


class ReferenceNotFound(NotFound):
    """Nobody on this board has mentioned the reference."""

    code = "reference_not_found"
    message = "Nobody on this board has mentioned that reference."


class WebhooksOff(NotFound):
    """Without a secret, GitHub can't prove who it is."""

    code = "webhooks_off"
    message = "Webhooks are off: GITHUB_WEBHOOK_SECRET is not set."


class Conflict(BoardError):
    """It conflicts with what is already there."""

    code = "conflict"


class UsernameTaken(Conflict):
    """Usernames are unique without regard to case."""

    code = "username_taken"
    message = "That username is taken."


class LastAdmin(Conflict):
    """The last admin who can log in must stay admin."""

    code = "last_admin"
    message = "A board needs an admin. Make someone else an admin first."


class EditedMeanwhile(Conflict):
    """Another edit changed the same field after the one that the author saw."""

    code = "edited_meanwhile"
    message = "This status was edited elsewhere in the meantime. Read it again before you change it."


class Unprocessable(BoardError):
    """It can be read, but not done."""

    code = "unprocessable"


class InvalidCursor(Unprocessable):
    """A cursor must be sent back unchanged."""

    code = "invalid_cursor"
    message = "That cursor is damaged. Start again without one."


class InvalidDelivery(Unprocessable):
    """The delivery is signed, but isn't what GitHub sends."""

    code = "invalid_delivery"
    message = "That isn't a delivery from a GitHub webhook."


class QueryRefused(Unprocessable):
    """There is nothing to search for, or too much; or PostgreSQL refuses a value as out of range."""

    code = "query_refused"
    message = "The database can't search for that. Make it shorter or simpler."


class IdempotencyKeyReused(Unprocessable):
    """One key belongs to one status."""

    code = "idempotency_key_reused"
    message = "That Idempotency-Key was used for another status. Use a new key for each status."


class AlreadyExpired(Unprocessable):
    """The new token's expiry is in the past."""

    code = "already_expired"
    message = "The token would already be expired: expires_at is in the past."


class PasswordRefused(Unprocessable):
    """The password is easily guessed."""

    code = "password_refused"


class RateLimited(BoardError):
    """Too many attempts. `retry_after` is the number of seconds until the next one is allowed."""

    code = "rate_limited"
    message = "Too many attempts. Try again later."

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


class Unavailable(BoardError):
    """Temporarily not possible. The same request can be sent again after `retry_after` seconds."""

    code = "unavailable"
    message = "The board can't do that right now. Try again in a moment."
    retry_after: ClassVar[int] = 1


class DatabaseUnavailable(Unavailable):
    """The database can't be reached, has no free connection, or ended the transaction."""

    code = "database_unavailable"
    message = "The board can't reach its database right now. Try again in a moment."
    retry_after = 2


class DatabaseNotMigrated(DatabaseUnavailable):
    """The database lacks a table or column: the migrations haven't run, or not completely."""

    message = "The database doesn't have this version's schema. Run `statusboard migrate`."


class TooBusy(Unavailable):
    """Too many password checks, searches or webhook deliveries at once."""

    code = "too_busy"
    message = "Too many people are logging in right now. Try again in a moment."


class SearchTooSlow(Unavailable):
    """A search took longer than its time limit."""

    code = "search_too_slow"
    message = "That search takes too long. Search for rarer words, or filter by author or time."
