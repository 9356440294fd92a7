"""What the framework finds wrong with parameters and bodies, as refusals in both languages."""

import json
from typing import Any

from fastapi.exceptions import RequestValidationError

from coldtrace.errors import Lang, Refusal, Words
from coldtrace.web.refusals import InvalidRequest, MalformedJson, WrongContentType

JSON = "application/json"
SHOWN_MAX = 120

_WORDS: dict[str, Words] = {
    "missing": Words("缺少该参数", "it is missing"),
    "extra_forbidden": Words("没有该参数，请核对名称", "there is no such field; check its name"),
    "string_type": Words("应为文字", "it should be text"),
    "string_unicode": Words("含有无效字符", "it holds characters that are none"),
    "string_too_long": Words("最多 {max_length} 个字符", "at most {max_length} characters"),
    "string_too_short": Words("至少 {min_length} 个字符", "at least {min_length} characters"),
    "string_pattern_mismatch": Words("格式有误", "it has a wrong form"),
    "int_type": Words("应为整数", "it should be a whole number"),
    "int_parsing": Words("应为整数", "it should be a whole number"),
    "int_parsing_size": Words("数字过大", "the number is too large"),
    "bool_parsing": Words("应为 true 或 false", "it should be true or false"),
    "uuid_parsing": Words("应为 UUID", "it should be a UUID"),
    "list_type": Words("应为数组", "it should be an array"),
    "too_long": Words("最多 {max_length} 项", "at most {max_length} items"),
    "greater_than_equal": Words("不得小于 {ge}", "at least {ge}"),
    "less_than_equal": Words("不得大于 {le}", "at most {le}"),
    "literal_error": Words("应为以下之一：{expected}", "it should be one of: {expected}"),
    "enum": Words("应为以下之一：{expected}", "it should be one of: {expected}"),
    "model_attributes_type": Words("应为 JSON 对象", "it should be a JSON object"),
    "dict_type": Words("应为 JSON 对象", "it should be a JSON object"),
}
_OTHER = Words("值不符合要求", "its value does not fit")


def invalid_request(error: RequestValidationError, lang: Lang, content_type: str) -> Refusal:
    """Return the refusal for the first thing that was found wrong."""
    first: dict[str, Any] = error.errors()[0]
    kind = content_type.partition(";")[0].strip().lower()
    if first["type"] == "json_invalid":
        return MalformedJson(line=_line(error.body, first))
    if first["loc"] == ("body",) and kind != JSON:
        return WrongContentType(wanted=JSON, got=kind[:SHOWN_MAX] or "-")
    facts = {name: _shown(value) for name, value in first.get("ctx", {}).items()}
    return InvalidRequest(
        where=".".join(str(part) for part in first["loc"])[:SHOWN_MAX],
        what=_WORDS.get(first["type"], _OTHER).say(lang, **facts),
    )


def _line(body: object, first: dict[str, Any]) -> int:
    """Return the line at which a body stops being JSON."""
    at = next((part for part in reversed(first["loc"]) if isinstance(part, int)), 0)
    return body.count("\n", 0, at) + 1 if isinstance(body, str) else 1


def _shown(value: object) -> str | int:
    return value if isinstance(value, int) else str(value) if isinstance(value, str) else json.dumps(str(value))
