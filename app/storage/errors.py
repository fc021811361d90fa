"""What can go wrong with stored bytes. Never carries an address, a signature or a key of the store to a caller."""

from app.core.errors import AppError, Invalid, Unavailable


class UnavailableFor(Unavailable):
    """Something that is needed can't be used now; `reason` is for the log of the operator and not shown to callers."""

    def __init__(self, reason: str, *, retry_after: int) -> None:
        super().__init__(retry_after=retry_after)
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.title_en}: {self.reason}" if self.reason else self.title_en


class StoreUnavailable(UnavailableFor):
    """The object store can't take or give bytes now: unreachable, too slow, failing, full, or refusing our key.

    `reason` is for the log of the operator; it holds no signed address and is not shown to callers.
    """

    title_en, title_zh = "File store unavailable, nothing was done", "文件存储暂时不可用,未执行任何操作"

    def __init__(self, reason: str = "", *, retry_after: int = 2) -> None:
        super().__init__(reason, retry_after=retry_after)


class StoreFull(StoreUnavailable):
    """The object store has no room left; retrying soon does not help, space must be made."""

    title_en, title_zh = "File store is full, nothing was kept", "文件存储空间已满,未保存任何内容"

    def __init__(self, reason: str = "", *, retry_after: int = 60) -> None:
        super().__init__(reason, retry_after=retry_after)


class ObjectMissing(AppError):
    """The store holds no object of this key, though somebody counted on it."""

    code, status, title_en, title_zh = "object_missing", 500, "Stored file is missing", "存储的文件缺失"


class ObjectCorrupt(AppError):
    """The store holds or took other bytes than were sent; an upload of that kind was removed again.

    `reason` says in a few words what was found.
    """

    code, status, title_en, title_zh = "object_corrupt", 500, "Stored file is damaged", "存储的文件已损坏"

    def __init__(self, reason: str = "") -> None:
        super().__init__(f"Stored file is damaged ({reason})" if reason else "", "存储的文件已损坏")
        self.reason = reason


class BodyLengthMismatch(AppError):
    """The body ended before or went on after its announced size; nothing was kept."""

    code, status, title_en, title_zh = (
        "body_length_mismatch",
        400,
        "Body differs from its length",
        "请求体与声明长度不符",
    )


class DigestMismatch(Invalid):
    """What arrived is not what the sender meant to send; nothing was kept."""

    code, title_en, title_zh = "digest_mismatch", "Digest differs", "摘要不一致"


class KeyStoreUnavailable(UnavailableFor):
    """The key store can't be used now: not mounted, not readable, or without the master key that is needed.

    `reason` is for the log of the operator; it holds no key and is not shown to callers.
    """

    title_en, title_zh = "Key store unavailable, nothing was done", "密钥库暂时不可用,未执行任何操作"

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason, retry_after=5)


class KeyMissing(ObjectCorrupt):
    """The key that a stored file was sealed with is not in the key store, though it was never destroyed."""

    code, status, title_en, title_zh = "key_missing", 500, "The file's key is missing", "文件密钥缺失"

    def __init__(self) -> None:
        super().__init__("its key is missing")


class KeyDestroyed(ObjectMissing):
    """The key of the file's dossier was destroyed: its bytes can't be had again by anybody."""

    code, status, title_en, title_zh = "key_destroyed", 410, "The file was destroyed", "文件已销毁"


class ObjectLocked(AppError):
    """The store keeps this object under a hold or until a moment, and removes it for nobody."""

    code, status, title_en, title_zh = "object_locked", 409, "Stored file is locked", "存储的文件已锁定"


class LocksMissing(AppError):
    """The bucket of the store was made without Object Lock, or our key may not lock: nothing in it can be locked."""

    code, status, title_en, title_zh = "locks_missing", 409, "File store can't lock files", "文件存储不支持锁定"
