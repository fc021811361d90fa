"""Chinese words for what the framework and pydantic say in English."""

from typing import Any

_PHRASES = {
    "Bad Request": "请求格式错误",
    "Not Found": "未找到",
    "Method Not Allowed": "不支持该请求方法",
    "Not Acceptable": "没有可接受的格式",
    "Unsupported Media Type": "不支持的媒体类型",
}
_TYPES = {
    "missing": "缺少必填字段",
    "extra_forbidden": "不允许的字段",
    "string_type": "应为字符串",
    "string_unicode": "含有无效的 Unicode 字符",
    "string_too_short": "至少需要 {min_length} 个字符",
    "string_too_long": "最多允许 {max_length} 个字符",
    "string_pattern_mismatch": "格式不符合 {pattern}",
    "enum": "应为以下之一:{expected}",
    "literal_error": "应为以下之一:{expected}",
    "uuid_parsing": "应为有效的 UUID",
    "uuid_type": "应为有效的 UUID",
    "date_from_datetime_parsing": "应为 YYYY-MM-DD 格式的有效日期",
    "date_parsing": "应为 YYYY-MM-DD 格式的有效日期",
    "date_type": "应为日期",
    "datetime_from_date_parsing": "应为 RFC 3339 格式的时间",
    "datetime_parsing": "应为 RFC 3339 格式的时间",
    "timezone_aware": "时间须带时区",
    "int_parsing": "应为整数",
    "int_type": "应为整数",
    "int_from_float": "应为整数",
    "bool_parsing": "应为 true 或 false",
    "bool_type": "应为 true 或 false",
    "greater_than_equal": "不得小于 {ge}",
    "less_than_equal": "不得大于 {le}",
    "list_type": "应为数组",
    "dict_type": "应为对象",
    "model_type": "应为对象",
    "model_attributes_type": "应为对象",
    "too_long": "最多允许 {max_length} 项",
    "too_short": "至少需要 {min_length} 项",
    "greater_than": "须大于 {gt}",
    "less_than": "须小于 {lt}",
    "finite_number": "应为有限的数",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "int_parsing_size": "整数过大",
    "date_from_datetime_inexact": "应为不含时间的日期",
    "datetime_type": "应为时间",
    "datetime_from_timestamp": "应为时间",
    "value_error": "值无效:{error}",
}


def translate(english: str, type_: str = "", context: dict[str, Any] | None = None) -> str:
    """Give the Chinese for a phrase, or for a pydantic error type with its context; the English where there is none."""
    if english in _PHRASES:
        return _PHRASES[english]
    pattern = _TYPES.get(type_)
    if pattern is None:
        return english
    try:
        return pattern.format(**(context or {}))
    except KeyError:
        return english
