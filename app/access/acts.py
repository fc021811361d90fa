"""The table of acts: what each needs, in one readable place.

OpenAPI's `x-permission`, the README's table and a test are made from it. Source: `docs/access.md` (acts) and
domain/rules.md section 6; where the two differ the former wins.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.auth.roles import SEPARATED, Role


class Need(StrEnum):
    """What an act needs beside a role: how the actor stands to the dossier it is about."""

    NOTHING = "nothing"
    SEES = "sees its metadata"
    READS = "may read its content"
    TEAM = "is on its team, or is the program that created it"
    TEAM_LAWYER = "is a lawyer on its team"
    TEAM_OR_ARCHIVIST = "is on its team, or an archivist"
    HEADS = "is a partner of the lead lawyer's department, or the director"
    LEADS = "is its lead lawyer, a partner of his department, or the director"
    GRANTS = "is its lead lawyer (not if it is restricted), a partner of his department, or the director"
    DIRECTS = "is the director"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that can be done; `roles` empty means any role."""

    name: str
    what: str
    roles: frozenset[Role] | None
    need: Need = Need.NOTHING

    @property
    def permission(self) -> str:
        """Words for OpenAPI and the README."""
        who = "any user" if self.roles is None else (", ".join(sorted(self.roles)) or "nobody")
        return who if self.need is Need.NOTHING else f"{who} who {self.need.value}"


_FIRM = frozenset({Role.LAWYER, Role.ASSISTANT, Role.ARCHIVIST, Role.PARTNER, Role.DIRECTOR})
_OPENERS = _FIRM | {Role.INTEGRATION}
_USERS = frozenset({Role.SYSTEM_ADMIN})
_ROLES = frozenset({Role.SECURITY_ADMIN})
_ARCHIVIST = frozenset({Role.ARCHIVIST})
_SECOND = frozenset({Role.PARTNER, Role.DIRECTOR})
_CONCLUDERS = _SECOND | {Role.LAWYER}
_GUARDS = frozenset({Role.DIRECTOR, Role.AUDITOR})
_ARCHIVE = frozenset({Role.ARCHIVIST, Role.DIRECTOR})

