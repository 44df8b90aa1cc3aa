"""The lifecycle of a Serious Further Offence case. Every file here is one workflow.

The stages in order, with who acts:

1. charge: policy, the regional SPoC, the national SFO team
2. notification: the regional SPoC
3. early-look: the regional SFO Team, the owners of actions, the Head of PDU
4. review: the senior lead, the reviewing manager, each member of staff, the Head of PDU
5. countersign: the countersigning manager
6. quality-assurance: the national SFO team
7. staff-feedback: the reviewing manager, each member of staff in the case
8. victim-disclosure: liaison officers, the SFO Team, the senior lead, the Head of PDU, the Regional Probation Director
9. action-plan: the owner of each action

`case` carries them. Beside them `staff_care` goes on for the whole of a reviewed case, and `escalation` and `enquiry`
stand at any time. `weekday_digest` belongs to no case: each morning it tells the regions and the national team how
things stand.
"""
