"""An invented review, for whatever reads and writes one."""

from typing import Any

REVIEW: dict[str, Any] = {
    "sources": [{"what": "Case record, January to October 2026"}, {"what": "Interviews with four members of staff"}],
    "chronology": [
        {"on": "2026-01-12", "what": "Release on licence.\nThe first visit was arranged.", "source": "Case record"},
        {"on": "2026-06-02", "what": "The assessment was reviewed after a move of address."},
    ],
    "analysis": "Seen weekly \u2013 as the plan required.\n\nFrom April once a month.\n\tNo reason is recorded.",
    "findings": [
        {"kind": "strength", "text": "Visits were made jointly and recorded in full."},
        {
            "kind": "deficiency",
            "level": "team",
            "text": "No review after new facts.",
            "reasons": "Nobody had the mail.",
        },
        {"kind": "deficiency", "level": "mix", "text": "Contact was reduced.", "reasons": "Workload at 138%."},
    ],
    "judgement": "partly",
    "judgement_reasons": "Most steps were taken.",
    "learning": "What bears on risk reaches a practitioner on the same day.",
    "actions": [
        {
            "finding": "2",
            "what": "Give the mailbox an owner.",
            "owner": "s2",
            "due_on": "2027-03-12",
            "improvement": "Nothing lies there for longer than a day.",
        },
        {
            "finding": "3",
            "what": "Decide every reduction.",
            "owner": "s3",
            "due_on": "2027-04-30",
            "improvement": "A decision stands in each of 20 cases.",
        },
    ],
}
