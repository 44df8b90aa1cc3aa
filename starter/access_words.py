"""The fixed words of a subject-access export. Rule: UK GDPR art. 15; Data Protection Act 2018 s.45."""

ABOUT = (
    "What the Serious Further Offence case service holds on one person. Other people stand in it as roles and numbers. "
    "Times are UTC; dates are days in London."
)

RIGHTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Why we hold it",
        (
            "When somebody who is supervised by probation is charged with a serious further offence, "
            "national policy has the work of probation reviewed. The service keeps what that review needs: who is in "
            "the case, what was asked, what was answered and by when.",
        ),
    ),
    (
        "Who has it, or had it",
        (
            "People who work on the case, each for their own part: the region's probation staff and managers, the "
            "national SFO team, and those who run the service.",
            "The finished review goes to a short list of readers, each of whom is recorded. It is not published. "
            "Families who have a right to it can be given a version from which people's details have been removed. "
            "A coroner or another official review can ask for it.",
            "The parts below show who was written to and who was given something, by role.",
        ),
    ),
    (
        "How decisions are made",
        (
            "The service works out by fixed rules whether a charge calls for a review and when each step is due. "
            "Everything that matters to a person is decided by a person.",
        ),
    ),
    (
        "Your rights",
        (
            "You can ask us to correct what is wrong, to add what is missing, to limit how we use it, or to delete it. "
            "You can also object to our using it. We may have to refuse, for example while the law has us keep a "
            "record, and then we say why.",
            "The law that lets you see this is Article 15 of the UK GDPR or, where it is used for law enforcement, "
            "section 45 of the Data Protection Act 2018.",
            "To use these rights, or if anything here is unclear, answer whoever sent you this.",
            "If you are not content with our answer you can complain to the Information Commissioner's Office: "
            "ico.org.uk, telephone 0303 123 1113. You can also go to court.",
        ),
    ),
)

FOLLOWS: dict[str, str] = {
    "releases": "The register of readers names each reader by role, never by name.",
    "audit": "A row of the audit cannot be changed or taken out, so that anybody can prove later what happened.",
}

NOT_IN_IT: tuple[tuple[str, str], ...] = (
    (
        "Other people",
        "Their names, addresses and numbers are replaced by what they are in the case, in square brackets: [the line "
        "manager], [victim or family v1].",
    ),
    (
        "Secrets of the service",
        "One-time codes and sign-ins are kept as fingerprints that cannot be turned back. They are not handed out.",
    ),
    (
        "Referrals about staff",
        "Whether a conduct or capability referral was made is kept behind a wall that this export cannot read. "
        "Ask human resources about those.",
    ),
    (
        "Backups",
        "Copies of the whole record are kept for a while, so that it can be restored. They hold what stands here as it "
        "was on their day, and are not searched for one person.",
    ),
    (
        "Logs and measurements",
        "The technical logs and figures of the service hold references, codes and times, and no name, no address and "
        "nothing that anybody wrote.",
    ),
    (
        "Emails",
        "The service keeps that it wrote to somebody, when, and which letter it was. The email itself is in the "
        "mailbox of whoever received it.",
    ),
    (
        "Files made from the review",
        "The text that they hold is the text of the review, which is among the passages. The finished files are listed "
        "with their dates.",
    ),
)
