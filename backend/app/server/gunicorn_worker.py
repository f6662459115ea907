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
    """gunicorn's worker: uvicorn with the board's settings, logging to the same place as everything else.

    `uvicorn_worker` itself passes on neither the time limit for stopping nor any WebSocket setting.
    """

    CONFIG_KWARGS: dict[str, Any] = UVICORN_SETTINGS
    sockets: list[Any]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        # The parent class gives uvicorn's loggers gunicorn's handlers and level. There are no handlers here, because
        # the root logger has them. The level DEBUG would log tokens.
        for name in ("uvicorn.error", "uvicorn.access"):
            logger = logging.getLogger(name)
            logger.propagate = True
            logger.setLevel(LOGGERS[name]["level"])

    def init_process(self) -> None:
        """Multiply the listeners, then work like any worker."""
        self.sockets = [again for listener in self.sockets for again in times_over(listener.sock)]
        super().init_process()
