"""Every setting of the board, read once from the environment and `backend/.env`."""

import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ModelWrapValidatorHandler, PrivateAttr, model_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from app.addresses import HIGHEST_PORT, read_networks, why_host_is_wrong, why_origin_is_wrong
from app.database_url import DatabaseUrl, read_database_url
from app.secret_files import WithSecretFiles

ENV_FILE: Final = Path(__file__).resolve().parent.parent / ".env"

# The value in `.env.example`. Anyone who has read the example could log in to a board that uses it.
PLACEHOLDER_SECRET: Final = "change-me"
# RFC 7518, section 3.2: a key for HS256 is at least as long as its hash.
SECRET_BYTES: Final = 32

LOG_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

PUBLIC_GITHUB: Final = "https://api.github.com"
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


def _split(text: str) -> list[str]:
    return [item for part in text.split(",") if (item := part.strip())]


def _check_digits(value: object) -> object:
    # pydantic would also accept 2.0 and 8_000. gunicorn and Compose read the same variables, and accept neither.
    if isinstance(value, str) and not re.fullmatch(r"\s*[0-9]+\s*", value):
        raise ValueError("must be a whole number, such as 2")
    return value


DIGITS: Final = BeforeValidator(_check_digits)


def _check_log_level(value: str) -> str:
    if value.upper() not in LOG_LEVELS:
        raise ValueError(f"must be one of {', '.join(LOG_LEVELS)}")
    return value.upper()


def _check_cors_origins(value: str) -> str:
    for origin in _split(value):
        if problem := why_origin_is_wrong(origin):
            raise ValueError(
                "must be origins such as https://board.example.com, separated by commas. * and null aren't allowed, "
                f"because calls carry logins. Write each origin as browsers send it: {problem}"
            )
    return value


def _check_allowed_hosts(value: str) -> str:
    hosts = _split(value)
    for host in hosts:
        if problem := why_host_is_wrong(host.removeprefix("*.")):
            raise ValueError(
                "must be names such as board.lan or *.example.com, separated by commas, without https:// and port. "
                f"Write each name as browsers send it: {problem}"
            )
    return ",".join(hosts)


def _check_proxies(value: str) -> str:
    if value != "*":
        try:
            read_networks(value)
        except ValueError as error:
            raise ValueError(
                "must be addresses or networks such as 127.0.0.1 or 172.16.0.0/12, separated by commas, or * alone. "
                f"Write them {error}"
            ) from None
    return value


def _check_public_url(value: str) -> str:
    origin = value.removesuffix("/")
    if problem := why_origin_is_wrong(origin):
        raise ValueError(
            "must be the address people open, such as https://board.example.com, without a path. "
            f"Write it as browsers send it: {problem}"
        )
    return origin


def _if_set(check: Callable[[str], str]) -> AfterValidator:
    """Return a check for a setting that may be unset, because pydantic checks the default too."""
    return AfterValidator(lambda value: None if value is None else check(value))


def _check_token(value: str) -> str:
    token = value.strip()
    if not re.fullmatch(r"[!-~]+", token):
        raise ValueError("must be one word of printable ASCII characters, as GitHub shows it")
    return token


def _check_api_url(value: str) -> str:
    url = value.removesuffix("/")
    match = re.fullmatch(r"(https?://[^/]*)((?:/[A-Za-z0-9_-]+)*)", url)
    problem = why_origin_is_wrong(match[1]) if match else "with a plain path, and nothing after it"
    if problem is None and url.startswith("http:") and urlsplit(url).hostname not in LOOPBACK:
        problem = "with https, because the token is sent there"
    if problem:
        raise ValueError(f"must be {PUBLIC_GITHUB}, or GitHub Enterprise's https://HOST/api/v3: {problem}")
    return url


def _check_globs(value: str) -> str:
    if not all(re.fullmatch(r"[a-z0-9_.*?-]+/[a-z0-9_.*?-]+", glob) for glob in _split(value.lower())):
        raise ValueError("must be repositories such as octo/api or octo/*, separated by commas")
    return value


def _check_repository(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}/[A-Za-z0-9._-]{1,100}", value):
        raise ValueError("must be one repository such as octo/api")
    return value


