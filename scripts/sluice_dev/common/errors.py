"""Why a command ends early. __main__.py makes messages and exit codes of these."""


class CannotRun(Exception):
    """Nothing could be done, or not all of it. The text says what, where, and what to do. Exit code 2."""
