"""What a text must look like to be sent as a read: one statement of reading clauses, whatever names and strings hold.

Neither engine's own read-only mode is enough: Neo4j's lets LOAD CSV read files and hosts, the embedded engine's lets
LOAD FROM and COPY read and write files and takes several statements at a time. So a text is judged by its tokens:

1. It is cut into words, strings, numbers, parameters and symbols; comments fall away. A backslash before `u` is
   refused, because Neo4j replaces such escapes before it reads the text.
2. Where an operand just ended (a name, a number, a closing bracket …) a further word can only be a keyword: it must be
   in the lists below. Where an operand is expected a word is a name, whatever it spells.
3. A function that is called must be in the list of those that only compute (`functions`).
4. A statement, a subquery and what follows UNION begin with a clause that reads. CALL only begins a subquery.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from summit_graph.errors import SummitError
from summit_graph.store.functions import FUNCTIONS

_CLAUSES = frozenset({"MATCH", "OPTIONAL", "WITH", "UNWIND", "RETURN", "CALL"})
"""Words that a statement, a subquery and what follows UNION may begin with."""
_INFIX = frozenset(
    {"MATCH", "WITH", "UNWIND", "RETURN", "WHERE", "BY", "SKIP", "LIMIT", "OFFSET", "AS"}
    | {"AND", "OR", "XOR", "IN", "IS", "CONTAINS", "WHEN", "THEN", "ELSE"}
    | {"INDEX", "SCAN", "ON"}
)
"""Keywords after which an operand comes."""
_POSTFIX = frozenset({"ASC", "ASCENDING", "DESC", "DESCENDING", "END", "SHORTEST", "PATH", "PATHS", "GROUP", "GROUPS"})
"""Keywords after which, as after an operand, another keyword comes."""
_FOLLOWED_BY = {
    "OPTIONAL": {"MATCH"},
    "ORDER": {"BY"},
    "STARTS": {"WITH"},
    "ENDS": {"WITH"},
    "USING": {"INDEX", "SCAN", "JOIN"},
    "JOIN": {"ON"},
}
"""Keywords of two words: what must come second."""
_PREFIXES = frozenset({"NOT", "DISTINCT", "CASE"})
"""Words before an operand that leave an operand expected."""

_TOKEN = re.compile(
    r"""
    (?P<space>\s+ | //[^\r\n]* | /\*.*?\*/)
  | (?P<string>'(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*")
  | (?P<parameter>\$(?:`(?:[^`]|``)+`|\w+))
  | (?P<name>`(?:[^`]|``)*`)
  | (?P<number>\.?\d(?:[eE][+-]?\d|[\w]|\.(?=\d))*)
  | (?P<word>[^\W\d]\w*)
  | (?P<symbol>[-+*/%^=<>!|&,.:;?(){}\[\]~@\#])
    """,
    re.VERBOSE | re.DOTALL,
)

Kind = Literal["string", "parameter", "name", "number", "word", "symbol"]


@dataclass(frozen=True)
class Token:
    """A piece of a query text; `text` of a word is as it was written."""

    kind: Kind
    text: str

    @property
    def keyword(self) -> str:
        """A word in capitals; empty for every other token, so that a quoted name is never a keyword."""
        return self.text.upper() if self.kind == "word" else ""


@lru_cache(maxsize=256)
def parameters_of(text: str) -> frozenset[str]:
    """Names of the parameters that a text uses; raises SummitError where it cannot be a read.

    Canned texts come again with every question: what was judged once stands.
    """
    tokens = list(tokens_of(text))
    if tokens and tokens[-1].text == ";":
        tokens.pop()
    if not tokens:
        raise SummitError("the query is empty: begin with MATCH")
    if any(token.text == ";" for token in tokens if token.kind == "symbol"):
        raise SummitError("there are several statements: send one at a time")
    _check(tokens)
    return frozenset(token.text[1:].strip("`") for token in tokens if token.kind == "parameter")


def with_literals(text: str, literals: Mapping[str, str]) -> str:
    """A text that was judged, with a literal wherever it uses a parameter of that name."""
    between, used = _around_parameters(text)
    said = [literals.get(name, parameter) for name, parameter in used]
    return "".join(piece for pair in zip(between, [*said, ""], strict=True) for piece in pair)


@lru_cache(maxsize=1_024)
def _around_parameters(text: str) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """What stands before, between and after the parameters of a text; and their names, and how they are written."""
    between, used = [""], []
    for kind, piece in _pieces(text):
        if kind == "parameter":
            used.append((piece[1:].strip("`"), piece))
            between.append("")
        else:
            between[-1] += piece
    return tuple(between), tuple(used)


@lru_cache(maxsize=256)
def numbers_of_rows(text: str) -> frozenset[str]:
    """Names of the parameters that say how many rows are skipped or answered."""
    pairs = pairwise(tokens_of(text))
    return frozenset(
        after.text[1:].strip("`")
        for before, after in pairs
        if before.keyword in {"SKIP", "OFFSET", "LIMIT"} and after.kind == "parameter"
    )


def on_one_line(text: str) -> str:
    """A text with one space for each stretch of spaces, line breaks and comments; names and strings stay."""
    return "".join(" " if kind == "space" else piece for kind, piece in _pieces(text))


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Kind and text of each piece of a text, spaces among them; after the last that can be read comes the rest."""
    place = 0
    while match := _TOKEN.match(text, place):
        place = match.end()
        yield str(match.lastgroup), match.group()
    yield "rest", text[place:]


def tokens_of(text: str) -> Iterator[Token]:
    """The words, strings, numbers, parameters and symbols of a text; raises SummitError where it has something else."""
    if re.search(r"\\[uU]", text):
        raise SummitError("the query has a \\u escape: write the character itself, or pass the text as a parameter")
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or (text.startswith("/*", place) and match.lastgroup != "space"):
            what = "a quote or comment that is not closed" if text[place] in "'\"`/" else repr(text[place])
            raise SummitError(f"the query has {what} at character {place + 1}")
        place = match.end()
        kind = match.lastgroup
        if kind != "space":
            yield Token(kind, match.group())  # type: ignore[arg-type]


def _check(tokens: Sequence[Token]) -> None:
    """Walks over the tokens; `operand_ended` says whether a word that comes now can only be a keyword."""
    operand_ended = False
    clause_begins = True
    demanded: set[str] = set()
    before = Token("symbol", ";")
    for place, token in enumerate(tokens):
        after = tokens[place + 1] if place + 1 < len(tokens) else Token("symbol", ";")
        word = token.keyword
        if demanded and word not in demanded:
            raise _refusal(token)
        if clause_begins and _must_be_clause(token, before, after) and word not in _CLAUSES:
            raise _refusal(token)
        inner = (before.keyword, word) == ("CASE", "WHEN") or (before.text, word) == ("|", "WHERE")
        keyword_place = inner or (word and (demanded or clause_begins or operand_ended) and not _is_name(before, after))
        clause_begins, demanded = False, set()
        if keyword_place and word in _FOLLOWED_BY:
            demanded, operand_ended = _FOLLOWED_BY[word], False
        elif keyword_place and word == "UNION":
            # ALL and DISTINCT are no part of the clause that follows.
            operand_ended, clause_begins = False, True
        elif before.keyword == "UNION" and word in {"ALL", "DISTINCT"}:
            operand_ended, clause_begins = False, True
        elif keyword_place and word == "CALL":
            if after.text not in {"{", "("}:
                raise SummitError("a query that only reads calls no procedures: CALL is only for a subquery")
            operand_ended = False
        elif keyword_place and word in _INFIX:
            operand_ended = False
        elif keyword_place and word in _POSTFIX:
            operand_ended = True
        elif keyword_place:
            raise _refusal(token)
        elif word in _PREFIXES and before.text != "." and after.text not in {".", ":", ",", ")"}:
            operand_ended = False
        elif token.kind in {"word", "name"} and after.text == "(" and not _is_label(before):
            _check_function(tokens, place)
            operand_ended = False
        elif token.kind != "symbol":
            operand_ended = True
        elif token.text == "*":
            # All of RETURN *, WITH *, count(*); else a product or a path's length, after which an operand comes.
            operand_ended = before.keyword in {"RETURN", "WITH", "DISTINCT"} or before.text == "("
        else:
            operand_ended = token.text in {")", "]", "}"}
            clause_begins = token.text == "{"
        before = token


def _must_be_clause(token: Token, before: Token, after: Token) -> bool:
    """Whether a clause must begin here: not in a map ({key: …}), a projection ({.name, other}) or before a pattern."""
    if before.text == "{":
        return token.kind == "word" and after.text not in {":", ",", "}"}
    return before.keyword != "UNION" or token.keyword not in {"ALL", "DISTINCT"}


def _is_name(before: Token, after: Token) -> bool:
    """Whether a word is a key, a property or a label, whatever it spells."""
    return before.text in {".", ":", "|", "&", "!"} or (before.text in {"{", ","} and after.text == ":")


def _is_label(before: Token) -> bool:
    """Whether a name is a label or type, after which a bracket holds properties (USING INDEX) or a node."""
    return before.text in {":", "|", "&", "!"}


def _check_function(tokens: Sequence[Token], place: int) -> None:
    """Raises SummitError unless the function that is called at that place, `namespace.name(`, is one of ours."""
    parts = [tokens[place].text]
    while place >= 2 and tokens[place - 1].text == "." and tokens[place - 2].kind in {"word", "name"}:
        place -= 2
        parts.insert(0, tokens[place].text)
    name = ".".join(part.strip("`") for part in parts)
    if name.lower() not in FUNCTIONS:
        raise SummitError(
            f"{name[:60]}() cannot be called: a query that only reads has the functions that only compute"
        )


def _refusal(token: Token) -> SummitError:
    return SummitError(
        f"{token.text[:40]!r} cannot stand there in a query that only reads "
        f"(MATCH, OPTIONAL MATCH, WITH, UNWIND, RETURN, UNION, WHERE, ORDER BY, SKIP, LIMIT); "
        f"put a name that is spelt like a keyword into back-ticks"
    )
