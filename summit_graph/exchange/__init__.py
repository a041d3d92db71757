"""Other people's formats, in and out: each is turned into a run directory, or a run into it."""

from collections.abc import Mapping

SUMMIT_RUN = "summit"
"""The name that a run of Summit's published graphs has unless another is given."""
PUBLISHED_PARAMETERS: Mapping[str, float] = {
    "activation_mass": 0.01,
    "influence_top": 5,
    "attribution_mass": 0.075,
    "damping": 0.85,
}
"""What Summit's authors made their files with. They differ from the paper, whose activation mass is 0.03."""
