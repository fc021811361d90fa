"""First rules: matter types, templates, and the firm's rules for numbers; a firm edits all of them later.

Sources: 律师业务档案立卷归档办法 (司法部、国家档案局, 1991) Art. 12; domain/rules.md sections 1.4, 1.6 and 4. Criminal and
civil orders were read in full (`verified`); retainer and other non-contentious ones from a secondary page; which slots
are required comes from a secondary page too. Administrative, economic and arbitration matters use the civil order.
"""

import json
from uuid import UUID, uuid5

import sqlalchemy as sa

from alembic import op

revision = "2026_11_24_first_rules"
down_revision = "2026_11_24_first_tables"
branch_labels = None
depends_on = None

_NAMESPACE = UUID("5f1d7f2e-2a0b-4b57-9d0e-9a4f3f6c1e11")
_ART_12 = "律师业务档案立卷归档办法(1991)第十二条"
_SECONDARY = "律师业务档案立卷归档办法(1991)第十二条,据二手资料"

# Name, code in numbers, words, template.
MATTER_TYPES = (
    ("criminal", "XS", "刑事", "Criminal", "criminal"),
    ("civil", "MS", "民事", "Civil", "civil"),
    ("administrative", "XZ", "行政", "Administrative", "civil"),
    ("arbitration", "ZC", "仲裁", "Arbitration", "civil"),
    ("non_litigation", "FS", "非诉讼", "Non-contentious", "other"),
    ("retainer", "GW", "法律顾问", "Retainer", "retainer"),
    ("consulting", "ZX", "咨询代书", "Consulting", "none"),
    ("intellectual_property", "ZZ", "知识产权", "Intellectual property", "civil"),
    ("enforcement", "ZXI", "执行", "Enforcement", "civil"),
    ("foreign", "SW", "涉外", "Foreign-related", "civil"),
)
# An asterisk marks what must be there.
SLOTS = {
    "criminal": (
        "批办单(收案审批)", "收费凭证", "委托书或指定书", "阅卷笔录", "会见被告人、委托人、证人笔录", "调查材料",
        "承办人提出的辩护或代理意见", "集体讨论记录", "起诉书、上诉书", "辩护词或代理词", "出庭通知书", "裁定书、判决书",
        "上诉书、抗诉书", "办案小结",
    ),
    "civil": (
        "*批办单(收案审批)", "*收费凭证", "*委托书(委托代理协议、授权委托书)", "*起诉书、上诉书或答辩书", "阅卷笔录",
        "会见当事人谈话笔录", "调查材料(证人证言、书证)", "诉讼保全、证据保全、先行给付申请书和法院裁定书",
        "承办律师代理意见", "集体讨论记录", "*代理词", "*出庭通知书", "*庭审笔录", "*判决书、裁定书、调解书、上诉书",
        "*办案小结",
    ),
    "retainer": (
        "*聘方的申请书、聘书或续聘书", "*聘请法律顾问协议", "*聘方基本情况介绍材料", "*收费凭证",
        "办理各类法律事务的记录和材料", "*协议存续、中止、终止的情况", "*工作小结",
    ),
    "other": (
        "*委托书", "*收费凭证", "*与委托人谈话笔录", "委托人提供的证据材料", "调查材料",
        "*律师出具的法律意见、草拟的文书、办理活动的记录", "*工作小结",
    ),
    "none": (),
}  # fmt: skip
STAGES = {
    "criminal": ("收案", "侦查", "审查起诉", "庭审", "判决", "结案"),
    "civil": ("收案", "立案", "证据交换", "庭审", "判决", "结案"),
    "retainer": ("聘请", "服务", "续聘或终止"),
    "other": ("委托", "办理", "结案"),
    "none": (),
}
SOURCES = {
    "criminal": (_ART_12, True),
    "civil": (_ART_12, True),
    "retainer": (_SECONDARY, False),
    "other": (_SECONDARY, False),
    "none": ("按年度和时间顺序,据二手资料", False),
}


def _slots(code: str, template: str) -> str:
    slots = [
        {"code": f"{code.lower()}-{number:02d}", "label": label.removeprefix("*"), "required": label.startswith("*")}
        for number, label in enumerate(SLOTS[template], start=1)
    ]
    return json.dumps(slots, ensure_ascii=False)


def upgrade() -> None:
    """Bring the rules that every installation begins with."""
    connection = op.get_bind()
    for name, code, zh, en, template in MATTER_TYPES:
        connection.execute(
            sa.text("INSERT INTO matter_types VALUES (:name, :code, :zh, :en, now())"),
            {"name": name, "code": code, "zh": zh, "en": en},
        )
        source, verified = SOURCES[template]
        connection.execute(
            sa.text(
                "INSERT INTO templates (id, matter_type, version, slots, stages, source, verified, created_at)"
                " VALUES (:id, :name, 1, CAST(:slots AS jsonb), :stages, :source, :verified, now())"
            ),
            {
                "id": uuid5(_NAMESPACE, name), "name": name, "slots": _slots(code, template),
                "stages": list(STAGES[template]), "source": source, "verified": verified,
            },
        )  # fmt: skip
    connection.execute(
        sa.text(
            "INSERT INTO firm_rules (version, firm_name, number_rule, sealed_number_rule, serial_scope,"
            " volume_page_limit, changed_at) VALUES (1, '示例律师事务所', '{year}-{type}-{lawyer}-{serial:04d}',"
            " '{year}-{type}-{lawyer}-M{serial:04d}', ARRAY['lawyer', 'type', 'year'], 200, now())"
        ).bindparams()
    )


def downgrade() -> None:
    """Take the first rules away; refuses once anything refers to them."""
    op.execute("DELETE FROM firm_rules WHERE version = 1")
    op.execute("DELETE FROM templates WHERE version = 1")
    op.execute("DELETE FROM matter_types")
