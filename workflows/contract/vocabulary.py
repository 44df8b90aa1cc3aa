"""The domain's words as enums, spelt exactly as in docs/glossary.md. Values travel; never rename one."""

from enum import StrEnum


class Stage(StrEnum):
    """The stages of a case; the value is the workflow type, the file name and the id part."""

    CHARGE = "charge"
    NOTIFICATION = "notification"
    EARLY_LOOK = "early-look"
    REVIEW = "review"
    COUNTERSIGN = "countersign"
    QUALITY_ASSURANCE = "quality-assurance"
    STAFF_FEEDBACK = "staff-feedback"
    VICTIM_DISCLOSURE = "victim-disclosure"
    ACTION_PLAN = "action-plan"


class Role(StrEnum):
    """Who can be asked, told or awaited."""

    SPOC = "spoc"
    SFO_TEAM = "sfo_team"
    SENIOR_LEAD = "senior_lead"
    OTHER_REGION_LEAD = "other_region_lead"
    REGIONAL_DIRECTOR = "regional_director"
    NATIONAL_TEAM = "national_team"
    HEAD_OF_PDU = "head_of_pdu"
    REVIEWING_MANAGER = "reviewing_manager"
    COUNTERSIGNING_MANAGER = "countersigning_manager"
    PRACTITIONER = "practitioner"
    LINE_MANAGER = "line_manager"
    OTHER = "other"
    ACTION_OWNER = "action_owner"
    VICTIM_LIAISON_OFFICER = "victim_liaison_officer"
    PLAN_OWNER = "plan_owner"
    OPERATIONS = "operations"


