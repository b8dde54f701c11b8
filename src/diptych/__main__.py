"""The command ``diptych``, and ``python -m diptych``."""

from diptych.cli.interrupt import interruptible


def main() -> None:
    """Run the command line and exit with its exit code; Ctrl-C may come while it is loaded."""
    with interruptible():
        from diptych.cli.app import main as run

        run()


if __name__ == "__main__":
    main()
