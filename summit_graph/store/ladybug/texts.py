"""Texts that the embedded engine answers wrong rows with whatever their plan (ladybug 0.22.0); see `plans`.

A drawn plan leaves out some operators' names, so these are found in the text's words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from summit_graph.store.reading import tokens_of

_CLAUSES = frozenset(
    {"MATCH", "OPTIONAL", "WITH", "UNWIND", "RETURN", "ORDER", "SKIP", "LIMIT", "CALL", "UNION", "WHERE"}
)
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_CHOOSING = frozenset({"COALESCE", "IFNULL"})


def words_of(text: str) -> list[str]:
    """The words and symbols of a text, keywords and names in capitals; the quotes of names and strings stay."""
    return [token.keyword or token.text for token in tokens_of(text)]


def has_nested_case(words: Sequence[str]) -> bool:
    """Whether the condition of a CASE is nothing but a CASE."""
    for place, word in enumerate(words):
        if word == "WHEN":
            end = next((end for end in range(place, len(words)) if _is_then_of(words, place, end)), len(words))
            condition = _without_brackets(words[place + 1 : end])
            if condition[:1] == ["CASE"] and condition[-1] == "END" and _is_one(condition, "CASE", "END"):
                return True
    return False


def has_lone_truth_value(words: Sequence[str]) -> bool:
    """Whether a condition of a WHERE, alone or joined to others by AND, is a computed truth value and compares nothing.

    That is a name that stands for something computed, or a call of coalesce or ifnull.
    """
    computed = set(_names_of_computed(words))
    for place, word in enumerate(words):
        for part in _joined_by_and(_condition(words, place + 1)) if word == "WHERE" else ():
            is_call = part[0] in _CHOOSING and part[1:2] == ["("] and _without_brackets(part[1:]) != part[1:]
            if is_call or (len(part) == 1 and part[0] in computed):
                return True
    return False


def _names_of_computed(words: Sequence[str]) -> Iterator[str]:
    """Names that are given with AS to anything but a property."""
    for place, word in enumerate(words[:-1]):
        is_property = words[place - 2] == "." and words[place - 4] in {"WITH", "DISTINCT", ","}
        if word == "AS" and not is_property:
            yield words[place + 1]


def _condition(words: Sequence[str], begin: int) -> list[str]:
    """What stands between a WHERE and the next clause, or the bracket that closes around it."""
    depth = 0
    for end in range(begin, len(words)):
        depth += (words[end] in _OPENING) - (words[end] in _CLOSING)
        is_clause = depth == 0 and words[end] in _CLAUSES and words[end - 1] not in {"STARTS", "ENDS"}
        if depth < 0 or is_clause:
            return list(words[begin:end])
    return list(words[begin:])


def _joined_by_and(words: list[str]) -> Iterator[list[str]]:
    words = _without_brackets(words)
    parts: list[list[str]] = [[]]
    depth = 0
    for word in words:
        depth += (word in _OPENING or word == "CASE") - (word in _CLOSING or word == "END")
        if depth == 0 and word in {"OR", "XOR"}:
            # One filter, which compares.
            return
        if depth == 0 and word == "AND":
            parts.append([])
        else:
            parts[-1].append(word)
    if len(parts) == 1:
        yield from filter(None, parts)
        return
    for part in parts:
        yield from _joined_by_and(part)


def _is_then_of(words: Sequence[str], begin: int, end: int) -> bool:
    """Whether the THEN of the WHEN at `begin` stands at `end`, and not that of a CASE between."""
    between = words[begin:end]
    return words[end] == "THEN" and between.count("CASE") == between.count("END")


def _without_brackets(words: Sequence[str]) -> list[str]:
    """Words without the round brackets that stand around all of them."""
    inner = list(words)
    while inner[:1] == ["("] and inner[-1] == ")" and _is_one(inner, "(", ")"):
        inner = inner[1:-1]
    return inner


def _is_one(words: Sequence[str], opening: str, closing: str) -> bool:
    """Whether what the first word opens is closed by the last and not before."""
    depth = 0
    for place, word in enumerate(words):
        depth += (word == opening) - (word == closing)
        if depth == 0:
            return place == len(words) - 1
    return False
