"""Strong entity tags: a digest of the very representation that the caller sees, so a tag can't outlive its content."""

from collections.abc import Set as AbstractSet
from hashlib import blake2b
from typing import Any

from pydantic import BaseModel

from app.core.errors import PreconditionFailed, PreconditionRequired


def etag_of(representation: BaseModel | bytes) -> str:
    """Give the strong ETag of a representation, quotes included."""
    if isinstance(representation, BaseModel):
        representation = to_json(representation)
    return f'"{blake2b(representation, digest_size=12).hexdigest()}"'


def to_json(model: BaseModel) -> bytes:
    """Serialise a response model once, straight from pydantic-core."""
    return model.__pydantic_serializer__.to_json(model, exclude_unset=getattr(model, "leave_out_unset", False))


def changed(before: BaseModel, after: BaseModel, but: AbstractSet[str] = frozenset()) -> dict[str, list[Any]]:
    """Give old and new value of each field in which two representations differ, as an event keeps them.

    The time of the change and the fields `but` are left out.
    """
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    return {name: [old[name], new[name]] for name in new if old[name] != new[name] and name not in {"updated_at", *but}}


def require_match(if_match: str | None, current: BaseModel) -> None:
    """Refuse a change that was not made from the present representation.

    Raises PreconditionRequired (428) without `If-Match`, PreconditionFailed (412) when it is stale.
    """
    if if_match is None:
        raise PreconditionRequired(
            "Send If-Match with the ETag of the representation that you changed",
            "请在 If-Match 中给出所修改版本的 ETag",
        )
    tags = {tag.strip() for tag in if_match.split(",")}
    if "*" not in tags and etag_of(current) not in tags:
        raise PreconditionFailed(
            "It was changed since you read it: read it again and repeat the change", "内容已被修改,请重新读取后再提交"
        )


def none_match(if_none_match: str | None, etag: str) -> bool:
    """Tell whether the caller already has this representation (weak comparison, RFC 9110 §13.1.2)."""
    if not if_none_match:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in tags or etag in tags