ACTS: dict[str, Act] = {
    act.name: act
    for act in (
        Act("identity.read", "see who one is here", None),
        Act("session.read", "list one's own sessions", None),
        Act("session.end", "log out, end one's own sessions", None),
        Act("password.change", "change one's own password", None),
        Act("directory.read", "find colleagues by name", None),
        Act("user.read", "read users", _USERS | _ROLES),
        Act("user.create", "create users", _USERS),
        Act("user.change", "change, disable and reset users", _USERS),
        Act("user.change_own", "disable oneself", frozenset()),
        Act("user.set_roles", "give and take roles", _ROLES),
        Act("user.set_roles_own", "give oneself roles", frozenset()),
        Act("service_account.create", "create accounts for programs and renew their secrets", _USERS),
        Act("integration.read", "read what a program may see", _USERS | _ROLES),
        Act("integration.change", "set what a program may see and for whom it acts", _ROLES),
        Act("integration.on_behalf", "act for a person who is named in the request", frozenset({Role.INTEGRATION})),
        Act("clearance.read", "read the clearances of roles", _USERS | _ROLES | {Role.DIRECTOR}),
        Act("clearance.change", "change the clearances of roles", _ROLES),
        Act("user.revoke_tokens", "end all sessions and tokens of a user", _USERS),
        Act("client.create", "create clients", _OPENERS),
        Act("client.read", "read clients", _OPENERS),
        Act("client.change", "change clients", _OPENERS),
        Act("client.verify", "record verified originals of a client", _OPENERS),
        Act("client.inform", "record what a client was told of his data and agreed to, and withdrawals", _OPENERS),
        Act("client.merge", "merge two records of one client, and look for such", _ARCHIVE),
        Act("intake.create", "register who came to the firm and what about", _OPENERS),
        Act("intake.read", "read intakes: those one received or registered, and those of dossiers one sees", _OPENERS),
        Act("intake.change", "change intakes that one received or registered; archivist and director all", _OPENERS),
        Act("intake.decide", "say what came of an intake, by the same", _OPENERS),
        Act("conflict.check", "look for conflicts of interest before a dossier opens", _OPENERS),
        Act(
            "conflict.read",
            "read conflict checks: one's own; archivist and director all, partners those of their department, the"
            " security administrator that there is something to refer",
            _OPENERS | _ROLES,
        ),
        Act("conflict.conclude", "conclude a conflict check", _CONCLUDERS),
        Act(
            "conflict.waive",
            "waive a relative conflict, or deny an absolute one, in another's check",
            _SECOND,
        ),
        Act("conflict.judge_referral", "judge what the maker of a check may not know of", _ROLES | {Role.DIRECTOR}),
        Act("conflict.consent", "store the signed informed consent to a conflict", _FIRM),
        Act("conflict.read_consent", "read the signed informed consent to a conflict", _FIRM),
        Act("conflict.attach", "attach a conflict check to a dossier that needs one", None, Need.TEAM),
        Act("dossier.open", "open dossiers", _OPENERS),
        Act("dossier.open_sealed", "open sealed dossiers", frozenset({Role.LAWYER, Role.PARTNER, Role.DIRECTOR})),
        Act("dossier.list", "list dossiers that one sees", None),
        Act("dossier.read", "read a dossier's metadata", None, Need.SEES),
        Act("dossier.change", "change team, title, cause, template; raise the level", None, Need.LEADS),
        Act("dossier.lower_level", "lower the level", frozenset({Role.DIRECTOR}), Need.DIRECTS),
        Act("dossier.void", "void a dossier opened by mistake, with its number", None, Need.LEADS),
        Act("dossier.close", "close the matter", None, Need.LEADS),
        Act("dossier.reopen", "take the closing of the matter back", None, Need.LEADS),
        Act("dossier.submit", "hand the dossier in for filing", None, Need.LEADS),
        Act("dossier.decide_late", "approve or refuse a late filing; not the submitter", None, Need.HEADS),
        Act(
            "dossier.confirm_retention",
            "confirm the retention class; a partner only where the director proposed it",
            frozenset({Role.DIRECTOR, Role.PARTNER}),
            Need.SEES,
        ),
        Act("dossier.accept", "accept a dossier into the archive; not its compiler", _ARCHIVIST, Need.SEES),
        Act("dossier.return", "return a dossier to its compiler", _ARCHIVIST, Need.SEES),
        Act("seal.check", "check the seal of a filed dossier", None, Need.SEES),
        Act("note.add", "add to the note to file of a filed dossier", _ARCHIVIST, Need.SEES),
        Act("supplement.propose", "propose supplements and corrections", None, Need.TEAM_OR_ARCHIVIST),
        Act("supplement.withdraw", "withdraw supplements", None, Need.TEAM_OR_ARCHIVIST),
        Act("supplement.decide", "approve supplements; not the proposer", frozenset({Role.DIRECTOR}), Need.DIRECTS),
        Act("supplement.accept", "take supplements into the sealed list; not the proposer", _ARCHIVIST, Need.SEES),
        Act("entry.create", "add entries and files", None, Need.TEAM),
        Act("entry.change", "change entries", None, Need.TEAM),
        Act("entry.lower_level", "lower the level of an entry", frozenset({Role.DIRECTOR}), Need.DIRECTS),
        Act("entry.arrange", "arrange the entries", None, Need.TEAM),
        Act("entry.review", "review entries, supersede them, judge likely duplicates", None, Need.TEAM_LAWYER),
        Act("entry.prepare", "note physical preparation of entries", None, Need.TEAM),
        Act("entry.read", "read an entry's metadata", None, Need.SEES),
        Act("receipt.create", "make out receipts of what was received, handed over, returned", None, Need.TEAM),
        Act("receipt.sign", "record who signed a printed receipt", None, Need.TEAM),
        Act("receipt.cancel", "cancel a wrong receipt", None, Need.TEAM),
        Act("receipt.read", "read receipts, and where originals are", None, Need.SEES),
        Act("object.create", "register off-volume objects", None, Need.TEAM),
        Act("object.change", "change what is recorded of an off-volume object", None, Need.TEAM),
        Act("object.move", "record where an off-volume object went", None, Need.TEAM),
        Act("object.keep", "the same, once its dossier was handed in", _ARCHIVE, Need.SEES),
        Act("object.read", "read off-volume objects and their movements", None, Need.SEES),
        Act("file.add", "add a file to an entry", None, Need.TEAM),
        Act("file.read", "read what is recorded of a file", None, Need.SEES),
        Act("file.read_content", "read a file's content", None, Need.READS),
        Act(
            "file.release",
            "let a file be read that the virus scanner can't look into",
            frozenset({Role.DIRECTOR}),
            Need.READS,
        ),
        Act("quarantine.read", "list what the virus scanner found infected, without a word of whose it is", _ROLES),
        Act("quarantine.read_content", "take an infected file out of quarantine, with a reason", _ROLES),
        Act("engagement.create", "record engagements", None, Need.TEAM),
        Act("engagement.change", "change engagements, and the mandate", None, Need.TEAM),
        Act("engagement.read", "read engagements and what they lack", None, Need.SEES),
        Act("engagement.list_gaps", "list what engagements lack, of dossiers one works on or decides on", None),
        Act(
            "volume.copy",
            "take a reading copy of a volume, without what one may not read the content of",
            None,
            Need.SEES,
        ),
        Act("grant.give", "grant access to a dossier", None, Need.GRANTS),
        Act("grant.decide", "approve, as the second person, a grant for a sealed dossier", None, Need.LEADS),
        Act("grant.revoke", "revoke a grant", None, Need.LEADS),
        Act("grant.read", "read grants: all for those who decide on the dossier, else one's own", None, Need.SEES),
        Act("access.request", "ask for access to a dossier", None, Need.SEES),
        Act("access.decide", "decide on a request for access", None, Need.GRANTS),
        Act("access.read_request", "read requests for access: one's own and those one decides on", None, Need.SEES),
        Act(
            "access.report",
            "ask who may see a dossier, by which rule, and who did",
            frozenset({Role.DIRECTOR, Role.SECURITY_ADMIN, Role.AUDITOR}),
        ),
        Act("wall.read", "read walls; the director not those about him", _ROLES | {Role.DIRECTOR}),
        Act("wall.create", "put up walls; the director asks for them", _ROLES | {Role.DIRECTOR}),
        Act("wall.change", "change, confirm and lift walls", _ROLES),
        Act("number.read", "read the register of numbers", _FIRM),
        Act("firm_rules.read", "read the firm's rules for numbers and volumes", None),
        Act("firm_rules.change", "change the firm's rules for numbers and volumes", _USERS),
        Act("matter_type.read", "read matter types and their codes", None),
        Act("matter_type.change", "change the codes of matter types", _USERS),
        Act("rule.read", "read the firm's rules of each kind", None),
        Act(
            "rule.change", "put new versions of the firm's rules into force", frozenset({Role.ARCHIVIST, Role.DIRECTOR})
        ),
        Act(
            "store_locks.read",
            "read whether the store keeps locked files",
            frozenset({Role.ARCHIVIST, Role.DIRECTOR, Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR}),
        ),
        Act("duty.read", "read one's own duties", None),
        Act(
            "duty.read_firm",
            "read what is to be filed by others: archivist and director all, partners their department's",
            _ARCHIVE | {Role.PARTNER},
        ),
        Act("filing.check", "check a dossier before it is filed, with all entries in it", None, Need.READS),
        Act("template.read", "read templates: slots and stages of a matter type", None),
        Act("template.create", "add versions of templates", _ARCHIVE),
        Act(
            "integrity.read",
            "read whether stored files are whole; not the system administrator in which dossier they are",
            _USERS | {Role.DIRECTOR, Role.AUDITOR},
        ),
        Act(
            "ledger.read",
            "read the ledger of events: checkpoints, hashes, leaves without names or details",
            _USERS | {Role.DIRECTOR, Role.AUDITOR},
        ),
        Act(
            "event.read",
            "read events: auditor and director all, a lead lawyer those of his dossiers, all their own",
            None,
        ),
        Act("event.redact", "ask for personal data in events of others to be erased", _GUARDS),
        Act(
            "event.decide_redaction",
            "approve or refuse that personal data in events of others are erased; not who asked",
            frozenset({Role.AUDITOR}),
        ),
        Act("event.read_redaction", "read what was asked to be erased, and what was decided", _GUARDS),
    )
}


def powers(roles: frozenset[str]) -> frozenset[str]:
    """Give the roles that count: with a separated role (三员分立) all others are void."""
    separated = roles & SEPARATED
    return frozenset(separated) if separated else roles
