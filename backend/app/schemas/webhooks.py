"""Answers to GitHub."""

from typing import Literal

from app.schemas.base import AnswerModel


class Taken(AnswerModel):
    """What happened to a delivery: processed, seen before, or ignored, because nobody has mentioned its subject."""

    result: Literal["done", "seen", "ignored"]
