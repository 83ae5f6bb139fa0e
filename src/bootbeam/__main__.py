"""``python -m bootbeam``: the same as the ``bootbeam`` command."""

from bootbeam.cli.main import main

if __name__ == "__main__":
    main()
