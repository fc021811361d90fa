"""What can go wrong with dossiers."""

from app.core.errors import Conflict


class DossierFrozen(Conflict):
    """The dossier's state does not allow the change."""

    code, title_en, title_zh = "dossier_frozen", "Dossier can't be changed in its state", "案卷当前状态不可修改"


class DossierNotEmpty(Conflict):
    """Only a dossier without material can be void."""

    code, title_en, title_zh = "dossier_not_empty", "Dossier holds material", "案卷内已有材料"
