"""Messages that the documents quote are messages of the program."""

from __future__ import annotations

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


def test_quoted_messages_are_in_the_source() -> None:
    assert [
        (page, each) for page, each in QUOTED if each not in _OF_OTHERS and quoted_messages.missing_parts(each)
    ] == []


def test_quoted_reasons_are_in_the_source_or_in_kubernetes() -> None:
    known = quoted_messages.literals() + quoted_messages.manifests()
    assert [word for word in WORDS if word not in _OF_KUBERNETES and word not in known] == []


def test_code_span_of_words_is_a_message() -> None:
    spans = ["the circuit breaker was reset", "… cannot be taken: …", "…; is the gateway up?", "Not Found"]
    assert [span for span in spans if not quoted_messages.is_message(span)] == []


def test_code_span_of_code_is_not_a_message() -> None:
    annotation, settings = "tidegate.dev/cleanup: after=10m", ["when: Never", '{"error": …}']
    spans = ["kubectl get pods", "GET /api/v1/groups", annotation, *settings, "--request PUT", "kubectl"]
    assert [span for span in spans if quoted_messages.is_message(span)] == []


def test_unknown_message_is_detected() -> None:
    assert QUOTED
    assert WORDS
    assert quoted_messages.missing_parts("the list of Jobs and CronJobs failed: …") == [
        "the list of Jobs and CronJobs failed:"
    ]
    assert quoted_messages.missing_parts("the circuit breaker … burst its banks") == ["burst its banks"]
