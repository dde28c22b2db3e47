"""Environments of commands."""

from __future__ import annotations

import os


def of_an_installation() -> dict[str, str]:
    """This environment, in which Python keeps compiled modules, as it does for an installed program."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
