"""Texts that the embedded engine answers wrong rows with whatever their plan (ladybug 0.22.0); see `plans`.

A drawn plan leaves out some operators' names, so these are found in the text's words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from summit_graph.store.reading import tokens_of

_CLAUSES = frozenset(
    {"MATCH", "OPTIONAL", "WITH", "UNWIND", "RETURN", "ORDER", "SKIP", "LIMIT", "CALL", "UNION", "WHERE"}
)
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_CHOOSING = frozenset({"COALESCE", "IFNULL"})
MOST_OPEN = 200
"""How many brackets and CASE may be open at once in a text that is judged."""
MOST_CASES = 10
"""How many CASE may stand within each other: the engine reads what follows THEN twice, and what is in there four times
and so on, before its time limit begins (0.22.0: 0.7 s for 18 of them, hours for 50)."""


def words_of(text: str) -> list[str]:
    """The words and symbols of a text, keywords and names in capitals; the quotes of names and strings stay.

    A property is in back-ticks, so that none is taken for a keyword.
    """
    words: list[str] = []
    for token in tokens_of(text):
        is_property = token.keyword and words[-1:] == ["."]
        words.append(f"`{token.text}`" if is_property else token.keyword or token.text)
    return words


def most_open(words: Iterable[str]) -> int:
    """How many brackets and CASE are open at once, where the most are."""
    depth = most = 0
    for word in words:
        depth += _step(word)
        most = max(most, depth)
    return most


def most_cases(words: Sequence[str]) -> int:
    """How many CASE stand within each other, where the most do."""
    return most_open(word for word in words if word in {"CASE", "END"})


def has_nested_case(words: Sequence[str]) -> bool:
    """Whether the condition of a CASE is nothing but a CASE."""
    # Where the condition that is being read began, for each CASE that is open.
    begins: list[int | None] = []
    for place, word in enumerate(words):
        if word == "CASE":
            begins.append(None)
        elif word == "END":
            del begins[-1:]
        elif word == "WHEN" and begins:
            begins[-1] = place + 1
        elif word == "THEN" and begins and begins[-1] is not None:
            condition = _without_brackets(words[begins[-1] : place])
            begins[-1] = None
            if condition[:1] == ["CASE"] and condition[-1] == "END" and _is_one(condition, "CASE", "END"):
                return True
    return False


def has_lone_truth_value(words: Sequence[str]) -> bool:
    """Whether a condition of a WHERE, alone or joined to others by AND, is a computed truth value and compares nothing.

    That is a name that stands for something computed, or a call of coalesce or ifnull. NOT of it is right, NOT NOT not.
    """
    computed = set(_names_of_computed(words))
    for place, word in enumerate(words):
        for part in _joined_by_and(_condition(words, place + 1)) if word == "WHERE" else ():
            is_call = _name(part[0]) in _CHOOSING and part[1:2] == ["("] and _without_brackets(part[1:]) != part[1:]
            if is_call or (len(part) == 1 and _name(part[0]) in computed):
                return True
    return False


def _names_of_computed(words: Sequence[str]) -> Iterator[str]:
    """Names that are given with AS to anything but a property."""
    for place, word in enumerate(words[:-1]):
        is_property = words[place - 2] == "." and words[place - 4] in {"WITH", "DISTINCT", ","}
        if word == "AS" and not is_property:
            yield _name(words[place + 1])


def _name(word: str) -> str:
    """A name as it is compared: to the engine, back-ticks and the case of letters make no difference."""
    return word.strip("`").upper()


def _condition(words: Sequence[str], begin: int) -> list[str]:
    """What stands between a WHERE and the next clause, or the bracket that closes around it."""
    depth = 0
    for end in range(begin, len(words)):
        depth += (words[end] in _OPENING) - (words[end] in _CLOSING)
        is_clause = depth == 0 and words[end] in _CLAUSES and words[end - 1] not in {"STARTS", "ENDS"}
        if depth < 0 or is_clause:
            return list(words[begin:end])
    return list(words[begin:])


def _joined_by_and(condition: list[str]) -> Iterator[list[str]]:
    """What a condition joins by AND, in whatever brackets; what OR or XOR join compares, and is left out."""
    pending = [condition]
    while pending:
        words = _without_brackets(pending.pop())
        nots = next((place for place, word in enumerate(words) if word != "NOT"), len(words))
        if nots == 1 and (inner := _without_brackets(words[1:]))[:1] == ["NOT"]:
            words, nots = ["NOT", *inner], nots + 1
        if nots > 1:
            pending.append(words[nots - nots % 2 :])
            continue
        parts: list[list[str]] = [[]]
        depth = 0
        for word in words:
            depth += _step(word)
            if depth == 0 and word in {"OR", "XOR"}:
                break
            if depth == 0 and word == "AND":
                parts.append([])
            else:
                parts[-1].append(word)
        else:
            if len(parts) > 1:
                pending.extend(parts)
            elif words:
                yield words


def _step(word: str) -> int:
    """By how much a word changes the number of brackets and CASE that are open."""
    return (word in _OPENING or word == "CASE") - (word in _CLOSING or word == "END")


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
