"""Signatures on receipts that were printed first: recorded once, beside the receipt, which stays as it was."""

from typing import Any

from tests.api.test_receipts import SIGNED, TOMORROW, a_dossier, handed_over, made
from tests.support.checks import pointers, refused
from tests.support.firm import Firm, done

SIGNATURE: dict[str, Any] = {"signed_by": "赵法官", "signed_on": "2026-03-03"}


async def test_signature_is_recorded_once_with_its_paper(firm: Firm) -> None:
    lawyer, dossier, entry = await a_dossier(firm)
    receipt, paper = (
        await handed_over(lawyer, dossier, entry),
        await firm.entry(lawyer, dossier["id"], "签收单", confidentiality="sealed"),
    )
    path, whole = f"/v1/receipts/{receipt['id']}/signature", {**SIGNATURE, "signature_entry_id": paper["id"]}
    answer = await lawyer.post(path, whole)
    assert (answer.status_code, await firm.events(answer)) == (200, done("receipt.signed"))
    assert answer.json() == {**receipt, **whole}
    assert (await firm.event(answer))["details"] == SIGNATURE
    before = await firm.tables()
    await refused(firm, before, await lawyer.post(path, whole), 409, "receipt_signed")
    partner = await firm.person("archivist")
    seen = (await partner.get(f"/v1/receipts/{receipt['id']}")).json()
    assert (seen["signed_by"], seen["signature_entry_id"]) == ("赵法官", None)
    await refused(
        firm,
        {**before, **{name: (await firm.tables())[name] for name in ("users", "sessions")}},
        await partner.post(path, whole),
        403,
    )


async def test_paper_is_added_to_what_was_signed_and_says_the_same(firm: Firm) -> None:
    lawyer, dossier, entry = await a_dossier(firm)
    receipt = await made(lawyer, dossier, "returned", {"entry_id": entry["id"]}, **SIGNED)
    paper = await firm.entry(lawyer, dossier["id"], "签收单", original="scan")
    path, before = f"/v1/receipts/{receipt['id']}/signature", await firm.tables()
    for change, where, code in (
        ({"signed_by": "李四"}, "/body/signed_by", "differs"), ({"signed_on": "2026-03-08"}, "/body/signed_on", "differs"),
        ({"signed_on": TOMORROW}, "/body/signed_on", "in_future"), ({"signature_entry_id": dossier["id"]}, "/body/signature_entry_id", "unknown_entry"),
    ):  # fmt: skip
        problem = await refused(firm, before, await lawyer.post(path, {**SIGNED, **change}), 422)
        assert pointers(problem) == [(where, code)]
    await firm.eyes.execute("UPDATE dossiers SET state = 'submitted'")
    signed = await lawyer.post(path, {**SIGNED, "signature_entry_id": paper["id"]})
    assert (signed.status_code, signed.json()["signature_entry_id"]) == (200, paper["id"])


async def test_cancelled_receipt_is_not_signed(firm: Firm) -> None:
    lawyer, dossier, entry = await a_dossier(firm)
    receipt = await handed_over(lawyer, dossier, entry)
    await lawyer.post(f"/v1/receipts/{receipt['id']}/cancellation", {"reason": "误"})
    before = await firm.tables()
    await refused(
        firm, before, await lawyer.post(f"/v1/receipts/{receipt['id']}/signature", SIGNATURE), 409, "receipt_cancelled"
    )
