"""What can go wrong with entries."""

from app.core.errors import Conflict


class AlreadySuperseded(Conflict):
    """An entry has one successor."""

    code, title_en, title_zh = "already_superseded", "The entry is superseded already", "该材料已被取代"


class SuccessorExcluded(Conflict):
    """What is kept out takes nobody's place: so no chain of successors ever runs in a circle."""

    code, title_en, title_zh = "successor_excluded", "The successor is kept out", "取代它的材料已不归档"
