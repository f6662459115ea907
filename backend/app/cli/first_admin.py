"""The first admin of a new board, for machines that are set up automatically, where nobody opens a link."""

from pydantic import ValidationError

from app.config import settings
from app.database import AsyncSessionLocal
from app.errors import BoardError, Conflict, Unprocessable
from app.schemas.auth import Registration
from app.services.identity import accounts, setup

# The address under which these attempts are counted. No client's address is made of words.
ADDRESS = "the start"


async def create() -> None:
    """Create the account that SETUP_USERNAME and SETUP_PASSWORD describe, unless there is one already.

    Raises:
        Conflict: only one of the two is set.
        Unprocessable: the username or the password can't be used. The text names the variable.
    """
    username, password = settings.SETUP_USERNAME, settings.SETUP_PASSWORD
    if username is None and password is None:
        return
    if username is None or password is None:
        raise Conflict("SETUP_USERNAME and SETUP_PASSWORD belong together: set both, or neither.")
    async with AsyncSessionLocal() as db:
        code = await setup.current_code(db)
        if code is None:
            return
        data = _registration(username, password, code)
        try:
            await accounts.register(db, data=data, address=ADDRESS)
        except Unprocessable as error:
            raise Unprocessable(f"SETUP_PASSWORD can't be used: {error.text}") from error
        except BoardError:
            # Another process may have been faster.
            if await setup.current_code(db) is not None:
                raise


def _registration(username: str, password: str, code: str) -> Registration:
    try:
        return Registration(username=username, display_name=username, password=password, invite=code)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        variable = "SETUP_PASSWORD" if problem["loc"] == ("password",) else "SETUP_USERNAME"
        raise Unprocessable(f"{variable} can't be used: {problem['msg']}") from None
