"""The numbers that options of the command line take."""

import click
import pytest
from click.testing import CliRunner

from app.cli import main

NUMERIC = (click.types.IntParamType, click.types.FloatParamType)  # Number is one too
OPTIONS = [
    (command.name, option)
    for command in main.commands.values()
    for option in command.params
    if isinstance(option.type, NUMERIC)
]
ODD = [
    *("nan", "NaN", "inf", "-inf", "infinity", "", " ", "x", "1e2", "1_0", "+5", " 5", "5 ", "0x10", "5.", ".5", "1,5"),
    *("-1", "-0.5", "\N{ARABIC-INDIC DIGIT FIVE}", "\N{FULLWIDTH DIGIT FIVE}", "1e999", "9" * 20, "9" * 5000),
]
each_option = pytest.mark.parametrize(
    ("command", "option"), OPTIONS, ids=[f"{command} {option.opts[0]}" for command, option in OPTIONS]
)


def refusal(command: str, option: click.Parameter, value: str) -> str:
    """Return what a command says of an option's value, which it must not take."""
    result = CliRunner().invoke(main, [command, f"{option.opts[0]}={value}"])
    assert result.exit_code == 2, (value[:20], result.output)
    return result.stderr.splitlines()[-1]


@each_option
def test_a_number_is_written_in_plain_digits(command: str, option: click.Parameter):
    """Whatever else Python reads as one is refused, in a sentence with the limits; what was typed is not repeated."""
    sentences = {refusal(command, option, value) for value in ODD}

    (sentence,) = sentences
    assert sentence.startswith(f"Error: Invalid value for '{option.opts[0]}': must be a ")
    assert f"number from {option.type.min} to {option.type.max}, in plain digits" in sentence


@each_option
def test_a_number_has_limits(command: str, option: click.Parameter):
    """Both of them are taken, and nothing beyond."""
    least, most = option.type.min, option.type.max

    assert [option.type.convert(str(limit), option, None) for limit in (least, most)] == [least, most]
    refusal(command, option, str(most + 1))
    assert least == 0 or refusal(command, option, "0")
