"""The numbers that command line options accept."""

import re
from typing import Final

import click

A_YEAR: Final = 31_536_000  # seconds


class Number(click.FloatRange):
    """A number within limits, in plain digits. Python would also accept `1e9`, `1_0`, and `nan`, which has no limit."""

    name = "number"
    form = r"[0-9]{1,15}(\.[0-9]{1,15})?"

    def __init__(self, least: float, most: float) -> None:
        super().__init__(least, most)
        self.sentence = f"must be a {self.name} from {least} to {most}, in plain digits."
        self.least, self.most = least, most

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number that was typed, or the option's default."""
        if not re.fullmatch(self.form, str(value)) or not self.least <= (number := float(str(value))) <= self.most:
            self.fail(self.sentence, param, ctx)
        return number


class WholeNumber(Number):
    """A whole number within limits."""

    name = "whole number"
    form = r"[0-9]{1,15}"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number as an `int`."""
        return int(super().convert(value, param, ctx))
