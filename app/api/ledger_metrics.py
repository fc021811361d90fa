"""How sealing is, for Prometheus. Read from the database at each scrape, so every process tells the same."""

from prometheus_client import Gauge

from app.api.middleware import REGISTRY
from app.reports.ledger import Sealing

_UNSEALED = Gauge("anjuan_ledger_unsealed_events", "Events that wait to be sealed", registry=REGISTRY)
_OLDEST = Gauge("anjuan_ledger_oldest_unsealed_seconds", "Age of the oldest unsealed event", registry=REGISTRY)
_SIZE = Gauge("anjuan_ledger_size", "Events under the last checkpoint", registry=REGISTRY)
_SECONDS = Gauge("anjuan_ledger_seal_seconds", "Time that the last batch took", registry=REGISTRY)
_SEALED_AT = Gauge("anjuan_ledger_sealed_timestamp_seconds", "When the last batch was published", registry=REGISTRY)
_STOPPED = Gauge("anjuan_ledger_stopped", "1 when sealing has stopped for a fault", registry=REGISTRY)
_WITNESS = ("witness",)
_COSIGNED = Gauge("anjuan_ledger_witness_size", "Events that a witness has cosigned", _WITNESS, registry=REGISTRY)
_COSIGNED_AT = Gauge(
    "anjuan_ledger_witness_timestamp_seconds", "When a witness cosigned last", _WITNESS, registry=REGISTRY
)
_OTHER = Gauge(
    "anjuan_ledger_witness_other_history", "1 when a witness holds another history to be ours", _WITNESS,
    registry=REGISTRY,
)  # fmt: skip


def show(sealing: Sealing) -> None:
    """Take over what was found."""
    _UNSEALED.set(sealing.unsealed)
    _OLDEST.set(sealing.oldest_seconds)
    _SIZE.set(sealing.size)
    _SECONDS.set(sealing.seal_seconds or 0)
    _SEALED_AT.set(sealing.sealed_at.timestamp() if sealing.sealed_at else 0)
    _STOPPED.set(sealing.fault is not None)
    for witness in sealing.witnesses:
        _COSIGNED.labels(witness.name).set(witness.size)
        _COSIGNED_AT.labels(witness.name).set(witness.cosigned_at.timestamp() if witness.cosigned_at else 0)
        _OTHER.labels(witness.name).set(witness.other_history)
