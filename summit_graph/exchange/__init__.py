"""Other people's formats, in and out: each is turned into a run directory, or a run into it."""

SUMMIT_RUN = "summit"
"""The name that a run of Summit's published graphs has unless another is given."""
