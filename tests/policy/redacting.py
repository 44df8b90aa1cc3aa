"""A redaction as tests of policy write it."""

from workflows.policy.redaction import Redaction, Span


def redaction(span: Span, accepted: bool | None = True, number: int = 1, ground: str = "personal_data") -> Redaction:
    return Redaction(number, 1, span, ground, "Invented note.", "proposer@example.test", accepted)
