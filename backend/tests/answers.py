"""What every refusal of the API has in common."""

import httpx


def refused(response: httpx.Response, status: int, code: str) -> dict:
    """Hold that a response is a problem (RFC 9457) with this status and code, and return it."""
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json"), (
        response.text
    )
    problem = response.json()
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["title"]
    assert problem["detail"]
    assert problem["type"] == "about:blank"
    return problem


def invalid(response: httpx.Response, *loc: str | int) -> dict:
    """Hold that a response is a 422 that blames one field, and return what it says of it."""
    problem = refused(response, 422, "invalid_request")
    found = [error for error in problem["errors"] if error["loc"] == list(loc)]
    assert found, problem
    return found[0]


def ids(response: httpx.Response) -> list[int]:
    """Return the ids of a page's items."""
    assert response.status_code == 200, response.text
    return [item["id"] for item in response.json()["items"]]
