"""Why an answer was sent back, in the words that its author reads: no name, nothing that was typed."""

_BECAUSE = {
    "in_the_line": "somebody named in it stands in the line management of the case.",
    "in_the_case": "somebody named in it was involved in the case.",
    "is_the_author": "the author of the review may not do this.",
    "is_the_countersigner": "the countersigning manager may not do this.",
    "is_the_proposer": "a second person must decide what you proposed.",
    "too_late": "it came after the period had ended.",
    "not_convicted": "nothing may be released before a conviction.",
    "held": "disclosure is on hold while the national team looks at a concern about staff safety.",
    "redactions_undecided": "passages were proposed; each needs its own decision.",
    "redaction_misplaced": "a passage is not where it was said to be in this version, or overlaps another one.",
    "not_rendered": "there is no such version to release.",
    "not_released": "no version has been released yet; only a released one may be handed over.",
    "other_version": "it is not the version that was released, or the accepted review has changed since.",
    "not_searched": "its files are searched first for somebody new in the case; answer again in some minutes.",
    "leaks_unsettled": "something that the search found in its files has not been settled.",
    "impact_missing": "the impact on a member of staff has not been assessed.",
    "impact_exceptional": "the impact on a member of staff is exceptional, and the national team has not released it.",
    "plan_unconfirmed": "the contingency plan for a member of staff has not been confirmed as in place.",
    "language_not_arranged": "the language that the family asked for has not been arranged yet.",
    "translation_missing": "no translation of the released version has been given back on the page.",
    "adult_missing": "a child is spoken with through a responsible adult, and none is recorded.",
    "unknown_victim": "the record no longer holds this victim or family; tell your regional SFO Team.",
    "not_told": "the person has not been told of the review yet; everybody is told before they are invited.",
    "not_invited": "the person has not been invited yet; everybody is invited before they are interviewed.",
    "too_early": "it leaves the person less time to prepare than they are given.",
    "already_held": "the interview has been recorded as held already.",
    "is_cared_for": "nobody is asked to look after themselves.",
    "incomplete": "something that the question needs was missing.",
    "incomplete_review": "a part of the review that must be there is missing.",
    "names_somebody": "the text names somebody, or holds a number or an address of a person. Write roles instead.",
    "old_version": "there is a newer version of the review than the one that it is about.",
    "facts_not_offered": "the Head of PDU has not had the chance to comment on the facts of this version yet.",
    "comments_unanswered": "a comment on factual accuracy has no answer yet; each is accepted, or it says why not.",
    "review_stopped": "the review has been stopped, so there is no date to move.",
    "in_the_past": "the date lies in the past.",
    "not_later": "the date is not later than the one that stands.",
    "later_than_asked": "the date is later than the one that was asked for; it may be earlier.",
    "too_long": "the date is further away than one extension may lead.",
    "beyond_cap": "the date is further from the original one than all extensions together may lead.",
    "hmip_sample": "the inspectorate rates this review: record its ratings, and that they are the inspectorate's.",
    "not_sampled": "the national team rates this review; it is not in the inspectorate's sample.",
    "must_change_missing": "a rating below the accepted one says what must change.",
    "away": "somebody named in it is away on the day on which you answered.",
    "unknown_region": "the region named in it is not another one of the directory.",
    "unknown_person": "somebody named in it is not listed in the directory.",
    "is_the_requester": "a second person must decide what you asked for.",
    "case_closed": "the case has closed.",
    "review_accepted": "its review has been accepted.",
    "review_ended": "the prosecution has ended, and with it the review.",
    "nothing_under_review": "no review with a date is under way.",
    "unknown_place": "the directory does not know that region and delivery unit.",
    "already_there": "it is there already.",
    "unknown_role": "nobody is appointed to that role.",
    "not_appointed": "nobody has been appointed to that role yet.",
    "holds_it_already": "that person does it already.",
    "being_corrected": "the review is being corrected; what is given then is the corrected version.",
    "not_accepted": "only the accepted version of the review may leave, and this is not it.",
    "not_entitled": "the entitlement is none that this kind of enquiry can have.",
    "before_the_review": "the day on which it was given is before the day on which that version was written.",
    "more_time_taken": "more time was taken for this request before, and it may be taken once.",
    "not_a_coroner": "only a coroner reports to prevent future deaths; this enquiry is of another kind.",
    "unknown_enquiry": "the record holds no such enquiry.",
    "not_asked": "the question was not asked of you or of your recorded deputy.",
}
_OTHERWISE = "the record as it stands does not allow it. Your regional SFO Team can tell you more."

# The places that follow these codes are named to the author; they are names of fields, never what stands in them.
_WITH_PLACES = ("incomplete_review", "names_somebody")


def because(code: str) -> str:
    """The sentence for a refusal code; general words for one that has none of its own."""
    kind, _, places = code.partition(":")
    words = _BECAUSE.get(kind, _OTHERWISE)
    return f"{words} Look at: {places.replace(',', ', ')}." if places and kind in _WITH_PLACES else words