class Rosh(StrEnum):
    """Highest risk of serious harm in the current sentence. Rule: facts.md 1.14 and the note under 1.16."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    VERY_HIGH = "very_high"
    NEVER_ASSESSED = "never_assessed"
    NOT_RECORDED = "not_recorded"


class SupervisionType(StrEnum):
    """Orders and licences that count as statutory supervision. Rule: facts.md 1.8 to 1.10."""

    COMMUNITY_ORDER = "community_order"
    SUSPENDED_SENTENCE = "suspended_sentence"
    LICENCE = "licence"
    LIFE_LICENCE = "life_licence"
    IPP = "ipp"
    POST_SENTENCE = "post_sentence"


class OffenceCategory(StrEnum):
    """How an offence stands towards the review criteria. Rule: facts.md 1.13 to 1.15, section 7."""

    MANDATORY = "mandatory"
    QUALIFYING = "qualifying"
    UNKNOWN = "unknown"
    NOT_SFO = "not_sfo"


class Ground(StrEnum):
    """Why a case is reviewed, or that it must be asked, or that it is not. Rule: facts.md 1.13 to 1.16."""

    ALWAYS_REVIEWED = "always_reviewed"
    RISK = "risk"
    NOT_ASSESSED = "not_assessed"
    PUBLIC_INTEREST = "public_interest"
    ASK = "ask"
    NONE = "none"

    @property
    def is_reviewed(self) -> bool:
        """Whether this ground leads to a review."""
        return self not in (Ground.ASK, Ground.NONE)


class CriteriaReason(StrEnum):
    """The reason code beside a ground; safe for histories and logs."""

    NAMED_OFFENCE = "named_offence"
    HIGH_RISK = "high_risk"
    NEVER_ASSESSED = "never_assessed"
    PUBLIC_INTEREST = "public_interest"
    BELOW_THRESHOLD = "below_threshold"
    NOT_SFO = "not_sfo"
    OUTSIDE_SUPERVISION = "outside_supervision"
    UNKNOWN_OFFENCE = "unknown_offence"
    RISK_NOT_RECORDED = "risk_not_recorded"
    PUBLIC_INTEREST_PROPOSED = "public_interest_proposed"
    VICTIM_AGE_MISSING = "victim_age_missing"


class CourtEventKind(StrEnum):
    """What a court does to a case; `quashed`: a conviction was set aside on appeal. Rule: facts.md 5.3 to 5.8."""

    APPEARED = "appeared"
    DISCONTINUED = "discontinued"
    AMENDED = "amended"
    ACQUITTED = "acquitted"
    CONVICTED = "convicted"
    SENTENCED = "sentenced"
    DIED_RESPONSIBLE = "died_responsible"
    QUASHED = "quashed"


class EscalationKind(StrEnum):
    """What an escalation to the national SFO team is about."""

    STAFF_SAFETY = "staff_safety"
    OVERDUE = "overdue"
    CRITERIA = "criteria"
    REVIEWER = "reviewer"
    EXTENSION = "extension"
    ENQUIRY = "enquiry"
    OTHER = "other"


class EscalationOutcome(StrEnum):
    """What the national SFO team decided; the case obeys it."""

    HOLD = "hold"
    RELEASE = "release"
    CHANGE = "change"
    STOP = "stop"


class EnquiryKind(StrEnum):
    """Requests from outside the review. Rule: facts.md 2.15 to 2.18, 5.10 to 5.22."""

    FOI = "foi"
    SUBJECT_ACCESS = "subject_access"
    MEDIA = "media"
    CORONER = "coroner"
    MAPPA = "mappa"
    DOMESTIC_HOMICIDE = "domestic_homicide"
    CHILD_SAFEGUARDING = "child_safeguarding"
    PUBLICATION = "publication"


class GateState(StrEnum):
    """Where a question stands in the record."""

    OPEN = "open"
    DECIDED = "decided"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


class StepKind(StrEnum):
    """What happens at a moment while nobody answers."""

    REMIND = "remind"
    OVERDUE = "overdue"
    CLIMB = "climb"
    LAPSE = "lapse"


class Rung(StrEnum):
    """The ladder, from the person asked upwards."""

    ASKED = "asked"
    DEPUTY = "deputy"
    SENIOR_LEAD = "senior_lead"
    REGIONAL_DIRECTOR = "regional_director"
    NATIONAL_TEAM = "national_team"


class ClockState(StrEnum):
    """How a case or a stage stands towards its dates. Rule: design.md 3.4 and 3.12."""

    IN_TIME = "in_time"
    AT_RISK = "at_risk"
    OVERDUE = "overdue"
    PAUSED = "paused"


class DateCause(StrEnum):
    """Why the schedule of an open question is made anew. Rule: design.md 3.4 and 3.12."""

    RESUMED = "resumed"
    CALENDAR = "calendar"


class RelationKind(StrEnum):
    """How two cases belong together. Rule: facts.md 8.2.10."""

    SAME_PERSON = "same_person"
    JOINT = "joint"


class Channel(StrEnum):
    """The way by which a decision reached the record."""

    LINK = "link"
    COMMAND = "command"
    OPERATIONS = "operations"


class ReasonCode(StrEnum):
    """Why operations or a manager acts, where free text may not stand."""

    ASKED_BY_PHONE = "asked_by_phone"
    ABSENCE = "absence"
    LEFT_THE_SERVICE = "left_the_service"
    CONFLICT_OF_INTEREST = "conflict_of_interest"
    WORKLOAD = "workload"
    TRIAL = "trial"
    ILLNESS = "illness"
    SUPERVISION_MOVED = "supervision_moved"
    WAITING_FOR_INFORMATION = "waiting_for_information"
    SYSTEM_FAILURE = "system_failure"
    ERROR_FOUND = "error_found"
    CHANGED_THEIR_MIND = "changed_their_mind"
    OTHER = "other"


class DutyKind(StrEnum):
    """What staff and victims are owed; a case cannot close with one unmet. Rule: facts.md 5.17, 6.6."""

    TOLD = "told"
    INTERVIEWED = "interviewed"
    FACTS_OFFERED = "facts_offered"
    FED_BACK = "fed_back"
    CARED_FOR = "cared_for"
    VICTIM_TOLD = "victim_told"
    VICTIM_ANSWERED = "victim_answered"
    VICTIM_GIVEN = "victim_given"


class Outcome(StrEnum):
    """How a stage or a case ended."""

    REVIEWED = "reviewed"
    NOT_REVIEWED = "not_reviewed"
    NOTIFIED = "notified"
    NO_ACTION = "no_action"
    ACTIONS_CONFIRMED = "actions_confirmed"
    SUBMITTED = "submitted"
    SIGNED = "signed"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    FED_BACK = "fed_back"
    CARED_FOR = "cared_for"
    DISCLOSED = "disclosed"
    NOT_DISCLOSED = "not_disclosed"
    ACTIONS_CLOSED = "actions_closed"
    ANSWERED = "answered"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"
    DISCONTINUED = "discontinued"
    ACQUITTED = "acquitted"
    COMPLETED = "completed"
