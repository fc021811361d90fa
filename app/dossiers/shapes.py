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
_DUTY = 2  # of the columns of a team member
_columns = itemgetter(*(_PLACES.get(name, name) for name in _NAMES))


def dossier_shown(row: Row) -> Plain[DossierOut]:
    """Shape a dossier for the answer."""
    clients, team = row["clients"], row["team"]
    lead = next(member for member in team if member[_DUTY] == "lead")
    check_id, conclusion = row["conflict_check"] or (None, None)
    fields: dict[str, Any] = dict(zip(_NAMES, _columns(row), strict=True))
    fields["client_ids"] = [client[0] for client in clients]
    fields["clients"] = [{"id": id_, "name": name} for id_, name in clients]
    fields["lead_lawyer"] = {"id": lead[0], "display_name": lead[1]}
    fields["team"] = [
        {"user_id": id_, "display_name": name, "duty": duty} for id_, name, duty in team if duty != "lead"
    ]
    fields["external_refs"] = [{"system": system, "id": ref} for system, ref in row["external_refs"]]
    fields["confidentiality"] = LEVELS[row["confidentiality"]]
    fields["opposing_parties"] = list(map(_party, row["opposing_parties"]))
    fields["related_parties"] = list(map(_party, row["related_parties"]))
    fields["conflict_check"], fields["wall_advised"] = check_id, conclusion == "waived"
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