class Settings(BaseSettings):
    """The board's configuration. The environment precedes `backend/.env`, and an empty variable counts as unset.

    Raises:
        pydantic.ValidationError: names the variable that is missing or wrong, and shows no value.
    """

    model_config = SettingsConfigDict(
        env_file=ENV_FILE,
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        case_sensitive=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 -- the sources know it
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- a folder of files, which the board has not
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let a secret's variable name a file, in the environment and in `.env`."""
        assert isinstance(env_settings, EnvSettingsSource)
        assert isinstance(dotenv_settings, EnvSettingsSource)
        return init_settings, WithSecretFiles(env_settings), WithSecretFiles(dotenv_settings)

    DATABASE_URL: Annotated[str, AfterValidator(lambda value: read_database_url(value).url)] = Field(
        default="postgresql+asyncpg://user:pass@localhost:5432/statusboard", repr=False
    )
    JWT_SECRET: str = Field(min_length=1, repr=False)
    JWT_ACCESS_EXPIRE_MINUTES: Annotated[int, DIGITS] = Field(default=30, ge=1, le=525_600)
    JWT_REFRESH_EXPIRE_DAYS: Annotated[int, DIGITS] = Field(default=7, ge=1, le=3_650)
    CORS_ORIGINS: Annotated[str, AfterValidator(_check_cors_origins)] = "http://localhost:3000"
    WS_INITIAL_HOURS: Annotated[int, DIGITS] = Field(default=1, ge=1, le=8_760)
    GITHUB_TOKEN: Annotated[str | None, _if_set(_check_token)] = Field(default=None, repr=False)
    LOG_LEVEL: Annotated[str, AfterValidator(_check_log_level)] = "INFO"

    PUBLIC_URL: Annotated[str, AfterValidator(_check_public_url)] = "http://localhost:8000"
    ALLOWED_HOSTS: Annotated[str | None, _if_set(_check_allowed_hosts)] = None
    FORWARDED_ALLOW_IPS: Annotated[str, AfterValidator(_check_proxies)] = "127.0.0.1"
    REGISTRATION: Literal["invite", "open"] = "invite"
    PORT: Annotated[int, DIGITS] = Field(default=8000, ge=1, le=HIGHEST_PORT)
    WEB_CONCURRENCY: Annotated[int | None, DIGITS] = Field(default=None, ge=1, le=64)
    DB_POOL_SIZE: Annotated[int, DIGITS] = Field(default=8, ge=4, le=100)
    WS_MAX_SOCKETS: Annotated[int, DIGITS] = Field(default=10_000, ge=1)
    WS_MAX_SOCKETS_PER_MEMBER: Annotated[int, DIGITS] = Field(default=64, ge=1)
    JWT_SECRET_PREVIOUS: str | None = Field(default=None, repr=False)
    SETUP_USERNAME: str | None = None
    SETUP_PASSWORD: str | None = Field(default=None, repr=False)
    GITHUB_API_URL: Annotated[str, AfterValidator(_check_api_url)] = PUBLIC_GITHUB
    GITHUB_WEBHOOK_SECRET: str | None = Field(default=None, repr=False)
    GITHUB_REPOSITORIES: Annotated[str | None, _if_set(_check_globs)] = None
    GITHUB_REPOSITORY: Annotated[str | None, _if_set(_check_repository)] = None
    REVISION: str = "unknown"

    _database: DatabaseUrl = PrivateAttr(default=DatabaseUrl("", {}, ()))

    @model_validator(mode="wrap")
    @classmethod
    def _keep_libpq_parameters(cls, given: dict[str, Any], handler: ModelWrapValidatorHandler[Self]) -> Self:
        settings = handler(given)
        if "DATABASE_URL" in given:
            settings._database = read_database_url(given["DATABASE_URL"])  # noqa: SLF001 -- its own
        return settings

    @property
    def database_arguments(self) -> dict[str, Any]:
        """What `DATABASE_URL` said in libpq's parameters, as arguments for the driver."""
        return self._database.arguments()

    @property
    def database_ignored(self) -> tuple[str, ...]:
        """The parameters of `DATABASE_URL` that have no effect."""
        return self._database.ignored

    @property
    def cors_origins_list(self) -> list[str]:
        """The origins from which other sites' pages may call: `CORS_ORIGINS` split at commas, without spaces."""
        return _split(self.CORS_ORIGINS)

    @property
    def host_names(self) -> list[str]:
        """The host names of the board. `*.` at the beginning matches all names below."""
        origins = [self.PUBLIC_URL, *self.cors_origins_list]
        named = [name for origin in origins if (name := urlsplit(origin).hostname)]
        return ["localhost", *named, *_split(self.ALLOWED_HOSTS or "")]

    @property
    def titles(self) -> Literal["on", "off"]:
        """Whether GitHub can be asked for titles. Without a token, references stay plain links."""
        return "on" if self.GITHUB_TOKEN else "off"

    @property
    def github_url(self) -> str:
        """GitHub's address for people: `https://HOST`, for an API at `https://api.HOST` or `https://HOST/api/v3`."""
        scheme, _, rest = self.GITHUB_API_URL.partition("://")
        return f"{scheme}://{rest.partition('/')[0].removeprefix('api.')}"

    def shows_private(self, repository: str) -> bool:
        """Tell whether members may see the titles of this private repository (`owner/repo`)."""
        owner, _, name = repository.lower().partition("/")
        return any(
            fnmatchcase(owner, owner_glob) and fnmatchcase(name, name_glob)
            for owner_glob, _, name_glob in (
                glob.partition("/") for glob in _split((self.GITHUB_REPOSITORIES or "").lower())
            )
        )

    @property
    def secret_is_short(self) -> bool:
        """Whether `JWT_SECRET` has fewer than the 32 bytes that RFC 7518 requires of an HS256 key."""
        return len(self.JWT_SECRET.encode()) < SECRET_BYTES

    def why_secret_is_refused(self) -> str | None:
        """Return a sentence that says why no server may start with this `JWT_SECRET`, or None if one may.

        `Settings()` itself accepts any secret, so that tests and tools can use a made-up one.
        """
        if self.JWT_SECRET == PLACEHOLDER_SECRET:
            problem = "is still the example value"
        elif len(set(self.JWT_SECRET)) == 1:
            problem = "is one character repeated"
        else:
            return None
        return f"JWT_SECRET {problem}. Set it to a random value, for example from `openssl rand -hex 32`."


settings = Settings()
