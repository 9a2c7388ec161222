"""The rules of English that `make lint` checks: words and sentence forms that the texts of this project do not use.

Each rule is a pattern in RE2's syntax and a message that says what to write instead. A space in a pattern matches any
white space, line breaks included. Patterns ignore case unless `case` is set.
"""

from __future__ import annotations

from typing import NamedTuple

from scripts import prose_text


class Rule(NamedTuple):
    """A pattern that must not occur, and what to write instead."""

    name: str
    pattern: str
    instead: str
    exceptions: tuple[str, ...] = ()
    """Patterns of matches that are right after all; each must match the whole of what `pattern` matched."""
    case: bool = False
    """Whether upper and lower case differ."""


RULES = (
    Rule(
        "clause",
        rf"(?:{prose_text.START}\s*(?:[Ww]hat|[Ww]ho|[Ww]hose)|\b(?:What|Who|Whose)) \S[^.?!{prose_text.START}]*[.?!]?",
        "begin with the subject: name the actor or the thing, or write 'If you ...'",
        exceptions=(r"[^?]*\?",),
        case=True,
    ),
    Rule(
        "told",
        r"\b(?:is|are|was|were|be|been|being|gets?) (?:(?:not|also|never|only|always) )?(?:told|said)\b",
        "name who reports what: 'the operator logs ...', 'the gateway responds with ...'",
    ),
    Rule(
        "tells-of", r"\b(?:tells?|told|says?|said|spoken|speaks?|hears?|heard) of\b", "write 'report', 'log' or 'show'"
    ),
    Rule(
        "is-no",
        r"(?:\b(?:there|here) )?\b(?:is|are|was|were) (?:no \S+|none\b)",
        "negate the verb: 'is not a Job', 'is invalid'",
        exceptions=(
            r"(?:t?here) (?:is|are|was|were) (?:no \S+|none)",
            r"(?:is|are|was|were) no longer",
            r"(?-i:\S+ None)",  # Python's value
        ),
    ),
    Rule("no-more", r"\w no more[.,;:)]", "write 'no longer' with the verb: 'the operator no longer retries'"),
    Rule("sake", r"\bfor \S+ sake\b", "write 'for compatibility with ...' or 'because ...'"),
    Rule("anew", r"\banew\b", "write 'again', or the verb: 'restart', 'rebuild'"),
    Rule("whose", r"\bwhose (?:it|they|a|an|the|groups?) ", "write 'owner': 'the owner of the group'"),
    Rule("likewise", r"\blikewise\b", "write 'too', 'also' or 'in the same way'"),
    Rule(
        "of-what",
        r"\b(?:of|by|with|from|than|only|but|on) what (?:is|are|was|were|has|have|nobody|no)\b",
        "name the thing: 'the series that were pushed' instead of 'what was pushed'",
    ),
    Rule(
        "beside",
        r"\bbeside (?:this|that|these|those|it|them|what|one|each)\b|\bbesides[.;:)]",
        "write 'alongside' or 'next to' (place), 'in addition to' or 'also' (addition)",
    ),
    Rule(
        "nobody",
        r"\b(?:nobody|somebody|whoever|whomever)\b",
        "name the actor: 'client', 'user', 'no scraper', 'anyone who'",
    ),
    Rule("stranger", r"\bstrangers?\b", "write what it is: 'another client', 'an unowned group'"),
    Rule("turn-away", r"\bturn(?:s|ed|ing)? away\b", "write 'reject', with the status code"),
    Rule(
        "refuse",
        r"(?:\bconnections? )?\brefus(?:e|es|ed|al|als|ing)\b(?: to\b)?",
        "write 'reject' with the status code, or 'fail'",
        exceptions=("connections? refused", "refus(?:e|es|ed) to"),
    ),
    Rule("answer", r"\banswer(?:s|ed|ing)?\b", "write 'response' and 'respond', 'result', or the status code"),
    Rule(
        "metaphor",
        r"\b(?:picture|roster|agenda|intake)s?\b",
        "write the term: 'cache', 'index', 'work queue', 'watch'; 'screenshot' for an image",
    ),
    Rule("outlive", r"\boutliv(?:e|es|ed|ing)\b", "write 'superseded', 'survives' or 'remains after'"),
    Rule("complain", r"\bcompla(?:in|ins|ined|int|ints)\b", "write 'error', 'message' or 'warning'"),
    Rule(
        "over",
        r"\b(?:is|are|was|were) (?:all )?over(?:[.,;:)]| and\b| when\b| once\b)",
        "write 'finished' (Job), 'expired' (TTL), 'deleted' (group)",
    ),
    Rule("gone", r"\b(?:is|are|was|were|has|have) gone\b", "write 'deleted', 'removed' or 'unreachable'"),
    Rule("in-words", r"\bin words\b", "write 'with an error message' and what the message says"),
    Rule("had", r"\b(?:can|cannot|could|may|to) be had\b", "write 'available' or 'obtain'"),
    Rule("steady", r"\bsteady (?:time|clock)s?\b", "write 'monotonic time'"),
    Rule(
        "stands",
        r"\bstands? (?:in for|in|there|written)\b",
        "write 'is in', 'contains' or 'is documented in'",
        exceptions=(r"stands? in for",),
    ),
)
"""All of them; a rule's name is what `make lint` prints with a finding."""
