"""The settings of gunicorn that the image ships, on 127.0.0.1 alone; on a stand, with the mutation that it asks for."""

import ctypes
import os
import signal
from pathlib import Path

SHIPPED = Path(__file__).parents[2] / "docker" / "gunicorn.conf.py"
exec(compile(SHIPPED.read_text(), SHIPPED, "exec"))  # noqa: S102 - the very file that is put to the test

PR_SET_PDEATHSIG = 1  # of <sys/prctl.h>
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)  # it ends with the tests, however they end

bind = f"127.0.0.1:{os.environ['PORT']}"


def post_worker_init(worker):
    """Break what is to be broken, in a worker of a stand that has loaded the app."""
    if "STAND_CHECK_EVERY" not in os.environ:
        return
    from tests.faults import mutations, probe  # noqa: PLC0415 - the arbiter must not load the app

    if seconds := os.environ.get("STAND_CLOCK"):
        probe.set_clock_off(float(seconds))
    probe.count_beginnings()
    probe.count_password_checks()
    probe.hold_pool_on_signal()
    if seconds := os.environ["STAND_CHECK_EVERY"]:
        probe.check_credentials_every(float(seconds))
    if name := os.environ["STAND_MUTATION"]:
        mutations.MUTATIONS[name](worker)
