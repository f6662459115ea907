"""gunicorn's settings: how many workers, how they log, how they stop."""

# ruff: noqa: INP001 -- loaded by its path

import gc
import os
import signal
from functools import partial

from gunicorn.arbiter import Arbiter

from app.config import settings
from app.logs import dict_config
from app.server.gunicorn_worker import Worker
from app.server.listeners import bound_sending, everywhere
from app.server.processors import worker_count

ENDINGS = (signal.SIGTERM, signal.SIGQUIT, signal.SIGINT)

bind = everywhere(settings.PORT)
worker_class = "app.server.gunicorn_worker.Worker"
workers = settings.WEB_CONCURRENCY or worker_count()
# A worker must show within this time that its event loop turns. It doesn't while it stops, which takes up to 25 s.
timeout = 60
# Longer than a worker takes by itself (app.server), shorter than Compose waits for gunicorn (compose.yaml: 40 s).
graceful_timeout = 25
# In memory: on a disk, a slow write would look like a worker that hangs.
worker_tmp_dir = "/dev/shm"  # noqa: S108 - gunicorn creates its files there under names of their own
control_socket_disable = True
# Importing the app opens nothing (docs/design.md), so workers share the memory of what it made, and open their own.
preload_app = True
# A worker that restarts closes its sockets, so it does so only when it must.
max_requests = 0
logconfig_dict = dict_config(settings.LOG_LEVEL)
loglevel = settings.LOG_LEVEL.lower()
# The application writes a line for each request itself.
accesslog = None


def on_starting(_server: Arbiter) -> None:
    """Refuse a secret that anyone can guess, before anything listens."""
    if (problem := settings.why_secret_is_refused()) is not None:
        raise SystemExit(problem)


def when_ready(server: Arbiter) -> None:
    """Prepare what workers inherit, before there are any."""
    server.app.wsgi().prepare()
    # A collection in a worker would touch everything that it inherits, and so have it copied.
    gc.collect()
    gc.freeze()
    for listener in server.LISTENERS:
        bound_sending(listener.sock)
    # gunicorn tells a worker once that it is to end. One that is just being forked would lose the signal, go on, and be
    # killed when its 25 seconds are over; so these signals wait until `post_fork`.
    os.register_at_fork(
        before=partial(signal.pthread_sigmask, signal.SIG_BLOCK, ENDINGS),
        after_in_parent=partial(signal.pthread_sigmask, signal.SIG_UNBLOCK, ENDINGS),
    )


def post_fork(_server: Arbiter, _worker: Worker) -> None:
    """Let go of the arbiter's signal handlers, which mean nothing here, and take the signals that came meanwhile."""
    for number in ENDINGS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDINGS)
