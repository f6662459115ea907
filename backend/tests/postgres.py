"""Where the integration tests get their PostgreSQL 17. It is never `DATABASE_URL`, which may be someone's board."""

import gc
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from docker.errors import DockerException  # type: ignore[import-untyped]
from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.exceptions import ContainerStartException

from app import embedded

IMAGE: Final = "postgres:17"


@contextmanager
def postgres() -> Iterator[tuple[str, str]]:
    """Yield the URL of a database whose user may create others, and a line that says where it comes from.

    `TEST_DATABASE_URL` comes first, then a container, then the embedded server, which needs no Docker.
    """
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url, "PostgreSQL from TEST_DATABASE_URL"
        return
    container = _container()
    if isinstance(container, PostgresContainer):
        try:
            yield container.get_connection_url(), f"PostgreSQL from testcontainers ({IMAGE})"
        finally:
            container.stop()
            container.get_docker_client().client.close()
    else:
        with embedded.throwaway() as url:
            yield url, f"PostgreSQL embedded (no container: {container})"


def _container() -> PostgresContainer | str:
    """Start a container, or return why there is none."""
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        try:
            container = PostgresContainer(IMAGE, username="test", password="test", dbname="test", driver="asyncpg")
            # Nothing here outlives the container, so nothing waits for a disk: as in compose.test.yaml.
            container.with_command("postgres -c fsync=off -c synchronous_commit=off -c full_page_writes=off")
            return container.with_tmpfs_mount("/var/lib/postgresql/data").start()
        except (DockerException, ContainerStartException, TimeoutError) as error:
            problem = " ".join(str(error).split())[:120]
        gc.collect()  # where no engine answers, the Docker client leaves its sockets behind
        return problem
