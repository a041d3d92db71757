"""The errors a user can cause or mend. The command prints the line and exits 1 (for wrong usage 2); the service makes
a problem of it.
"""


class SummitError(Exception):
    """Something the user can mend; the message is one line that says what is wrong and what to do."""


class NotFound(SummitError):
    """A run, class, layer, neuron or query that is not there; `nearest` holds the names that come closest."""

    def __init__(self, message: str, nearest: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.nearest = nearest


class InvalidParameter(SummitError):
    """A parameter that is missing, unknown, of the wrong type or out of its bounds; `parameter` names it.

    The command takes it for wrong usage: exit code 2.
    """

    def __init__(self, message: str, parameter: str = "") -> None:
        super().__init__(message)
        self.parameter = parameter


class StoreUnavailable(SummitError):
    """The graph store does not answer, refuses the password, or is no store of ours."""


class OtherFormat(StoreUnavailable):
    """A run lies in the graph store in another format than this version reads."""


class StoreChanged(StoreUnavailable):
    """Other runs are in the graph store than were when names were looked up there."""


class QueryTimeout(SummitError):
    """A query ran past its time limit and was stopped."""


class QueryRefused(SummitError):
    """The engine does not take a query's text: the fault of who wrote it."""


class WrongQueryFile(SummitError):
    """A file of the catalogue does not do what its header says; the message names it."""


class Unsupported(SummitError):
    """A model that cannot be traced exactly; the message names the operation and the module path."""
