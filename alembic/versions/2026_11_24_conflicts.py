"""Conflict checks: the index of parties with all that is there, checks and what became of them, their first rules."""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op
from app.clients.parties import known, lines_of
from app.core.ids import new_id

revision = "2026_11_24_conflicts"
down_revision = "2026_11_24_intake"
branch_labels = None
depends_on = None

_BATCH = 1000
_RULES = [
    ("both-sides", "absolute", "both_sides", [], "同一律师事务所在同一案件中代理双方当事人", "律师法 第三十九条;律师执业行为规范,关于绝对利益冲突的规定(据转载)"),
    ("firm-is-party", "absolute", "lawyer_is_party", [], "本所或本所人员为一方当事人,或与承办人有利益冲突", "律师执业行为规范,关于绝对利益冲突的规定(据转载)"),
    ("victim-and-suspect", "absolute", "same_case_other_side", ["criminal"], "同一刑事案件中,同所分别代理被害人与犯罪嫌疑人、被告人(只有一家律所的县域且事先征得同意的除外)", "律师执业行为规范,关于绝对利益冲突的规定(据转载)"),
    ("same-case", "absolute", "same_case_other_side", [], "民事、行政、仲裁案件中同所代理双方,或委托终止后在同一案件后续程序中代理对方", "律师执业行为规范,关于绝对利益冲突的规定(据转载)"),
    ("against-client", "relative", "opponent_is_client", [], "代理与本所现有服务客户对立、而该客户未就此委托本所的事务", "律师执业行为规范 第五十二条(据转载)"),
    ("against-former", "relative", "opponent_was_client", [], "委托关系终止后一年内,接受与原委托人有利害冲突一方的委托", "律师执业行为规范 第五十二条(据转载)"),
    ("opponent-as-client", "relative", "client_is_opponent", [], "接受正在办理事务中对方当事人委托的其他业务", "律师执业行为规范 第五十二条(据转载)"),
    ("related-party", "relative", "related", [], "一方的关联人为本所客户或其对方当事人,须由人判断", "实务做法,无法规出处"),
    ("own-or-relatives", "absolute", "by_person", [], "律师本人或近亲属与事务有利益冲突", "律师法 第三十九条;律师执业行为规范,关于绝对利益冲突的规定(据转载)"),
    ("kin-represents", "absolute", "by_person", [], "律师的近亲属为对方当事人的代理人", "律师执业行为规范,关于绝对利益冲突的规定(据转载)"),
    ("former-official", "absolute", "by_person", [], "曾以公职身份办理过该事务", "律师执业行为规范,关于绝对利益冲突的规定(据转载)"),
    ("both-in-deal", "absolute", "by_person", [], "非诉讼业务中,除各方共同委托外,同时为各方服务", "律师执业行为规范,关于绝对利益冲突的规定(据转载)"),
    ("kin-of-opponent", "relative", "by_person", [], "同所其他律师为对方当事人的近亲属", "律师执业行为规范 第五十二条(据转载)"),
    ("kin-of-victim", "relative", "by_person", [], "同所其他律师为刑事案件被害人的近亲属", "律师执业行为规范 第五十二条(据转载)"),
]  # fmt: skip
_FIELDS = ("code", "kind", "applies_to", "matter_types", "text", "source")
_CONFLICT = {
    "mode": "advised", "validity_days": 30, "within_years": 1,
    "rules": [{**dict(zip(_FIELDS, rule, strict=True)), "verified": False} for rule in _RULES],
}  # fmt: skip
_INSERT = sa.text(
    "INSERT INTO rule_versions (kind, version, body, source, verified, changed_at)"
    " VALUES (:kind, 1, CAST(:body AS jsonb), :source, :verified, now())"
)
_NAME = sa.text(
    "INSERT INTO party_names (id, side, what, party, key, core, grams, digest, client_id, dossier_id, current, named_at)"
    " VALUES (:id, :side, :what, :party, :key, :core, :grams, :digest, :client_id, :dossier_id, true, :named_at)"
).bindparams(sa.bindparam("grams", type_=postgresql.ARRAY(sa.Text())))
_CLIENTS = """
SELECT c.id, c.kind, c.name, c.legal_representative, c.former_names, c.created_at AS named_at,
 (SELECT jsonb_agg(jsonb_build_object('scheme', i.scheme, 'value', i.value)) FROM client_identifiers i
  WHERE i.client_id = c.id) AS identifiers
FROM clients c WHERE c.id > :after ORDER BY c.id LIMIT :batch
"""
_DOSSIERS = (
    "SELECT id, opposing_parties, created_at AS named_at FROM dossiers WHERE id > :after ORDER BY id LIMIT :batch"
)
_MANDATES = """
INSERT INTO party_names (id, side, what, party, client_id, dossier_id, current, named_at)
SELECT gen_random_uuid(), 'client', 'mandate', '', dc.client_id, dc.dossier_id, true, d.created_at
FROM dossier_clients dc JOIN dossiers d ON d.id = dc.dossier_id
"""


