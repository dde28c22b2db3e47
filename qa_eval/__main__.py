"""`qa-eval`, also as `python -m qa_eval`.

Nothing is imported up here: ctrl-C while the program is loaded has to find `main` at work.
"""


def main() -> None:
    """Runs the command line and leaves with its exit code: 0, 1, 2 or 130 (see `qa_eval.cli.commanding`)."""
    try:
        from qa_eval.cli.process import run

        run()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except ImportError as error:
        raise SystemExit(f"Error: qa-eval cannot be loaded, install it again: {error}") from None


if __name__ == "__main__":
    main()
