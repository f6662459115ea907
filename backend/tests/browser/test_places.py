"""Where a board is: behind a proxy with TLS, on a network's plain address, and where it does not know that it is."""

import asyncio
import re
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.actions import entry, log_in, make_invite, post
from tests.browser.board import Board, Member
from tests.browser.windows import REFUSED, UNREACHABLE, OpenWindow
from tests.processes import free_port

CADDYFILE = """
{{
    admin off
    auto_https disable_redirects
    skip_install_trust
    storage file_system {folder}
}}
https://localhost:{port} {{
    tls internal
    reverse_proxy 127.0.0.1:{target}
}}
"""
# As docs/proxy.md has it.
NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder};
    proxy_temp_path {folder};
    fastcgi_temp_path {folder};
    uwsgi_temp_path {folder};
    scgi_temp_path {folder};
    map $http_upgrade $connection_upgrade {{
        default upgrade;
        ""      "";
    }}
    server {{
        listen 127.0.0.1:{port} ssl;
        server_name localhost;
        ssl_certificate     {folder}/board.pem;
        ssl_certificate_key {folder}/board.key;
        location / {{
            proxy_pass http://127.0.0.1:{target};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
        }}
    }}
}}
"""
OPENSSL = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"


async def answers(port: int) -> None:
    """Wait until somebody listens."""
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


@asynccontextmanager
async def proxy(name: str, folder: Path, target: int) -> AsyncIterator[str]:
    """Run a reverse proxy with TLS in front of a port, and yield its address."""
    path = shutil.which(name, path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    if path is None:
        pytest.skip(f"{name} is not installed.")
    port = free_port()
    config = folder / name
    config.write_text({"caddy": CADDYFILE, "nginx": NGINX}[name].format(folder=folder, port=port, target=target))
    if name == "nginx":
        keys = ["-keyout", f"{folder}/board.key", "-out", f"{folder}/board.pem"]
        subprocess.run([*OPENSSL.split(), *keys], check=True, capture_output=True)  # noqa: ASYNC221, S603
        command = [path, "-e", f"{folder}/error.log", "-c", str(config)]
    else:
        command = [path, "run", "--adapter", "caddyfile", "--config", str(config)]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={"HOME": str(folder)}
    )
    try:
        await answers(port)
        yield f"https://localhost:{port}"
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def relay(host: str, target: int, *, hides_host: bool = False) -> AsyncIterator[str]:
    """Pass on what comes to another address of this machine, and yield it.

    One that hides the host puts the target into the place of the Host that the browser has sent.
    """

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                if hides_host:
                    data = re.sub(rb"(?m)^Host: .+?\r$", f"Host: 127.0.0.1:{target}\r".encode(), data)
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target)
        await asyncio.gather(carry(reader, far_writer), carry(far_reader, writer))

    server = await asyncio.start_server(accept, host, 0)
    try:
        yield f"http://{host}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def own_address() -> str:
    """Return this machine's address in its network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent: the route tells which address it would be sent from
        except OSError:
            pytest.skip("This machine is in no network.")
        return probe.getsockname()[0]


@pytest.mark.parametrize("name", ["caddy", "nginx"])
async def test_behind_a_proxy_with_tls(name: str, ada: Member, bob: Member, open_one: OpenWindow, tmp_path: Path):
    """Log in, post, and see what others post; the cookie is one that only https has."""
    async with proxy(name, tmp_path, ada.board.replica.port) as url:
        window = await open_one(url=url, ignore_https_errors=True)
        await window.go()
        await log_in(window.page, "ada")
        await post(window.page, "Through the proxy")
        await expect(entry(window.page, "Through the proxy")).to_be_visible()
        await bob.post("From elsewhere")
        await expect(entry(window.page, "From elsewhere")).to_be_visible()
        await window.page.reload()
        await expect(entry(window.page, "From elsewhere")).to_be_visible()
        (cookie,) = await window.context.cookies()
        await window.page.goto("about:blank")

    assert cookie["name"] == "__Host-statusboard_refresh"
    assert cookie["secure"]


async def test_on_a_plain_address_of_the_network(board: Board, ada: Member, bob: Member, open_one: OpenWindow):
    """Over http browsers take away the clipboard, notifications and more; the page does without, and says so."""
    async with relay(own_address(), board.replica.port) as url:
        window = await open_one(url=url)
        page = window.page
        await window.go()
        await log_in(page, "ada")
        await post(page, "From the network")
        await expect(entry(page, "From the network")).to_be_visible()
        await bob.post("From elsewhere")
        await expect(entry(page, "From elsewhere")).to_be_visible()
        is_secure = await page.evaluate("isSecureContext")
        await window.go("/?view=members")
        await make_invite(page)
        await page.get_by_role("button", name="Copy").first.click()
        await expect(page.get_by_text("Copied").or_(page.get_by_text("Press Ctrl+C")).first).to_be_visible()
        await window.go("/?view=settings")
        await expect(page.get_by_text("Notifications need https")).to_be_visible()
        await page.goto("about:blank")

    assert not is_secure


async def test_where_its_origin_is_refused(board: Board, ada: Member, open_one: OpenWindow):
    """Where a proxy hides the Host that people typed, the page names both addresses, and the log the setting.

    What a client sends as its Origin is not logged: a secret may have been pasted there.
    """
    before = len(board.replica.log.read_bytes())
    async with relay("127.0.0.2", board.replica.port, hides_host=True) as url:
        window = await open_one(url=url)
        window.tolerate(UNREACHABLE, REFUSED)
        await window.go()
        await log_in(window.page, "ada")
        said = window.page.get_by_text("PUBLIC_URL").first
        await expect(said).to_be_visible(timeout=30_000)
        text = await said.inner_text()
        await window.page.goto("about:blank")
    log = b"\n".join(board.replica.log_after(before)).decode()

    for address in (url, board.url):
        assert address in text
    assert url not in log
    assert "PUBLIC_URL" in log
