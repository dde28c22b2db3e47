"""`--config FILE.toml`: a file that holds flags of a command.

A key of the file is a flag's long name, with `-` or `_`. A flag on the command line replaces the file's flag.
Paths are relative to the current folder, as they are on the command line.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qa_eval.cli.argument_types import PATH
from qa_eval.errors import QaEvalError
from qa_eval.files.paths import read_input
from qa_eval.text.phrases import choices


class ConfigError(click.ClickException):
    """An error in a configuration file. The message names the file and the key."""

    exit_code = 2

    def __init__(self, path: Path, message: str) -> None:
        from qa_eval.text.terminal import clean

        super().__init__(clean(f"{path}: {message}"))


def config_option() -> click.Option:
    """The option `--config`, which every command has."""
    return click.Option(
        ["--config"],
        type=PATH,
        metavar="FILE.toml",
        is_eager=True,  # it sets the defaults of all other options
        expose_value=False,
        callback=_apply,
        help="TOML file with flags of this command. A flag on the command line replaces that of the file.",
    )


def _apply(ctx: click.Context, param: click.Parameter, path: Path | None) -> None:
    if path is not None:
        ctx.default_map = load_flags(path, ctx)


def load_flags(path: Path, ctx: click.Context) -> dict[str, Any]:
    """The file's flags by parameter name, each checked as the command line would check it.

    Raises ConfigError for a file that cannot be read or is not TOML, for a key that is no flag of the command
    (with the nearest names), for a flag that is there twice, and for a value that the flag does not take.
    """
    flags = {
        flag.removeprefix("--"): param
        for param in ctx.command.params
        if isinstance(param, click.Option) and param.expose_value
        for flag in param.opts
        if flag.startswith("--")
    }
    found: dict[str, Any] = {}
    for key, value in _read_toml(path).items():
        name = key.replace("_", "-")
        if isinstance(value, dict):
            raise ConfigError(path, f"{key}: is a table; put the flags at the top level of the file")
        if (flag := flags.get(name)) is None:
            hint = choices(name, sorted(flags))
            raise ConfigError(path, f"{key}: '{ctx.command_path}' has no such flag; {hint}")
        assert flag.name is not None
        if flag.name in found:
            raise ConfigError(path, f"{key}: given twice")
        found[flag.name] = _checked(path, key, value, flag, ctx)
    return found


def _read_toml(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(read_input(path).decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError(path, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(path, f"not UTF-8: byte {error.start}") from None
    except RecursionError:
        raise ConfigError(path, "not valid TOML: nested too deeply") from None
    except ValueError as error:  # Python raises ValueError itself for a number with too many digits
        raise ConfigError(path, f"not valid TOML: {error}") from None


def _checked(path: Path, key: str, value: object, flag: click.Option, ctx: click.Context) -> object:
    if flag.is_flag != isinstance(value, bool):
        wanted = "true or false" if flag.is_flag else "a value, not true or false"
        raise ConfigError(
            path, f"{key}: takes {wanted}, not {value!r}" if flag.is_flag else f"{key}: takes {wanted}"
        )
    if isinstance(value, list) and not flag.multiple:
        raise ConfigError(path, f"{key}: takes one value, not a list")
    if flag.multiple and not isinstance(value, list):
        value = [value]
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, str | int | float):
            raise ConfigError(path, f"{key}: takes text or a number, not {one}")
        if isinstance(one, float) and isinstance(flag.type, type(click.INT)):
            raise ConfigError(path, f"{key}: takes a whole number, not {one}")
    try:
        flag.type_cast_value(ctx, value)
    except click.BadParameter as error:
        raise ConfigError(path, f"{key}: {error.message}") from None
    except QaEvalError as error:
        raise ConfigError(path, f"{key}: {error}") from None
    return value
