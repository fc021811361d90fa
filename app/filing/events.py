"""Event types of filing."""

from app.events.vocabulary import EventType

DOSSIER_CLOSED = EventType("dossier.closed", "A matter was closed", "结案")
DOSSIER_REOPENED = EventType("dossier.reopened", "The closing of a matter was taken back", "撤销结案")
DOSSIER_SUBMITTED = EventType("dossier.submitted", "A dossier was handed in for filing", "提交归档")
DOSSIER_RETURNED = EventType("dossier.returned", "A dossier was returned to its compiler", "退回立卷人")
DOSSIER_FILED = EventType("dossier.filed", "A dossier was accepted and sealed", "归档并封存")
FILING_REMINDED = EventType("dossier.filing_reminded", "The deadline of filing was called to mind", "催归档")
LATE_FILING_DECIDED = EventType("dossier.late_filing_decided", "Late filing was decided on", "超期归档审批")
RETENTION_CONFIRMED = EventType("dossier.retention_confirmed", "The retention class was confirmed", "审定保管期限")
SUBMISSIONS_LISTED = EventType("submission.listed", "Submissions of a dossier were read", "查看归档提交记录")
SUBMISSION_VIEWED = EventType("submission.viewed", "A submission was read", "查看一次归档提交")
SEALS_LISTED = EventType("seal.listed", "Seals of a dossier were read", "查看封存记录")
SEAL_VIEWED = EventType("seal.viewed", "A sealed contents list was read", "查看封存的卷内目录")
SEAL_CHECKED = EventType("seal.checked", "A seal was checked against the records", "核验封存")
NOTES_LISTED = EventType("note.listed", "The note to file was read", "查看备考表")
NOTE_ADDED = EventType("note.added", "A line was added to the note to file", "填写备考表")
SUPPLEMENT_PROPOSED = EventType("supplement.proposed", "A supplement or correction was proposed", "申请补充或更正")
SUPPLEMENT_DECIDED = EventType("supplement.decided", "A supplement or correction was decided on", "审批补充或更正")
SUPPLEMENT_WITHDRAWN = EventType("supplement.withdrawn", "A supplement was withdrawn", "撤回补充申请")
SUPPLEMENT_COMPLETED = EventType("supplement.completed", "A supplement was accepted and sealed", "接收补充材料并封存")
SUPPLEMENTS_LISTED = EventType("supplement.listed", "Supplements of a dossier were read", "查看补充与更正")
