"""Lets the index of parties follow when a client is merged into another: all names of both lead to the survivor."""

from uuid import UUID

from app.clients import repository
from app.clients.parties import keep_client, known, lead_to
from app.events.unit_of_work import Transaction


class MergedParties:
    """Follows merges of clients in the index of parties."""

    async def follow_merge(self, tx: Transaction, merged_id: UUID, into_id: UUID) -> None:
        """Let what is known of one client, and the dossiers he gave, be found as the other's."""
        await lead_to(tx.connection, merged_id, into_id)
        survivor = await repository.reread(tx.connection, tx.actor, into_id)
        await keep_client(tx.connection, into_id, known(dict(survivor)))
