"""Lets the dossiers of a client follow when he is merged into another; walls of either then stand before all of them.

Each dossier leaves an event of its own, by which the past can be asked about (`app/reports/past.py`).
"""

from uuid import UUID

from app.clients.errors import MergeHindered
from app.dossiers import repository
from app.dossiers.events import DOSSIER_CLIENT_MERGED
from app.events.unit_of_work import Transaction
from app.events.vocabulary import Subject


class MergedClients:
    """Follows merges of clients; told before the walls are."""

    async def follow_merge(self, tx: Transaction, merged_id: UUID, into_id: UUID) -> None:
        """Let the dossiers of one client be the other's.

        Raises MergeHindered when that would keep a lead lawyer from a dossier of his own; it names neither.
        """
        await repository.lock_of_clients(tx.connection, [merged_id, into_id])
        for one, other in ((merged_id, into_id), (into_id, merged_id)):
            if await repository.lead_kept_out(tx.connection, one, other):
                raise MergeHindered(
                    "Merging would put a wall between a lead lawyer and a dossier of his own: ask the security"
                    " administrator",
                    "合并后,信息隔离将使承办律师不能查看其承办的案卷,请咨询保密管理员",
                )
        for row in await repository.move_client(tx.connection, merged_id, into_id):
            old = [str(client_id) for client_id in row["client_ids"]]
            new = [*dict.fromkeys(str(into_id) if one == str(merged_id) else one for one in old)]
            tx.notice(
                DOSSIER_CLIENT_MERGED, Subject("dossier", row["id"], row["number"], row["id"]),
                changed={"client_ids": [old, new]},
            )  # fmt: skip
