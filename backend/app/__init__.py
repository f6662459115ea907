"""Statusboard: a self-hosted status board for teams."""

__version__ = "0.1.0"
