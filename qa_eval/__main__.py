"""`qa-eval`, also as `python -m qa_eval`."""

from __future__ import annotations

import sys

from qa_eval.cli import cli


def main() -> None:
    """Runs the command line and leaves with its exit code: 0, 1, 2 or 130 (see `qa_eval.cli`)."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets its escape, never a traceback.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    cli(prog_name="qa-eval")


if __name__ == "__main__":
    main()
