"""What can go wrong when access is given."""

from app.core.errors import Conflict, Invalid


class PersonUnfit(Invalid):
    """The person can't take this part in the dossier."""

    code, title_en, title_zh = "person_unfit", "Person can't take this part", "该人员不能承担此角色"


class AlreadyDecided(Conflict):
    """Somebody has decided on it before, or it has ended."""

    code, title_en, title_zh = "already_decided", "Decided already", "已有决定"


class AlreadyRequested(Conflict):
    """The same person's request for the dossier still waits."""

    code, title_en, title_zh = "already_requested", "Requested already", "已有待批申请"


class AccessAlready(Conflict):
    """The person has the access that he asks for."""

    code, title_en, title_zh = "access_already", "Access is there already", "已有相应权限"
