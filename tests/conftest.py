"""For all tests."""

from hypothesis import settings

# A computer that boots virtual machines beside the tests is slow at times; pytest's own limit ends what hangs.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
