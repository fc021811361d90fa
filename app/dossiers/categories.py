"""Classes of material (材料类别): the closed vocabulary of the contract, and what they are called unless told.

Templates choose from them and put them into an order; a firm never adds one, for programs rely on the names.
"""

from enum import StrEnum


class Category(StrEnum):
    """Classes of material (材料类别). Source: domain/workflow.md section 2."""

    CLIENT_INFORMATION = "client_information"
    EVIDENCE = "evidence"
    LEGAL_INSTRUMENT = "legal_instrument"
    CORRESPONDENCE = "correspondence"
    COURT_DOCUMENT = "court_document"
    FEE_DOCUMENT = "fee_document"
    INTERNAL_DISCUSSION = "internal_discussion"
    OTHER = "other"


LABELS = {
    Category.CLIENT_INFORMATION: "客户与委托材料",
    Category.EVIDENCE: "证据与背景材料",
    Category.LEGAL_INSTRUMENT: "承办律师起草的法律文书",
    Category.CORRESPONDENCE: "函件与联络记录",
    Category.COURT_DOCUMENT: "程序性文书与裁判文书",
    Category.FEE_DOCUMENT: "收费凭证与发票",
    Category.INTERNAL_DISCUSSION: "集体讨论与办案策略",
    Category.OTHER: "其他材料",
}
