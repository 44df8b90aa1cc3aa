"""One question of each kind of form: what a person types on its page, by the labels there, and what then stands."""

from datetime import date

from tests.activities.disclosing import ON_GROUND, SHOUTING, STAGE, SUMMARY, passage
from tests.activities.reviewing import DRAFT
from tests.activities.test_staff import TIMES
from tests.browser.kinds import (
    ONLY,
    Kind,
    commented,
    commissioned,
    convicted,
    dated,
    drafted,
    escalated,
    in_welsh,
    invited,
    met,
    proposed,
    searched,
    submitted,
    told,
)

YES, WHY = "Yes", "Invented reasons.\n\nOf two paragraphs."
SATISFIED = {"I am satisfied about factual accuracy": YES}
ANALYSIS = "Contact was weekly.\n\nFrom April \u2013 on paper \u2013 once a month."
QUOTED, IN_LINES = "It was \u201cfortnightly\u201d.", "From a relative.\nNot a neighbour."
GOOD, WEAK = "Good", "Requires improvement"

KINDS = (
    Kind(
        "a choice", "countersign", "I countersign", "v1", "countersign", submitted,
        typed=SATISFIED, fields={"facts_satisfied": "yes"},
    ),
    Kind(
        "a return with reasons", "countersign", "I return it", "v1", "countersign", submitted, reasons=WHY,
    ),
    Kind(
        "two people", "commission", "Appoint these managers",
        typed={
            "Reviewing manager": "Example Reviewing-Manager Two N53 (reviewer.two@n53.example.test)",
            "Countersigning manager": "Example Countersigning-Manager One N53 (countersigner.one@n53.example.test)",
        },
        fields={"reviewer": "n53.reviewer.2", "countersigner": "n53.countersigner.1"},
        effect=("SELECT email FROM appointments WHERE reference = $1 AND role = 'reviewing_manager'",
                "reviewer.two@n53.example.test"),
    ),
    Kind(
        "a date", "extension", "Grant, until the date given here", "2027-02-15", before=dated,
        typed={"New date": "2027-02-08"}, reasons=WHY, fields={"new_on": "2027-02-08"},
        effect=("SELECT granted_on FROM extension_requests WHERE reference = $1", date(2027, 2, 8)),
    ),
    Kind(
        "what came of an interview", "interview", "The interview was held", "s1", before=met,
        typed={
            "Date held": "2026-10-14",
            "Workload and resources were asked about": YES,
            "Support was pointed to": YES,
        },
        fields={"held_on": "2026-10-14", "workload_asked": "yes", "support_offered": "yes"},
        effect=("SELECT held_on FROM interviews WHERE reference = $1", date(2026, 10, 14)),
    ),
    Kind(
        "times", "invite", "Invite them to one of these times", "s1", before=told,
        typed={"Times": [
            {"Date": one["on"], "Time, such as 14:30": one["at"], "Place, or how to join": one["place"]}
            for one in TIMES
        ]},
        fields={"times": TIMES},
        effect=("SELECT jsonb_array_length(times) FROM interviews WHERE reference = $1", 2),
    ),
    Kind(
        "an option", "invitation", "I will come and ask to be accompanied", "s1", before=invited,
        typed={"Which time": "Friday 16 October 2026, 14:00, By telephone", "By whom": "A colleague"},
        fields={"time": "2", "companion": "colleague"},
        effect=("SELECT chosen FROM interviews WHERE reference = $1", 2),
    ),
    Kind(
        "comments by paragraph", "facts", "I have comments", "v1", before=drafted,
        typed={"Comments": [
            {"Which part of the draft": "Analysis of practice, paragraph 1", "Comment": QUOTED},
            {"Which part of the draft": "Strengths and deficiencies, number 1", "Comment": IN_LINES},
        ]},
        fields={"comments": [
            {"paragraph": "analysis-1", "comment": QUOTED},
            {"paragraph": "findings-1", "comment": IN_LINES},
        ]},
        effect=("SELECT count(*) FROM factual_points WHERE reference = $1", 2),
    ),
    Kind(
        "an answer to each comment", "answer_comments", "These are my answers", "v1", before=commented,
        typed={"Each comment": {
            "Analysis of practice, paragraph 1": {"Do you accept this comment?": YES},
            "Strengths and deficiencies, number 1": {
                "Do you accept this comment?": "No",
                "Answer (needed where it is not accepted)": "The record names the neighbour.",
            },
        }},
        fields={"answers": [
            {"number": "1", "accepted": "yes", "answer": ""},
            {"number": "2", "accepted": "no", "answer": "The record names the neighbour."},
        ]},
        effect=("SELECT array_agg(accepted ORDER BY number) FROM factual_points WHERE reference = $1", [True, False]),
    ),
    Kind(
        "ratings", "quality", "Record these ratings", "v1", "quality-assurance", submitted,
        typed={
            "Who rated it": ONLY, "Analysis of practice": GOOD, "Overall judgements": WEAK, "Learning": GOOD,
            "Victims and their families": "Outstanding", "Composite rating": WEAK,
            "What must change (optional)": "Say why.\nSay when.",
        },
        reasons=WHY,
        fields={
            "analysis_of_practice": "good", "overall_judgements": "requires_improvement", "learning": "good",
            "victims": "outstanding", "composite": "requires_improvement", "must_change": "Say why.\nSay when.",
        },
        effect=("SELECT accepted FROM ratings WHERE reference = $1", False),
    ),
    Kind(
        "passages to be removed", "redactions", "These passages", "v1", STAGE, convicted,
        typed={
            "In short, in plain words": SUMMARY,
            "Passages": [
                {
                    "Which part of the review": "Analysis of practice, paragraph 1",
                    "The passage, word for word": SHOUTING,
                    "Ground": "Given in confidence by a third party",
                    "Why it is necessary and proportionate": ON_GROUND["note"],
                },
                {
                    "Which part of the review": "Analysis of practice, paragraph 2",
                    "The passage, word for word": "neighbour",
                    "Which one, where it stands there more than once: 1, 2 or all (optional)": "all",
                    "Ground": "Personal data of the supervised person, others or staff",
                    "Why it is necessary and proportionate": "Invented note",
                },
            ],
        },
        fields={"summary": SUMMARY, "redactions": [
            {**passage(SHOUTING), "occurrence": ""},
            {**passage("neighbour", "analysis-2", occurrence="all", ground="personal_data", note="Invented note")},
        ]},
        effect=("SELECT count(*) FROM redactions WHERE reference = $1", 3),
    ),
    Kind(
        "a decision on each passage", "redaction_decision", "These are my decisions", "v1", STAGE, proposed,
        typed={"Each passage": {
            "Passage 1, Analysis of practice, paragraph 1": {"Remove this passage?": YES},
            "Passage 2, Analysis of practice, paragraph 3": {"Remove this passage?": "No"},
        }},
        fields={"decisions": [{"number": "1", "accepted": "yes"}, {"number": "2", "accepted": "no"}]},
        effect=("SELECT array_agg(accepted ORDER BY number) FROM redactions WHERE reference = $1", [True, False]),
    ),
    Kind(
        "what a search found", "leaks", "Each of them may stay", "r1", STAGE, searched,
        typed={"Each finding": {"A name of somebody in the case: paragraph": {
            "May it stay?": YES, "Why it gives nothing away": "A character of a novel",
        }}},
        fields={"leaks": [{"key": "k1", "harmless": "yes", "why": "A character of a novel"}]},
        effect=("SELECT why FROM leaks WHERE reference = $1", "A character of a novel"),
    ),
    Kind(
        "the impact on staff", "staff_impact", "A contingency plan is needed", "s1", STAGE, convicted,
        typed={
            "The plan, in line with staff HR procedures": "Leave over the week.\n\nA call each day.",
            "Who puts it in place": "Example Senior-Lead N53",
        },
        fields={"plan": "Leave over the week.\n\nA call each day.", "owner": "n53.senior_lead"},
        effect=("SELECT plan FROM impacts WHERE reference = $1", "Leave over the week.\n\nA call each day."),
    ),
    Kind(
        "the outcome of an escalation", "resolve", "Change: the region must change something", "overdue-1",
        "escalation/overdue-1", escalated, reasons=WHY,
        effect=("SELECT outcome FROM escalations WHERE reference = $1", "change"),
    ),
    Kind(
        "actions", "early_look", "Immediate management action is needed", stage="early-look",
        typed={
            "Actions": [
                {"What is to be done": "Invented action", "Who does it": "Example line_manager, line manager",
                 "By when": "2026-10-20"},
                {"What is to be done": "Another", "Who does it": "Example Senior-Lead N53", "By when": "2026-10-21"},
            ],
            "Was a referral to a separate process made?": "No",
        },
        fields={"actions": [
            {"what": "Invented action", "owner": "s2", "due_on": "2026-10-20"},
            {"what": "Another", "owner": "n53.senior_lead", "due_on": "2026-10-21"},
        ]},  # whether there was a referral stands behind the wall
        effect=("SELECT array_agg(what ORDER BY ref) FROM actions WHERE reference = $1",
                ["Invented action", "Another"]),
    ),
    Kind(
        "a whole review", "draft", "The draft is ready", before=commissioned,
        typed={
            "Sources used": [{"Source": "Records of supervision"}, {"Source": "Interviews"}],
            "Chronology": [{
                "Date": "2026-02-02", "What happened": "The first appointment was kept.",
                "Source (optional)": "Records",
            }],
            "Analysis of practice": ANALYSIS,
            "Strengths and deficiencies": [{
                "Strength or deficiency": "Deficiency", "At which level (needed for a deficiency)": "Team",
                "What it concerns (needed for a deficiency)": "Asking for, checking and sharing information",
                "What was found": "A report was not acted on.", "Reasons (needed for a deficiency)": "Load",
            }],
            "Were all reasonable steps taken?": "In part",
            "Why this is the judgement": "Most were.",
            "Learning": "Listen",
            "Action plan (optional)": [{
                "Number of the finding that it answers": "1", "What is to be done": "Brief the team",
                "Who does it": "Example Sfo-Team N53", "By when": "2027-03-01",
                "Expected improvement": "Reports are acted on",
            }],
        },
        fields={
            "sources": [{"what": "Records of supervision"}, {"what": "Interviews"}],
            "chronology": DRAFT["chronology"],
            "analysis": ANALYSIS,
            "findings": [{
                "kind": "deficiency", "level": "team", "theme": "information",
                "text": "A report was not acted on.", "reasons": "Load",
            }],
            "judgement": "partly", "judgement_reasons": "Most were.", "learning": "Listen",
            "actions": [{
                "finding": "1", "what": "Brief the team", "owner": "n53.sfo_team", "due_on": "2027-03-01",
                "improvement": "Reports are acted on",
            }],
        },
        effect=("SELECT content ->> 'analysis' FROM documents WHERE reference = $1", ANALYSIS),
    ),
    Kind(
        "contact with each of the staff", "welfare", "This is what was done", "head_of_pdu", "staff-care",
        commissioned, {"role": "head_of_pdu"},
        typed={"Each member of staff": {"Example line_manager, line manager (no contact yet)": {
            "What was done": "Offered, not wanted", "Date": "2026-10-05",
            "Was support outside of the line offered?": YES,
        }}},
        fields={"contacts": [
            {"member": "s2", "contact": "not_wanted", "on_date": "2026-10-05", "outside_offered": "yes"},
        ]},
        effect=("SELECT contact FROM welfare_contacts WHERE reference = $1", "not_wanted"),
    ),
    Kind(
        "texts and an address", "refer", "They have been referred", "v1", STAGE, convicted,
        typed={
            "Date of the referral": "2026-10-06",
            "Name of the liaison officer": "Invented Officer",
            "Email of the liaison officer (optional)": "other.officer@n53.example.test",
            "Is it a child under 18?": YES,
            "Responsible adult, for a child (optional)": "Invented Aunt",
        },
        fields={
            "referred_on": "2026-10-06", "officer_name": "Invented Officer",
            "officer_email": "other.officer@n53.example.test", "is_child": "yes", "adult": "Invented Aunt",
        },
        effect=("SELECT liaison_officer_email FROM victims WHERE reference = $1 AND ref = 'v1'",
                "other.officer@n53.example.test"),
    ),
    Kind(
        "a file that is given back", "language", "The translation is there", "v1", STAGE, in_welsh,
        file=b"<!DOCTYPE html>\n<html lang='cy'><body><p>Adolygiad dyfeisiedig</p></body></html>",
        typed={"Date": "2026-10-06"}, fields={"arranged_on": "2026-10-06"},
        effect=("SELECT format FROM rendition_files WHERE reference = $1 AND language = 'v1-1'", "html"),
    ),
)  # fmt: skip
