"""Forms to be printed, and texts that would do harm."""

from datetime import date, datetime

from app.core.clock import FIRM_ZONE
from app.reports.forms import ContentsForm, CoverForm
from app.reports.trade_forms import BackForm, ClosingReportForm, IntakeApprovalForm, NoteForm, NoteLine

PRINTED_AT = datetime(2026, 11, 24, 12, 0, 30, tzinfo=FIRM_ZONE)
DIGEST = "sha-256:" + "0123456789abcdef" * 4
CONTENTS = ContentsForm(
    firm_name="示例律师事务所",
    number="2026-MS-L03-0001",
    title="示例科技与示例贸易买卖合同纠纷案",
    cause="买卖合同纠纷",
    client_names=("北京示例科技有限公司",),
    lead_lawyer="王丽",
    volumes=(),
    printed_at=PRINTED_AT,
    digest=DIGEST,
)
COVER = CoverForm(
    firm_name="示例律师事务所",
    number="2026-MS-L03-0001",
    matter_type="民事",
    cause="买卖合同纠纷",
    client_names=("北京示例科技有限公司", "李四"),
    lead_lawyer="王丽",
    confidentiality="internal",
    printed_at=PRINTED_AT,
    opposing_parties=("上海示例贸易有限公司",),
    opened_on=date(2026, 3, 1),
    court_case_number="(2026)京0108民初123号",
    volumes=2,
    pages=257,
)
NOTE = NoteForm(
    firm_name="示例律师事务所",
    number="2026-MS-L03-0001",
    printed_at=PRINTED_AT,
    volume=1,
    volumes=2,
    condition="本册共 12 件 189 页。",
    notes=(
        NoteLine(date(2026, 12, 1), "第 31 页缺损一角,已按原件复印补入。", "王丽"),
        NoteLine(date(2027, 1, 15), "经主任批准补入执行裁定书一件 3 页。", "赵敏"),
    ),
    compiler="王丽",
    checker="赵敏",
    compiled_on=date(2026, 11, 24),
)
BACK = BackForm(
    firm_name="示例律师事务所", number="2026-MS-L03-0001", printed_at=PRINTED_AT, volume=1, volumes=2, pages=189
)
INTAKE = IntakeApprovalForm(
    firm_name="示例律师事务所",
    number="2026-MS-L03-0001",
    printed_at=PRINTED_AT,
    matter_type="民事",
    client_names=("北京示例科技有限公司", "李四"),
    opposing_parties=("上海示例贸易有限公司",),
    cause="买卖合同纠纷",
    lead_lawyer="王丽",
    opened_on=date(2026, 3, 1),
)
CLOSING = ClosingReportForm(
    firm_name="示例律师事务所",
    number="2026-MS-L03-0001",
    printed_at=PRINTED_AT,
    matter_type="民事",
    client_names=("北京示例科技有限公司", "李四"),
    project="示例科技与示例贸易买卖合同纠纷案",
    lead_lawyer="王丽",
    opened_on=date(2026, 3, 1),
    summary="一审判决支持全部诉讼请求,对方未上诉。",
    fees={"应收": "30000 元", "已收": "30000 元", "尚欠": "0 元"},
)
HOSTILE = [
    '#panic("x")',
    "$x$",
    '#include "/etc/passwd" #read("contents.typ") \\ *b* _i_ `r` <l> @r // /* ~ -- \'',
    "=cmd|'/C calc'!A0",
    "{=SUM(1)}",
    "http://example.org/?a=1&b=2",
    "internal:Sheet1!A1",
    "0012",
    "1e5",
    '"quotes",commas',
    "_x0041_ &amp; <b> ]]>",
    "𠮷野家与㐂、䶮、龘",
    "-1",
    "+1",
    "@SUM(1)",
    "=1+1",
]
