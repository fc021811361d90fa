"""What can go wrong, as classes: a stable code, a status, words in both languages. One handler renders them.

Nothing here knows HTTP beyond the number; rooms add their own errors in their `errors.py`.
"""

from typing import ClassVar, Literal

type_prefix = "urn:anjuan:problem:"
Language = Literal["zh", "en"]


class FieldError:
    """One thing wrong with one field: JSON pointer, stable code, words in both languages."""

    __slots__ = ("code", "en", "pointer", "zh")

    def __init__(self, pointer: str, code: str, en: str, zh: str) -> None:
        self.pointer, self.code, self.en, self.zh = pointer, code, en, zh

    def render(self, language: Language) -> dict[str, str]:
        return {"pointer": self.pointer, "code": self.code, "detail": self.zh if language == "zh" else self.en}


class AppError(Exception):
    """Base of every error that a caller is told about.

    `en` and `zh` on an instance are the detail; `title_*` on the class name the kind.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    title_en: ClassVar[str] = "Internal error"
    title_zh: ClassVar[str] = "内部错误"

    def __init__(
        self,
        en: str = "",
        zh: str = "",
        *,
        errors: list[FieldError] | None = None,
        retry_after: int | None = None,
        extra: dict[str, object] | None = None,
    ) -> None:
        super().__init__(en or self.title_en)
        self.en, self.zh = en or self.title_en, zh or en or self.title_zh
        self.errors = errors or []
        self.retry_after = retry_after
        self.extra = extra or {}


class Malformed(AppError):
    code, status, title_en, title_zh = "malformed", 400, "Malformed request", "请求格式错误"


class InvalidCursor(AppError):
    code, status, title_en, title_zh = "invalid_cursor", 400, "Cursor not valid for this list", "分页游标无效"


class Unauthenticated(AppError):
    code, status, title_en, title_zh = "unauthenticated", 401, "Valid credentials needed", "需要有效的身份凭证"


class Forbidden(AppError):
    code, status, title_en, title_zh = "forbidden", 403, "Not permitted", "无权执行此操作"


class NotFound(AppError):
    code, status, title_en, title_zh = "not_found", 404, "Not found", "未找到"


class Conflict(AppError):
    code, status, title_en, title_zh = "conflict", 409, "Conflict with the present state", "与当前状态冲突"


class IdempotencyInProgress(AppError):
    code, status = "idempotency_in_progress", 409
    title_en, title_zh = "The same request is still running", "相同请求正在处理中"


class PreconditionFailed(AppError):
    code, status, title_en, title_zh = "precondition_failed", 412, "If-Match is stale", "If-Match 已过期"


class TooLarge(AppError):
    code, status, title_en, title_zh = "too_large", 413, "Body too large", "请求体过大"


class UnsupportedMediaType(AppError):
    code, status, title_en, title_zh = "unsupported_media_type", 415, "Media type not taken", "不支持的媒体类型"


class RangeNotSatisfiable(AppError):
    code, status, title_en, title_zh = "range_not_satisfiable", 416, "Range outside the file", "请求范围超出文件"


class Invalid(AppError):
    code, status, title_en, title_zh = "invalid", 422, "Input not valid", "输入无效"

    @classmethod
    def field(cls, pointer: str, code: str, en: str, zh: str) -> "Invalid":
        """One wrong field; `pointer` is a JSON pointer into the request, e.g. `/body/lead_lawyer_id`."""
        return cls(en, zh, errors=[FieldError(pointer, code, en, zh)])


class IdempotencyKeyReused(AppError):
    code, status = "idempotency_key_reused", 422
    title_en, title_zh = "Idempotency-Key was used for another request", "Idempotency-Key 已用于其他请求"


class PreconditionRequired(AppError):
    code, status, title_en, title_zh = "precondition_required", 428, "If-Match needed", "需要 If-Match"


class TooManyRequests(AppError):
    code, status, title_en, title_zh = "too_many_requests", 429, "Too many attempts", "尝试次数过多"


class Unavailable(AppError):
    """A store that the act needs can't take it; nothing happened."""

    code, status = "unavailable", 503
    title_en, title_zh = "Temporarily unavailable, nothing was done", "暂时不可用,未执行任何操作"

    def __init__(self, en: str = "", zh: str = "", *, retry_after: int = 2) -> None:
        super().__init__(en, zh, retry_after=retry_after)
