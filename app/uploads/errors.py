"""What can go wrong with resumable uploads."""

from app.core.errors import AppError, Conflict


class OffsetConflict(Conflict):
    """The bytes do not begin where the upload stands: another request was faster, or an answer was lost."""

    code, title_en, title_zh = "offset_conflict", "The upload stands at another offset", "上传位置不一致"

    def __init__(self) -> None:
        super().__init__(
            "Ask by HEAD where the upload stands and go on from there",
            "请以 HEAD 查询当前位置后继续上传",
            retry_after=1,
        )


class UploadGone(AppError):
    """The upload has ended without becoming a file."""

    code, status, title_en, title_zh = "upload_gone", 410, "The upload has ended", "该上传已终止"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The upload has ended ({reason}): begin a new one", f"该上传已终止({reason}),请重新上传")


class UploadBusy(AppError):
    """The bytes are all there and are just being made a file, by another request."""

    code, status, title_en, title_zh = "upload_busy", 423, "The upload is being finished", "该上传正在完成"

    def __init__(self) -> None:
        super().__init__("Ask by HEAD in a moment", "请稍后以 HEAD 查询", retry_after=2)


class ChecksumMismatch(AppError):
    """What arrived does not have the announced checksum; nothing of this request was kept (tus: 460)."""

    code, status, title_en, title_zh = "checksum_mismatch", 460, "Checksum differs", "校验和不一致"


class UploadDamaged(AppError):
    """A piece that had been kept is damaged or missing in the store: the upload can't become a file any more."""

    code, status, title_en, title_zh = "upload_damaged", 500, "Bytes of the upload are damaged", "已上传内容损坏"


class UploadOver(Conflict):
    """The upload is not under way any more: it has become a file, or was ended in the same instant."""

    code, title_en, title_zh = "upload_over", "The upload is not under way any more", "该上传已结束"
