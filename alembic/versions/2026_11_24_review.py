"""Review by the firm's own reasons, duplicates, supersession, preparation; categories and local variants of templates.

Sources: domain/rules.md 1.2 (律师业务档案立卷归档办法 Art. 9), 1.4 (local variants), 1.6 (preparation).
"""

import json
from uuid import UUID, uuid5

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "2026_11_24_review"
down_revision = "2026_11_24_rulebook"
branch_labels = None
depends_on = None

_NAMESPACE = UUID("2d8d1a5c-3c39-4b0a-8a07-5a3c7d0b9f44")
_ART_9, _CUSTOM = "律师业务档案立卷归档办法(1991)第九条", "律师事务所整理惯例"
_BINDING = "律师业务档案立卷归档办法(1991)及立卷装订通例,据二手资料"
# Code, label, source, verified.
_EXCLUSIONS = (
    ("enquiry_before_engagement", "委托前询问如何委托的信函、电报、电话记录及复函", _ART_9, True),
    ("envelope", "没有参考价值的信封", _ART_9, True),
    ("certificate_draft", "为外单位代查证明材料的草稿", _ART_9, True),
    ("draft", "未经签发的文稿与历次修改稿(定稿除外)", _ART_9, True),
    ("duplicate", "重复材料", _CUSTOM, False),
    ("irrelevant", "与本案无关", _CUSTOM, False),
    ("not_authentic", "真实性不能确认", _CUSTOM, False),
    ("unlawful", "来源或取得方式不合法", _CUSTOM, False),
    ("superseded", "已被新版本取代", _CUSTOM, False),
)
_DUPLICATES = {"similarity": 85, "days": 7, "numbers_count": True, "ignored": ["副本", "复印件", "扫描件", "复件"]}
_PREPARATIONS = (
    ("metal_removed", "去除金属物", _BINDING, False),
    ("repaired", "修补破损", _BINDING, False),
    ("mounted", "小于 A4 的材料裱贴", _BINDING, False),
    ("folded", "大于 A4 的材料折叠", _BINDING, False),
    ("copied_illegible", "破损或字迹不清,附复印件", _BINDING, False),
    ("transcript_attached", "字迹不清,附抄件", _BINDING, False),
    ("translation_attached", "外文材料附中文译文", _BINDING, False),
)
_CATEGORIES = {
    "client_information": "客户与委托材料",
    "evidence": "证据与背景材料",
    "legal_instrument": "承办律师起草的法律文书",
    "correspondence": "函件与联络记录",
    "court_document": "程序性文书与裁判文书",
    "fee_document": "收费凭证与发票",
    "internal_discussion": "集体讨论与办案策略",
    "other": "其他材料",
}
_STAGES = ("收案", "立案", "证据交换", "庭审", "判决", "结案")
# Name, prefix of slot codes, source, slots; an asterisk marks what must be there, where the source says so.
_VARIANTS = (
    (
        "河南律协示范", "hn", "河南省律师协会示范规则民事代理卷(19 项),据二手资料;原文未标明必备项",
        (
            "受理审批表", "风险告知书", "委托代理合同", "授权委托书", "收费凭证(发票复印件)", "诉状、答辩状、反诉状",
            "阅卷笔录", "会见谈话笔录", "证据目录(证据名称、来源、内容、证明对象)", "证据材料",
            "诉讼法律文书(管辖异议、回避、保全、先予执行、延期、重新勘验、撤诉等)", "承办律师代理意见", "集体讨论记录",
            "出庭通知书", "庭审笔录", "代理词", "判决书、裁定书、调解书", "办案小结", "河南省法律服务质量监督卡",
        ),
    ),
    (
        "法律援助", "fy", "法律援助案卷归档顺序,据二手资料;原文未标明必备项,目录由系统生成而不占位",
        (
            "援助申请表", "身份证明", "经济状况证明", "审批表", "给予援助决定书存根", "指派通知书", "公函",
            "权利义务告知书", "风险告知书", "授权委托书", "起诉书等", "原裁判文书", "证据", "阅卷笔录", "会见笔录",
            "庭审笔录", "代理词", "裁判文书", "结案报告表",
        ),
    ),
    (
        "法律服务所规范", "fw", "法律服务所立卷规范对民事代理卷的增补(17 项),据二手资料",
        (
            "*批办单(收案审批)", "委托代理风险告知书", "*收费凭证", "*委托书(委托代理协议、授权委托书)",
            "*起诉书、上诉书或答辩书", "阅卷笔录", "会见当事人谈话笔录", "调查材料(证人证言、书证)",
            "诉讼保全、证据保全、先行给付申请书和法院裁定书", "承办律师代理意见", "集体讨论记录", "*代理词",
            "*出庭通知书", "*庭审笔录", "*判决书、裁定书、调解书、上诉书", "服务质量监督卡", "*办案小结",
        ),
    ),
)  # fmt: skip
_INSERT_RULES = sa.text(
    "INSERT INTO rule_versions (kind, version, body, source, verified, changed_at)"
    " VALUES (:kind, 1, CAST(:body AS jsonb), :source, false, now())"
)
# A firm may have a variant of the name by now; then its own stays.
_INSERT_VARIANT = sa.text(
    "INSERT INTO templates (id, matter_type, name, version, slots, stages, categories, source, verified, created_at)"
    " VALUES (:id, 'civil', :name, 1, CAST(:slots AS jsonb), :stages, CAST(:categories AS jsonb), :source, false,"
    " now()) ON CONFLICT (matter_type, name, version) DO NOTHING"
)
# What a dossier follows, and the name in use, stay: the schema before knows both.
_DELETE_VARIANT = sa.text(
    "DELETE FROM templates t WHERE t.id = :id AND NOT EXISTS (SELECT 1 FROM dossiers d WHERE d.template_id = t.id)"
    " AND NOT EXISTS (SELECT 1 FROM matter_types m WHERE m.matter_type = t.matter_type AND m.template_name = t.name)"
)


