"""The order of the stages. Rule: design.md 2, order."""

from workflows.contract.vocabulary import Stage

# As in `workflows/__init__.py` and `case.py`; a test holds the three together.
ORDER: tuple[Stage, ...] = (
    Stage.CHARGE,
    Stage.NOTIFICATION,
    Stage.EARLY_LOOK,
    Stage.REVIEW,
    Stage.COUNTERSIGN,
    Stage.QUALITY_ASSURANCE,
    Stage.STAFF_FEEDBACK,
    Stage.VICTIM_DISCLOSURE,
    Stage.ACTION_PLAN,
)

# What writes, signs and rates a review: stopped together, and standing still together while its clock does.
# Rule: design.md 3.12; facts.md 5.3.
OF_THE_REVIEW: tuple[Stage, ...] = (Stage.REVIEW, Stage.COUNTERSIGN, Stage.QUALITY_ASSURANCE)
