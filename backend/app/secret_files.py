"""Secrets in files: `NAME_FILE` names a file with the value of `NAME`, such as a secret of Docker or Kubernetes."""

from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_settings import EnvSettingsSource, PydanticBaseSettingsSource

# Settings that are secrets, or have one in them.
SECRETS: Final = (
    "DATABASE_URL",
    "JWT_SECRET",
    "JWT_SECRET_PREVIOUS",
    "GITHUB_TOKEN",
    "GITHUB_WEBHOOK_SECRET",
    "SETUP_PASSWORD",
)
SUFFIX: Final = "_FILE"
LARGEST: Final = 64 * 1024  # bytes; a path typed wrong may lead to anything


def _refusal(variable: str, sentence: str) -> ValidationError:
    details = InitErrorDetails(
        type=PydanticCustomError("secret_file", "{why}", {"why": sentence}), loc=(variable,), input=None
    )
    return ValidationError.from_exception_data("Settings", [details], hide_input=True)


def _read(variable: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        text = content.decode().removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise _refusal(variable, f"names a file that can't be read: {error.strerror}") from None
    except ValueError:
        raise _refusal(variable, "names a file that isn't text in UTF-8") from None
    if not text:
        raise _refusal(variable, "names a file that is empty")
    if len(content) > LARGEST:
        raise _refusal(variable, "names a file that is too large for a secret")
    return text


class WithSecretFiles(PydanticBaseSettingsSource):
    """A source of settings (the environment, or `.env`) in which a secret's variable may name a file instead.

    Raises:
        pydantic.ValidationError: the file can't be used, or the source has the secret twice.
    """

    def __init__(self, source: EnvSettingsSource) -> None:
        super().__init__(source.settings_cls)
        self._source = source

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return what the source itself has."""
        return self._source.get_field_value(field, field_name)

    def __call__(self) -> dict[str, Any]:
        """Return the values of this source. What an earlier one has is not read from a file again."""
        values = self._source()
        for name in SECRETS:
            variable = f"{name}{SUFFIX}"
            path = self._source.env_vars.get(variable)
            if not path:
                continue
            if name in values:
                raise _refusal(variable, f"is set beside {name}: set only one of them")
            if name not in self.current_state:
                values[name] = _read(variable, Path(path))
        return values
