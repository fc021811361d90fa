"""Event types of dossiers, numbers and the firm's rules."""

from app.events.vocabulary import EventType

DOSSIER_OPENED = EventType("dossier.opened", "A dossier was opened", "立卷")
DOSSIER_VIEWED = EventType("dossier.viewed", "A dossier was read", "查看案卷")
DOSSIER_LISTED = EventType("dossier.listed", "Dossiers were listed", "列出案卷")
DOSSIER_CHANGED = EventType("dossier.changed", "A dossier was changed", "修改案卷")
DOSSIER_VOIDED = EventType("dossier.voided", "A dossier and its number were made void", "案卷及案号作废")
DOSSIER_CLIENT_MERGED = EventType(
    "dossier.client_merged", "A client of a dossier was merged into another", "案卷客户随合并变更"
)
DOSSIER_CHECK_ATTACHED = EventType(
    "dossier.conflict_check_attached", "A conflict check was attached to a dossier", "案卷关联利益冲突审查"
)
TEAM_VIEWED = EventType("dossier.team_viewed", "The team of a dossier was read", "查看承办团队")
TEAM_CHANGED = EventType("dossier.team_changed", "The team of a dossier was changed", "调整承办团队")
NUMBERS_LISTED = EventType("number.listed", "The register of numbers was read", "查看案号登记簿")
FIRM_RULES_VIEWED = EventType("firm_rules.viewed", "The firm's rules were read", "查看本所规则")
FIRM_RULES_CHANGED = EventType("firm_rules.changed", "The firm's rules were changed", "修改本所规则")
MATTER_TYPES_LISTED = EventType("matter_type.listed", "Matter types were read", "查看业务类别")
MATTER_TYPE_CHANGED = EventType("matter_type.changed", "A matter type was changed", "修改业务类别")
DOSSIER_TEMPLATE_CHANGED = EventType(
    "dossier.template_changed", "The template of a dossier was changed", "更换案卷模板"
)
TEMPLATE_CREATED = EventType("template.created", "A version of a template was added", "新增立卷模板版本")
TEMPLATE_VIEWED = EventType("template.viewed", "A template was read", "查看立卷模板详情")
TEMPLATES_LISTED = EventType("template.listed", "Templates were read", "查看立卷模板")
