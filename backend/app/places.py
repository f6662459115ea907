"""Places on GitHub: what a reference leads to. `statusboard wait` uses them too, which has no settings."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A number in a repository, spelt as someone wrote it."""

    owner: str
    repo: str
    number: int

    @property
    def name(self) -> str:
        """How messages write it: `owner/repo#12`."""
        return f"{self.owner}/{self.repo}#{self.number}"

    @property
    def key(self) -> tuple[str, str, int]:
        """What the unique index compares: GitHub's names are case-insensitive."""
        return self.owner.lower(), self.repo.lower(), self.number