def _coded(rules: tuple[tuple[str, str, str, bool], ...]) -> list[dict[str, object]]:
    return [dict(zip(("code", "label", "source", "verified"), rule, strict=True)) for rule in rules]


def _slots(prefix: str, labels: tuple[str, ...]) -> list[dict[str, object]]:
    return [
        {"code": f"{prefix}-{number:02d}", "label": label.removeprefix("*"), "required": label.startswith("*")}
        for number, label in enumerate(labels, start=1)
    ]


def _bring_rules() -> None:
    bodies = {
        "review": (
            {"exclusions": _coded(_EXCLUSIONS), "duplicates": _DUPLICATES},
            "律师业务档案立卷归档办法(1991)第九条;其余为律师事务所惯例与本系统建议值",
        ),
        "preparation": ({"acts": _coded(_PREPARATIONS)}, _BINDING),
    }
    for kind, (body, source) in bodies.items():
        op.execute(_INSERT_RULES.bindparams(kind=kind, body=json.dumps(body), source=source))


def _bring_templates() -> None:
    categories = json.dumps([{"code": code, "label": label} for code, label in _CATEGORIES.items()])
    op.add_column("templates", sa.Column("categories", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.execute(sa.text("UPDATE templates SET categories = CAST(:all AS jsonb)").bindparams(all=categories))
    op.alter_column("templates", "categories", nullable=False)
    for name, prefix, source, labels in _VARIANTS:
        op.get_bind().execute(
            _INSERT_VARIANT,
            {
                "id": uuid5(_NAMESPACE, name), "name": name, "slots": json.dumps(_slots(prefix, labels)),
                "stages": list(_STAGES), "categories": categories, "source": source,
            },
        )  # fmt: skip


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "duplicate_dismissals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("entry_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("dismissed_by", sa.Uuid(), nullable=False),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("cardinality(entry_ids) >= 2", name="duplicate_dismissals_entry_ids"),
        sa.ForeignKeyConstraint(["dismissed_by"], ["users.id"]),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("duplicate_dismissals_dossier_id", "duplicate_dismissals", ["dossier_id"])
    op.create_table(
        "entry_preparations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("acts", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.Column("rules_version", sa.Integer(), nullable=False),
        sa.Column("noted_by", sa.Uuid(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("cardinality(acts) >= 1", name="entry_preparations_acts"),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"]),
        sa.ForeignKeyConstraint(["noted_by"], ["users.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("entry_preparations_entry_id_id", "entry_preparations", ["entry_id", "id"])
    op.create_index("entries_unreviewed", "entries", ["dossier_id"], postgresql_where=sa.text("review = 'unreviewed'"))
    op.add_column("entry_reviews", sa.Column("exclusion", sa.Text(), nullable=True))
    op.add_column("entry_reviews", sa.Column("superseded_by", sa.Uuid(), nullable=True))
    op.add_column("entry_reviews", sa.Column("rules_version", sa.Integer(), nullable=True))
    op.create_foreign_key("entry_reviews_superseded_by_fkey", "entry_reviews", "entries", ["superseded_by"], ["id"])
    op.create_check_constraint("entry_reviews_exclusion", "entry_reviews", "exclusion IS NULL OR decision = 'exclude'")
    op.create_check_constraint(
        "entry_reviews_superseded_by", "entry_reviews",
        "superseded_by IS NULL OR (exclusion = 'superseded' AND superseded_by <> entry_id)",
    )  # fmt: skip
    op.create_index(
        "entry_reviews_superseded_by", "entry_reviews", ["superseded_by"],
        postgresql_where=sa.text("superseded_by IS NOT NULL"),
    )  # fmt: skip
    _bring_templates()
    _bring_rules()


def downgrade() -> None:
    """Go back to the schema before."""
    op.execute("DELETE FROM rule_versions WHERE kind IN ('review', 'preparation')")
    for name, *_ in _VARIANTS:
        op.execute(_DELETE_VARIANT.bindparams(id=uuid5(_NAMESPACE, name)))
    op.drop_column("templates", "categories")
    op.drop_index("entry_reviews_superseded_by", table_name="entry_reviews")
    op.drop_constraint("entry_reviews_superseded_by", "entry_reviews", type_="check")
    op.drop_constraint("entry_reviews_exclusion", "entry_reviews", type_="check")
    op.drop_column("entry_reviews", "rules_version")
    op.drop_column("entry_reviews", "superseded_by")
    op.drop_column("entry_reviews", "exclusion")
    op.drop_index("entries_unreviewed", table_name="entries")
    op.drop_table("entry_preparations")
    op.drop_table("duplicate_dismissals")
