"""Every workflow that a worker runs, by its task queue. The worker and the check before a rollout read one list."""

from temporalio import workflow

from workflows.action_plan import ActionPlan
from workflows.case import Case
from workflows.charge import Charge
from workflows.countersign import Countersign
from workflows.early_look import EarlyLook
from workflows.enquiry import Enquiry
from workflows.escalation import Escalation
from workflows.notification import Notification
from workflows.quality_assurance import QualityAssurance
from workflows.review import Review
from workflows.staff_care import StaffCare
from workflows.staff_feedback import StaffFeedback
from workflows.victim_disclosure import VictimDisclosure
from workflows.weekday_digest import WeekdayDigest

CASEWORK = [
    Case,
    Charge,
    Notification,
    EarlyLook,
    Review,
    Countersign,
    QualityAssurance,
    StaffFeedback,
    VictimDisclosure,
    ActionPlan,
    Enquiry,
    StaffCare,
    WeekdayDigest,
]
NATIONAL = [Escalation]

BY_TYPE = {str(workflow._Definition.must_from_class(cls).name): cls for cls in (*CASEWORK, *NATIONAL)}
"""All of them, by the name under which Temporal knows each."""
