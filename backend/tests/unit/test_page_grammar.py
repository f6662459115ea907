"""How the page reads messages, beside how the server does; tests/page/grammar.test.js holds it to the table alone."""

import json
import shutil
import subprocess

import pytest

from app.api.web_page import WEB
from tests.grammar import READ, asked, check

NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None, reason="There is no Node here; CI has one.")
def test_the_page_reads_as_the_server_does():
    """It leaves out no word, finds the same references, and is soon done with whatever is long."""
    script = f"""
        import {{ text }} from "node:stream/consumers";
        import {{ pieces }} from {json.dumps((WEB / "board/grammar.js").as_uri())};
        console.log(JSON.stringify(({READ})(pieces, JSON.parse(await text(process.stdin)))));
    """
    command = [str(NODE), "--input-type=module", "--eval", script]
    result = subprocess.run(command, input=json.dumps(asked()), capture_output=True, text=True, check=True)  # noqa: S603

    check(json.loads(result.stdout))
