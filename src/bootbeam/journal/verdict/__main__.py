"""``python -m bootbeam.journal.verdict``: prints docs/troubleshooting.md."""

import sys

from bootbeam.journal.verdict.page import render_page

sys.stdout.write(render_page())
