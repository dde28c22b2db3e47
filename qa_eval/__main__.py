"""The command `qa-eval`, which is also `python -m qa_eval`.

This module imports at its top only what Python has loaded already. `main` therefore starts at once, and can
handle ctrl-C while the rest of the program is loaded.
"""

import os


def main() -> None:
    """Runs the command line and exits with its code: 0, 1, 2 or 130 (see `qa_eval.cli.command`)."""
    try:
        with _Loading():
            from qa_eval.cli.process import run
        run()
    except KeyboardInterrupt:
        _say_so()
        raise SystemExit(130) from None
    except ImportError as error:
        raise SystemExit(f"Error: qa-eval cannot be loaded: {error}. Install it again.") from None


class _Loading:
    """Makes ctrl-C end the process at once while modules load, when it could raise any error.

    No work has begun yet that needs an end.
    """

    def __enter__(self) -> None:
        import signal

        self._before = signal.getsignal(signal.SIGINT)
        if self._before is signal.default_int_handler:  # otherwise the signal is ignored, as nohup sets it
            signal.signal(signal.SIGINT, _end_at_once)

    def __exit__(self, *_: object) -> None:
        import signal

        signal.signal(signal.SIGINT, self._before)


def _end_at_once(*_: object) -> None:
    _say_so()
    os._exit(130)


def _say_so() -> None:
    """Writes on stderr that the program was interrupted."""
    try:  # noqa: SIM105 - contextlib is not loaded yet
        os.write(2, b"\ninterrupted\n")  # begins a line, because a terminal shows ^C before
    except OSError:
        pass


if __name__ == "__main__":
    main()
