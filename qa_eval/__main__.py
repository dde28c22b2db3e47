"""`qa-eval`, also as `python -m qa_eval`.

Nothing is imported up here but what Python has loaded itself: ctrl-C while the program is loaded has to find
`main` at work.
"""

import os


def main() -> None:
    """Runs the command line and leaves with its exit code: 0, 1, 2 or 130 (see `qa_eval.cli.command`)."""
    try:
        with _Loading():
            from qa_eval.cli.process import run
        run()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except ImportError as error:
        raise SystemExit(f"Error: qa-eval cannot be loaded, install it again: {error}") from None


class _Loading:
    """While it lasts, ctrl-C ends the process: nothing is begun yet, and half a module raises any error."""

    def __enter__(self) -> None:
        import signal

        self._before = signal.getsignal(signal.SIGINT)
        if self._before is signal.default_int_handler:  # else it is ignored, as by nohup
            signal.signal(signal.SIGINT, lambda *_: os._exit(130))

    def __exit__(self, *_: object) -> None:
        import signal

        signal.signal(signal.SIGINT, self._before)


if __name__ == "__main__":
    main()
