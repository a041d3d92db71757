"""The licences of what the project installs: nothing that would bind its users to the GPL."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution

import pytest

EXTRAS = ("ingest", "notebook", "dev")
# LGPL and "with exceptions" licences bind the library, not who imports it.
STRONG_COPYLEFT = re.compile(r"(?<!L)(?<!Lesser )\b(A?GPL|(Affero )?General Public License)", re.IGNORECASE)


def _requirement_name(requirement: str) -> str:
    return re.split(r"[\s;<>=!~\[(]", requirement, maxsplit=1)[0]


def _installed_closure(name: str, extras: tuple[str, ...]) -> dict[str, Distribution]:
    """Every installed distribution that the project pulls in, by name."""
    found: dict[str, Distribution] = {}
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in found:
            continue
        try:
            found[current] = distribution(current)
        except PackageNotFoundError:
            continue  # for another platform or Python, or an extra that nobody asked for
        for requirement in found[current].requires or ():
            wanted = re.search(r"extra\s*==\s*['\"]([\w-]+)['\"]", requirement)
            if wanted is None or (current == name and wanted.group(1) in extras):
                waiting.append(_requirement_name(requirement))
    return found


def licence_of(package: Distribution) -> str:
    """What a distribution says of its licence: the expression, else the classifiers, else the text's first line."""
    said = package.metadata.json
    expression, classifiers, text = (said.get(key) or "" for key in ("license_expression", "classifier", "license"))
    named = [line.rsplit(" :: ", 1)[-1] for line in classifiers if line.startswith("License ::")]
    return str(expression) or "; ".join(named) or " ".join(str(text).strip().splitlines()[:1])


def test_no_dependency_is_under_the_gpl() -> None:
    packages = _installed_closure("summit-graph", EXTRAS)
    assert len(packages) > 50
    assert {
        name: licence_of(package) for name, package in packages.items() if STRONG_COPYLEFT.search(licence_of(package))
    } == {}


@pytest.mark.parametrize("text", ["GPL-3.0-only", "GNU General Public License v3 (GPLv3)", "AGPL-3.0"])
def test_a_strong_copyleft_licence_is_recognized(text: str) -> None:
    assert STRONG_COPYLEFT.search(text)


@pytest.mark.parametrize("text", ["MIT", "LGPL-3.0-or-later", "BSD-3-Clause", "Apache-2.0"])
def test_other_licences_are_not_taken_for_it(text: str) -> None:
    assert not STRONG_COPYLEFT.search(text)
