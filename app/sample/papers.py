"""The sample papers and what is recorded of each: a made-up 买卖合同纠纷 between made-up companies.

Slots and stages are those of the civil template, 民事代理卷 (domain/rules.md section 1.4).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

DIRECTORY = Path(__file__).with_name("papers")
PDF, JPEG, PNG = "application/pdf", "image/jpeg", "image/png"

FIRM = "示例律师事务所"
CLIENT = "云栖示例机电有限公司"
CLIENT_USCC = "91999999MADEM0001X"
LEGAL_REPRESENTATIVE = "施力云"
CLIENT_ADDRESS = "示例省示例市样本区虚构路1号"
OPPONENT = "临港样本贸易有限公司"
OPPONENT_USCC = "91999999MADEM00021"
COURT = "示例市样本区人民法院"
CASE_NUMBER = "（2026）示0199民初00123号"
CONTRACT_NUMBER = "〔2026〕示律民代字第012号"
CAUSE = "买卖合同纠纷"
OPENED_ON = "2026-03-02"
LICENCE = "营业执照副本.jpg"
LICENCE_TYPE = JPEG


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper to be filed; `pages` only where the file can't tell them (images)."""

    file: str
    title: str
    category: str
    slot: str
    stage: str
    formed_on: str
    responsible_party: str
    original: str
    media_type: str = PDF
    document_number: str | None = None
    pages: int | None = None
    confidentiality: str | None = None
    remarks: str | None = None

    @property
    def path(self) -> Path:
        """Where its file lies."""
        return DIRECTORY / self.file

    def entry(self) -> dict[str, Any]:
        """Give the body that registers it as an entry; what is not known is left out."""
        fields = (
            "title", "category", "document_number", "responsible_party", "formed_on", "pages", "original",
            "confidentiality", "stage", "slot", "remarks",
        )  # fmt: skip
        return {name: value for name in fields if (value := getattr(self, name)) is not None}


PAPERS = (
    Paper("01-收案审批表.pdf", "收案审批表", "other", "ms-01", "收案", "2026-03-02", FIRM, "original",
          document_number="2026-收-0012"),
    Paper("02-收费凭证.pdf", "收费凭证", "fee_document", "ms-02", "收案", "2026-03-03", FIRM, "copy",
          document_number="示例-2026-00031", remarks="存根联"),
    Paper("03-委托代理合同.pdf", "委托代理合同", "client_information", "ms-03", "收案", "2026-03-02",
          f"{CLIENT}、{FIRM}", "original", document_number=CONTRACT_NUMBER),
    Paper("04-授权委托书.pdf", "授权委托书", "client_information", "ms-03", "收案", "2026-03-02", CLIENT, "original",
          remarks="特别授权"),
    Paper("05-民事起诉状.pdf", "民事起诉状", "legal_instrument", "ms-04", "立案", "2026-03-09", CLIENT, "copy"),
    Paper("06-买卖合同(扫描件).pdf", "证据一：买卖合同及技术参数表", "evidence", "ms-07", "证据交换", "2025-05-18",
          f"{CLIENT}、{OPPONENT}", "scan", document_number="YX-2025-0518", remarks="与原件核对无异"),
    Paper("07-送货单.jpg", "证据二：送货单", "evidence", "ms-07", "证据交换", "2025-06-20", CLIENT, "scan", JPEG,
          document_number="SH-2025-0620", pages=1, remarks="与原件核对无异"),
    Paper("08-对账单及银行流水.pdf", "证据三：对账单及银行流水", "evidence", "ms-07", "证据交换", "2025-09-30",
          f"{CLIENT}、{OPPONENT}", "copy"),
    Paper("09-即时通讯聊天记录截图.png", "证据四：即时通讯聊天记录截图", "evidence", "ms-07", "证据交换", "2026-01-05",
          CLIENT, "born_digital", PNG, pages=1, remarks="原始载体由委托人保存"),
    Paper("10-集体讨论记录.pdf", "集体讨论记录", "internal_discussion", "ms-10", "庭审", "2026-04-20", FIRM, "original",
          confidentiality="restricted"),
    Paper("11-代理词.pdf", "代理词", "legal_instrument", "ms-11", "庭审", "2026-04-28", FIRM, "copy"),
    Paper("12-开庭传票.pdf", "开庭传票", "court_document", "ms-12", "庭审", "2026-04-02", COURT, "original",
          document_number=CASE_NUMBER),
    Paper("13-庭审笔录.pdf", "庭审笔录", "court_document", "ms-13", "庭审", "2026-04-28", COURT, "copy",
          document_number=CASE_NUMBER),
    Paper("14-民事判决书.pdf", "民事判决书", "court_document", "ms-14", "判决", "2026-05-26", COURT, "original",
          document_number=CASE_NUMBER),
    Paper("15-办案小结.pdf", "办案小结", "other", "ms-15", "结案", "2026-06-15", FIRM, "original"),
)  # fmt: skip
