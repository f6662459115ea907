"""What GitHub is answered."""

from typing import Literal

from app.schemas.base import AnswerModel


class Taken(AnswerModel):
    """What became of a delivery: taken in, seen before, or of nothing that anyone has spoken of."""

    result: Literal["done", "seen", "ignored"]
