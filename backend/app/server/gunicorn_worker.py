"""gunicorn's worker."""

import logging
from typing import Any, Final

from uvicorn_worker import UvicornWorker

from app.config import settings
from app.logs import dict_config
from app.server.listeners import times_over
from app.server.uvicorn_settings import UVICORN_SETTINGS

LOGGERS: Final = dict_config(settings.LOG_LEVEL)["loggers"]


class Worker(UvicornWorker):
    """gunicorn's worker: uvicorn with the board's settings, its log lines going where all others go.

    `uvicorn_worker` itself passes on neither the time to stop nor any setting of WebSockets.
    """

    CONFIG_KWARGS: dict[str, Any] = UVICORN_SETTINGS
    sockets: list[Any]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        # The parent class ties uvicorn's loggers to gunicorn's handlers and level. Handlers it has none here: the root
        # logger has. The level at DEBUG would be one that shows tokens.
        for name in ("uvicorn.error", "uvicorn.access"):
            logger = logging.getLogger(name)
            logger.propagate = True
            logger.setLevel(LOGGERS[name]["level"])

    def init_process(self) -> None:
        """Listen several times over, and then work as any worker does."""
        self.sockets = [again for listener in self.sockets for again in times_over(listener.sock)]
        super().init_process()
