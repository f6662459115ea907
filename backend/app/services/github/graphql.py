"""GitHub's GraphQL: the query for many references at once, and how to read its answers."""

from collections.abc import Sequence
from typing import Any, Final

from app.models.reference import ReferenceKind
from app.places import Place
from app.services.github import findings
from app.services.github.findings import Finding, Found, Missing, NoAccess, Unclear

FIELDS: Final = """
fragment place on Repository { nameWithOwner isPrivate }
fragment item on IssueOrPullRequest {
  __typename
  ... on Issue { number title issueState: state stateReason updatedAt repository { ...place } }
  ... on PullRequest { number title pullRequestState: state isDraft updatedAt repository { ...place } }
}
fragment talk on Discussion { __typename number title closed stateReason updatedAt repository { ...place } }
"""
KINDS: Final = {
    "Issue": ReferenceKind.ISSUE,
    "PullRequest": ReferenceKind.PULL_REQUEST,
    "Discussion": ReferenceKind.DISCUSSION,
}
NOT_THERE: Final = {"NOT_FOUND", "FORBIDDEN"}


def query(places: Sequence[Place]) -> dict[str, Any]:
    """Return the body of a request for these places, the nth with the alias `a{n}`."""
    declared: list[str] = []
    asked: list[str] = []
    variables: dict[str, str | int] = {}
    for n, place in enumerate(places):
        declared.append(f"$o{n}:String!,$r{n}:String!,$n{n}:Int!")
        asked.append(
            f"a{n}:repository(owner:$o{n},name:$r{n})"
            f"{{...place issueOrPullRequest(number:$n{n}){{...item}}discussion(number:$n{n}){{...talk}}}}"
        )
        variables |= {f"o{n}": place.owner, f"r{n}": place.repo, f"n{n}": place.number}
    return {"query": f"query({','.join(declared)}){{{' '.join(asked)}}}{FIELDS}", "variables": variables}


def errors_of(answer: dict[str, Any]) -> list[tuple[str, list[Any]]]:
    """Return the type of each error, with the path to what it is about."""
    found: list[tuple[str, list[Any]]] = []
    errors = answer.get("errors")
    for error in errors if isinstance(errors, list) else []:
        if isinstance(error, dict):
            path = error.get("path")
            found.append((str(error.get("type")), path if isinstance(path, list) else []))
    return found


def _found(item: dict[str, Any]) -> Finding:
    kind, repository = KINDS.get(str(item.get("__typename"))), item.get("repository")
    if kind is None or not isinstance(repository, dict) or not isinstance(repository.get("isPrivate"), bool):
        return Unclear()
    place = findings.place(repository.get("nameWithOwner"), item.get("number"))
    title = findings.title(item.get("title"))
    said = item.get("issueState") or item.get("pullRequestState")
    if isinstance(item.get("closed"), bool):
        said = "CLOSED" if item["closed"] else "OPEN"
    state = findings.state(kind, {"state": said, "reason": item.get("stateReason"), "draft": item.get("isDraft")})
    if place is None or title is None or state is None:
        return Unclear()
    return Found(place, kind, title, state, repository["isPrivate"], findings.moment(item.get("updatedAt")))


def finding(alias: str, data: dict[str, Any], errors: list[tuple[str, list[Any]]]) -> Finding:
    """Return the finding for the place with this alias, from an answer's data and errors."""
    repository = data.get(alias, ...)
    if repository is None and any(kind in NOT_THERE for kind, path in errors if path == [alias]):
        return NoAccess()
    if not isinstance(repository, dict) or not isinstance(repository.get("isPrivate"), bool):
        return Unclear()
    if findings.is_hidden(repository.get("nameWithOwner"), repository["isPrivate"]):
        return NoAccess()
    items = [repository.get(field) for field in ("issueOrPullRequest", "discussion")]
    there = [item for item in items if item is not None]
    if there:
        return _found(there[0]) if isinstance(there[0], dict) else Unclear()
    types = {kind for kind, path in errors if path[:1] == [alias]}
    if not types <= NOT_THERE:
        return Unclear()
    return NoAccess() if "FORBIDDEN" in types else Missing()
