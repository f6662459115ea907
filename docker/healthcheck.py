"""Exits with 0 if the board in this container answers. Needs only the standard library; run it as `python -IS`."""

# ruff: noqa: INP001 -- loaded by its path

import http.client
import os
import sys

connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT") or 8000), timeout=4)
connection.request("GET", "/api/v1/health")
status = connection.getresponse().status
sys.exit(0 if status == http.client.OK else f"/api/v1/health answers {status}")
