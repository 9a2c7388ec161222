"""Messages that the documents quote are messages of the program."""

from __future__ import annotations

import pytest

from tests.support.docs import markdown_documents, quoted_messages

QUOTED = [(path.name, message) for path in markdown_documents.ALL for message in quoted_messages.quoted(path)]
WORDS = sorted({word for path in markdown_documents.ALL for word in quoted_messages.words(path)})

_OF_KUBERNETES = {"OnFailure", "PreferDualStack", "ImplementationSpecific"}
_OF_OTHERS = {
    "Not Found",
    "HTTP Error 400: Bad Request",
    "unexpected status code 400 Bad Request while pushing to …",
    "405 Method Not Allowed",
    "404 page not found",
}
"""Messages of the clients, of Pushgateway and of HTTP."""


@pytest.mark.parametrize(("page", "message"), QUOTED)
def test_quoted_message_is_in_the_source(page: str, message: str) -> None:
    assert message in _OF_OTHERS or quoted_messages.missing_parts(message) == [], page


@pytest.mark.parametrize("word", WORDS)
def test_quoted_reason_is_in_the_source_or_in_kubernetes(word: str) -> None:
    assert word in _OF_KUBERNETES or word in quoted_messages.literals() or word in quoted_messages.manifests()


@pytest.mark.parametrize(
    "span",
    [
        "the circuit breaker was reset",
        "… cannot be taken: …",
        "…; is the gateway up?",
        "cannot be written",
        "Not Found",
    ],
)
def test_code_span_of_words_is_a_message(span: str) -> None:
    assert quoted_messages.is_message(span)


@pytest.mark.parametrize(
    "span",
    [
        "kubectl get pods",
        "GET /api/v1/groups",
        "when: Never",
        "tidegate.dev/cleanup: after=10m",
        "--request PUT",
        '{"error": …}',
        "kubectl",
    ],
)
def test_code_span_of_code_is_not_a_message(span: str) -> None:
    assert not quoted_messages.is_message(span)


def test_unknown_message_is_detected() -> None:
    assert len(QUOTED) > 20
    assert len(WORDS) > 10
    assert quoted_messages.missing_parts("the list of Jobs and CronJobs failed: …") == [
        "the list of Jobs and CronJobs failed:"
    ]
    assert quoted_messages.missing_parts("the circuit breaker … burst its banks") == ["burst its banks"]
