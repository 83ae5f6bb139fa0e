"""The ``bootbeam`` command: starts what was asked for, and tells a person of an error."""

import sys
from io import TextIOWrapper

from bootbeam.cli import serve
from bootbeam.cli.plain_options import read_plainly
from bootbeam.errors import UserError

EXIT_INTERRUPTED = 130


def main() -> None:
    """Run the command line; an error a person can put right is told in words, without a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A letter that the terminal cannot show is no reason to show nothing.
            stream.reconfigure(errors="backslashreplace")
    try:
        _run(sys.argv[1:])
    except UserError as error:
        # Loaded here, with rich: a station that starts has no error.
        from bootbeam.cli.complaint import EXIT_USER_ERROR, print_error

        print_error(error)
        sys.exit(EXIT_USER_ERROR)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)


def _run(words: list[str]) -> None:
    # A station that is started plainly is read plainly, and no other command is loaded for it: for each option typer
    # makes a validator, which together with their library takes 70 ms and 10 MB.
    options = read_plainly(serve.serve, words[1:]) if words[:1] == ["serve"] else None
    if options is not None:
        serve.serve(**options)
        return
    from bootbeam.cli.app import app

    app()
