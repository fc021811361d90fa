"""Event types of clients and intakes."""

from app.events.vocabulary import EventType

CLIENT_CREATED = EventType("client.created", "A client was created", "新建客户")
CLIENT_CHANGED = EventType("client.changed", "A client was changed", "修改客户")
CLIENT_VIEWED = EventType("client.viewed", "A client was read", "查看客户")
CLIENT_LISTED = EventType("client.listed", "Clients were listed", "列出客户")
CLIENT_DUPLICATE_SUSPECTED = EventType(
    "client.duplicate_suspected", "Two clients have the same identifier", "疑似重复客户"
)
CLIENT_VERIFIED = EventType("client.verified", "An original of a client was verified", "核对客户证件原件")
VERIFICATION_LISTED = EventType("client.verifications_listed", "Verifications of a client were read", "查看核对记录")
VERIFICATION_COPY_ADDED = EventType("client.copy_added", "The scan of a verified original was stored", "保存证件扫描件")
VERIFICATION_COPY_READ = EventType("client.copy_read", "The scan of a verified original was read", "查看证件扫描件")
VERIFICATION_COPY_REJECTED = EventType("client.copy_rejected", "A scan was not kept", "证件扫描件未保存")
CLIENT_COMPLETENESS_VIEWED = EventType(
    "client.completeness_viewed", "What is missing of a client's data was read", "查看客户资料完整情况"
)
CLIENT_MERGED = EventType("client.merged", "A record of a client was merged into another", "合并客户")
DUPLICATES_LISTED = EventType("client.duplicates_listed", "Suspected duplicates were listed", "列出疑似重复客户")
NOTICE_GIVEN = EventType("client.notice_given", "A client was told of the use of his data", "告知个人信息处理事项")
NOTICES_LISTED = EventType("client.notices_listed", "What a client was told was read", "查看告知记录")
CONSENT_GIVEN = EventType("client.consent_given", "A client's consent was recorded", "登记个人信息同意")
CONSENTS_LISTED = EventType("client.consents_listed", "The consents of a client were read", "查看同意记录")
CONSENT_WITHDRAWN = EventType("client.consent_withdrawn", "A client withdrew a consent", "撤回个人信息同意")
CONSENT_COPY_ADDED = EventType("client.consent_copy_added", "The scan of a consent was stored", "保存同意书扫描件")
CONSENT_COPY_READ = EventType("client.consent_copy_read", "The scan of a consent was read", "查看同意书扫描件")
CONSENT_COPY_REJECTED = EventType(
    "client.consent_copy_rejected", "A scan of a consent was not kept", "同意书扫描件未保存"
)
INTAKE_CREATED = EventType("intake.created", "An intake was registered", "登记接待")
INTAKE_VIEWED = EventType("intake.viewed", "An intake was read", "查看接待记录")
INTAKE_LISTED = EventType("intake.listed", "Intakes were listed", "列出接待记录")
INTAKE_CHANGED = EventType("intake.changed", "An intake was changed", "修改接待记录")
INTAKE_DECIDED = EventType("intake.decided", "What came of an intake was recorded", "登记接待结果")
