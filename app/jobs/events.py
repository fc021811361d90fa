"""Event types of scheduled work."""

from app.events.vocabulary import EventType

KEYS_BACKED_UP = EventType("storage.keys_backed_up", "The keys of stored files were backed up", "备份文件密钥")
MASTER_KEYS_ROTATED = EventType(
    "storage.master_keys_rotated", "All keys were wrapped with a new master key", "更换主密钥"
)
MASTER_KEYS_DROPPED = EventType(
    "storage.master_keys_dropped", "Retired master keys that nothing needs were forgotten", "清除已停用的主密钥"
)
KEYS_RESTORED = EventType("storage.keys_restored", "Keys were put back from a backup", "从备份恢复文件密钥")
UPLOADS_SWEPT = EventType(
    "storage.uploads_swept", "Uploads in parts that nobody ended were removed", "清除未完成的分段上传"
)
LEDGER_VERIFIED = EventType("ledger.verified", "The ledger was checked as a whole", "校验事件账本")
LEDGER_KEY_ROTATED = EventType("ledger.key_rotated", "The ledger was given a new signing key", "更换账本签名密钥")