def _batches(query: str) -> Iterator[list[Any]]:
    after = "00000000-0000-0000-0000-000000000000"
    while rows := op.get_bind().execute(sa.text(query), {"after": after, "batch": _BATCH}).mappings().all():
        yield list(rows)
        after = rows[-1]["id"]


def _lines(party: dict[str, Any], side: str, row: Any, **of: Any) -> Iterator[dict[str, Any]]:
    for line in lines_of(known(party)):
        yield {
            "id": new_id(), "side": side, "what": line.what, "party": line.party, "key": line.key, "core": line.core,
            "grams": line.grams, "digest": line.digest, "named_at": row["named_at"], "client_id": None,
            "dossier_id": None, **of,
        }  # fmt: skip


def _fill() -> None:
    """Put everybody who is named so far into the index."""
    for rows in _batches(_CLIENTS):
        op.get_bind().execute(
            _NAME, [line for row in rows for line in _lines(dict(row), "client", row, client_id=row["id"])]
        )
    for rows in _batches(_DOSSIERS):
        lines = [
            line
            for row in rows
            for party in row["opposing_parties"]
            for line in _lines(party, "opposing", row, dossier_id=row["id"])
        ]
        if lines:
            op.get_bind().execute(_NAME, lines)
    op.execute(_MANDATES)


