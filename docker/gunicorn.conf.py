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
# Seconds in which a worker must show that its event loop runs. A stopping worker, for up to 25 s, doesn't.
timeout = 60
# Longer than a worker takes by itself (app.server), shorter than Compose waits for gunicorn (compose.yaml: 40 s).
graceful_timeout = 25
# In memory: on a disk, a slow write would look like a hanging worker.
worker_tmp_dir = "/dev/shm"  # noqa: S108 - gunicorn creates its files there under names of their own
control_socket_disable = True
# Importing the app opens nothing (docs/design.md), so workers can share its memory and open their own connections.
preload_app = True
# Never restart a worker after a number of requests, because that would close its sockets.
max_requests = 0
logconfig_dict = dict_config(settings.LOG_LEVEL)
loglevel = settings.LOG_LEVEL.lower()
# The app logs each request itself.
accesslog = None


def on_starting(_server: Arbiter) -> None:
    """Refuse a secret that anyone can guess, before the server listens."""
    if (problem := settings.why_secret_is_refused()) is not None:
        raise SystemExit(problem)


def when_ready(server: Arbiter) -> None:
    """Prepare what workers inherit, before the first one starts."""
    server.app.wsgi().prepare()
    # A garbage collection in a worker would write to all inherited objects, and so copy their memory.
    gc.collect()
    gc.freeze()
    for listener in server.LISTENERS:
        bound_sending(listener.sock)
    # gunicorn tells a worker only once to stop. A worker that is just being forked would lose the signal, and be killed
    # after 25 seconds. So these signals are held back until `post_fork`.
    os.register_at_fork(
        before=partial(signal.pthread_sigmask, signal.SIG_BLOCK, ENDINGS),
        after_in_parent=partial(signal.pthread_sigmask, signal.SIG_UNBLOCK, ENDINGS),
    )


def post_fork(_server: Arbiter, _worker: Worker) -> None:
    """Remove the arbiter's signal handlers, then receive the signals that were held back."""
    for number in ENDINGS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDINGS)
