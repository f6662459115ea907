"""How many files a reader has to open to follow one request through the app."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import Final

import app
from tests.personas import Persona

APP: Final = Path(app.__file__).parent
AT_MOST: Final = 16


@contextmanager
def traced() -> Iterator[set[str]]:
    """Note the files of the app of which a function runs meanwhile."""
    files: set[str] = set()
    monitoring, tool = sys.monitoring, sys.monitoring.PROFILER_ID

    def note(code: CodeType, _offset: int) -> object:
        path = Path(code.co_filename)
        if path.is_relative_to(APP):
            files.add(path.relative_to(APP).as_posix())
        return monitoring.DISABLE

    monitoring.use_tool_id(tool, "traced")
    monitoring.register_callback(tool, monitoring.events.PY_START, note)
    monitoring.set_events(tool, monitoring.events.PY_START)
    try:
        yield files
    finally:
        monitoring.set_events(tool, monitoring.events.NO_EVENTS)
        monitoring.register_callback(tool, monitoring.events.PY_START, None)
        monitoring.free_tool_id(tool)


async def test_a_post_goes_through_few_files(ada: Persona):
    """From the middleware to the statement and back. Run with `-s` to read their names."""
    await ada.post("the first fills caches")
    with traced() as files:
        await ada.post("the second takes its way")
    print(len(files), *sorted(files), sep="\n")  # noqa: T201 -- for whoever wonders which

    assert {"api/routes/statuses.py", "services/statuses/posting.py"} <= files
    assert len(files) <= AT_MOST