def upgrade() -> None:
    """Bring the schema forward; dossiers that were opened before any check are not called to account."""
    op.create_table(
        "conflict_checks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("client_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("about_client_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("lawyer_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("matter_type", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("court_case_number", sa.Text(), nullable=True),
        sa.Column("rules_version", sa.Integer(), nullable=False),
        sa.Column("incomplete", sa.Boolean(), nullable=False),
        sa.Column("refer_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["made_by"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("conflict_checks_made_by_id", "conflict_checks", ["made_by", "id"], unique=False)
    op.create_table(
        "conflict_conclusions",
        sa.Column("check_id", sa.Uuid(), nullable=False),
        sa.Column("conclusion", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("concluded_by", sa.Uuid(), nullable=False),
        sa.Column("concluded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("conclusion IN ('clear', 'waived', 'conflict')", name="conflict_conclusions_conclusion"),
        sa.ForeignKeyConstraint(
            ["check_id"],
            ["conflict_checks.id"],
        ),
        sa.ForeignKeyConstraint(
            ["concluded_by"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("check_id"),
    )
    op.create_table(
        "conflict_consents",
        sa.Column("check_id", sa.Uuid(), nullable=False),
        sa.Column("hit_id", sa.Uuid(), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("original_name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["added_by"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["check_id"],
            ["conflict_checks.id"],
        ),
        sa.PrimaryKeyConstraint("check_id", "hit_id"),
    )
    op.create_index("conflict_consents_key", "conflict_consents", ["key"], unique=True)
    op.create_table(
        "conflict_hits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("check_id", sa.Uuid(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("matched_name", sa.Text(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=True),
        sa.Column("constellation", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("dossier_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("rule_code", sa.Text(), nullable=True),
        sa.Column("rule_kind", sa.Text(), nullable=True),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["check_id"],
            ["conflict_checks.id"],
        ),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["clients.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("conflict_hits_check_id_id", "conflict_hits", ["check_id", "id"], unique=True)
    op.create_table(
        "conflict_referrals",
        sa.Column("check_id", sa.Uuid(), nullable=False),
        sa.Column("judgement", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("judged_by", sa.Uuid(), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("judgement IN ('none', 'absolute', 'relative')", name="conflict_referrals_judgement"),
        sa.ForeignKeyConstraint(
            ["check_id"],
            ["conflict_checks.id"],
        ),
        sa.ForeignKeyConstraint(
            ["judged_by"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("check_id"),
    )
    op.create_table(
        "conflict_judgements",
        sa.Column("hit_id", sa.Uuid(), nullable=False),
        sa.Column("check_id", sa.Uuid(), nullable=False),
        sa.Column("judgement", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("judgement IN ('none', 'absolute', 'relative')", name="conflict_judgements_judgement"),
        sa.ForeignKeyConstraint(
            ["check_id", "hit_id"], ["conflict_hits.check_id", "conflict_hits.id"], name="conflict_judgements_hit"
        ),
        sa.ForeignKeyConstraint(
            ["check_id"],
            ["conflict_conclusions.check_id"],
        ),
        sa.PrimaryKeyConstraint("hit_id"),
    )
    op.create_table(
        "conflict_uses",
        sa.Column("check_id", sa.Uuid(), nullable=False),
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("used_by", sa.Uuid(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["check_id"],
            ["conflict_conclusions.check_id"],
        ),
        sa.ForeignKeyConstraint(
            ["dossier_id"],
            ["dossiers.id"],
        ),
        sa.ForeignKeyConstraint(
            ["used_by"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("check_id"),
    )
    op.create_index("conflict_uses_dossier_id", "conflict_uses", ["dossier_id", "used_at"], unique=False)
    op.create_table(
        "party_names",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("core", sa.Text(), nullable=True),
        sa.Column("grams", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("dossier_id", sa.Uuid(), nullable=True),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("named_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(what = 'identifier') = (digest IS NOT NULL)", name="party_names_digest"),
        sa.CheckConstraint("(what IN ('identifier', 'mandate')) = (key IS NULL)", name="party_names_key"),
        sa.CheckConstraint("side IN ('client', 'opposing', 'related')", name="party_names_side"),
        sa.CheckConstraint(
            "what IN ('name', 'former_name', 'legal_representative', 'identifier', 'mandate')", name="party_names_what"
        ),
        sa.CheckConstraint("client_id IS NOT NULL OR dossier_id IS NOT NULL", name="party_names_of_something"),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["clients.id"],
        ),
        sa.ForeignKeyConstraint(
            ["dossier_id"],
            ["dossiers.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("party_names_client_id", "party_names", ["client_id", "dossier_id"], unique=False)
    op.create_index(
        "party_names_core",
        "party_names",
        ["core"],
        unique=False,
        postgresql_ops={"core": "text_pattern_ops"},
    )
    op.create_index(
        "party_names_digest", "party_names", ["digest"], unique=False, postgresql_where="digest IS NOT NULL"
    )
    op.create_index("party_names_dossier_id", "party_names", ["dossier_id"], unique=False)
    op.create_index(
        "party_names_grams",
        "party_names",
        ["grams"],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    op.create_index("party_names_key", "party_names", ["key"], unique=False, postgresql_where="key IS NOT NULL")
    op.add_column(
        "dossiers",
        sa.Column("related_parties", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
    )
    op.add_column("dossiers", sa.Column("conflict_check_due", sa.Boolean(), server_default="false", nullable=False))
    op.create_index(
        "dossiers_conflict_check_due",
        "dossiers",
        ["lead_lawyer_id", "id"],
        unique=False,
        postgresql_where="conflict_check_due",
    )
    _fill()
    op.execute(
        _INSERT.bindparams(
            kind="conflict", body=json.dumps(_CONFLICT),
            source="律师法 第二十三条、第三十九条;律师执业行为规范(据转载);有效天数为本所惯例,无法规出处",
            verified=False,
        )
    )  # fmt: skip


# The version before knows no more of an opponent than these.
_PLAIN_OPPONENTS = """
UPDATE dossiers d SET opposing_parties = (
 SELECT jsonb_agg(jsonb_build_object('name', p.one -> 'name', 'kind', p.one -> 'kind') ORDER BY p.place)
 FROM jsonb_array_elements(d.opposing_parties) WITH ORDINALITY AS p(one, place))
WHERE opposing_parties <> '[]'
"""


def downgrade() -> None:
    """Go back to the schema before."""
    op.execute(_PLAIN_OPPONENTS)
    op.drop_index("dossiers_conflict_check_due", table_name="dossiers", postgresql_where="conflict_check_due")
    op.drop_column("dossiers", "conflict_check_due")
    op.drop_column("dossiers", "related_parties")
    op.drop_table("party_names")
    op.drop_table("conflict_uses")
    op.drop_table("conflict_judgements")
    op.drop_table("conflict_referrals")
    op.drop_table("conflict_hits")
    op.drop_table("conflict_consents")
    op.drop_table("conflict_conclusions")
    op.drop_table("conflict_checks")
    op.execute("DELETE FROM rule_versions WHERE kind = 'conflict'")
