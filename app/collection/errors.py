"""What can go wrong while material is collected."""

from app.core.errors import Conflict


class ReceiptCancelled(Conflict):
    """A receipt is cancelled once."""

    code, title_en, title_zh = "receipt_cancelled", "Receipt is cancelled already", "收据已作废"


class ReceiptSigned(Conflict):
    """A signature is recorded once."""

    code, title_en, title_zh = "receipt_signed", "Receipt's signature is recorded already", "收据签收已登记"


class ReceiptNeeded(Conflict):
    """Later receipts go by this one: without it they would tell of what can't have been."""

    code, title_en, title_zh = "receipt_needed", "Later receipts go by this one", "后续收据以此为据"
