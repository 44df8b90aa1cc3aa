"""The order of the stages and the legal moves between them, ways back included. Rule: design.md 2, order."""

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

# What may start when a stage ends. An amended charge leads back to `charge` from anywhere (facts.md 5.6, 5.7) and a
# conviction to `victim-disclosure` from anywhere (2.14), so `leads_to` adds those two.
MOVES: dict[Stage, tuple[Stage, ...]] = {
    Stage.CHARGE: (Stage.NOTIFICATION, Stage.EARLY_LOOK),
    Stage.NOTIFICATION: (Stage.REVIEW,),
    Stage.EARLY_LOOK: (Stage.REVIEW,),
    Stage.REVIEW: (Stage.COUNTERSIGN,),
    Stage.COUNTERSIGN: (Stage.QUALITY_ASSURANCE, Stage.REVIEW),
    Stage.QUALITY_ASSURANCE: (Stage.STAFF_FEEDBACK, Stage.ACTION_PLAN, Stage.REVIEW),
    Stage.STAFF_FEEDBACK: (Stage.ACTION_PLAN,),
    Stage.VICTIM_DISCLOSURE: (),
    Stage.ACTION_PLAN: (),
}

FROM_ANYWHERE = (Stage.CHARGE, Stage.VICTIM_DISCLOSURE)


def leads_to(ended: Stage, starting: Stage) -> bool:
    """Whether `starting` may begin once `ended` has ended."""
    return starting in FROM_ANYWHERE or starting in MOVES[ended]


def is_way_back(ended: Stage, starting: Stage) -> bool:
    """Whether this legal move leads to an earlier stage or the same, and so opens a further round."""
    return leads_to(ended, starting) and ORDER.index(starting) <= ORDER.index(ended)
