"""How a dossier is shown, made of a row as `repository.find` gives it."""

from operator import itemgetter
from typing import Any

from app.auth.roles import LEVELS
from app.clients.identifiers import mask
from app.core.database import Row
from app.core.plain import Plain, instant
from app.dossiers.schemas import DossierOut

_NAMES = tuple(DossierOut.model_fields)
# Those that no column has the name of keep their place with another, until they are made.
_PLACES = {"client_ids": "clients", "lead_lawyer": "lead_lawyer_id", "wall_advised": "conflict_check"}
_columns = itemgetter(*(_PLACES.get(name, name) for name in _NAMES))


def dossier_shown(row: Row) -> Plain[DossierOut]:
    """Shape a dossier for the answer."""
    team: list[dict[str, Any]] = row["team"]
    lead = next(member for member in team if member["duty"] == "lead")
    check: dict[str, Any] = row["conflict_check"] or {}
    fields: dict[str, Any] = dict(zip(_NAMES, _columns(row), strict=True))
    fields["client_ids"] = [client["id"] for client in fields["clients"]]
    fields["lead_lawyer"] = {"id": lead["user_id"], "display_name": lead["display_name"]}
    fields["team"] = [member for member in team if member is not lead]
    fields["confidentiality"] = LEVELS[row["confidentiality"]]
    fields["opposing_parties"] = list(map(_party, row["opposing_parties"]))
    fields["related_parties"] = list(map(_party, row["related_parties"]))
    fields["conflict_check"] = check.get("id")
    fields["wall_advised"] = check.get("conclusion") == "waived"
    fields["created_at"], fields["updated_at"] = instant(row["created_at"]), instant(row["updated_at"])
    return Plain(DossierOut, fields)


def dossier_out(row: Row) -> DossierOut:
    """Give a dossier as its model, for acts that compare or record it."""
    return dossier_shown(row).checked()


def _party(party: dict[str, Any]) -> dict[str, Any]:
    """Show what is known of a party, of its numbers the ends alone: whoever sees the dossier sees these."""
    shown = {"name": party["name"], "kind": party["kind"]}
    for name in ("legal_representative", "former_names"):
        if party.get(name):
            shown[name] = party[name]
    if party.get("identifiers"):
        shown["identifiers"] = [
            {"scheme": item["scheme"], "value": mask(item["value"]), "masked": True} for item in party["identifiers"]
        ]
    return shown
