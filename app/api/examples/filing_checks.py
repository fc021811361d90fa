"""Example of the checks before filing."""

from typing import Any

from app.api.examples.common import ID, TIME

CHECK_REPORT: dict[str, Any] = {
    "dossier_id": ID(5), "number": "2026-MS-L03-0001", "deep": False, "rules_version": 1, "computed_at": TIME,
    "blocking": 1,
    "findings": [
        {
            "code": "slot_empty", "severity": "blocking", "entry_id": None, "file_id": None, "slot": "ms-15",
            "item": None, "en": "Nothing fills the required place ms-15 办案小结", "zh": "缺少必备材料:办案小结",
        },
        {
            "code": "pages_differ", "severity": "warning", "entry_id": ID(8), "file_id": ID(9), "slot": None,
            "item": None, "en": "5 pages are stated, its newest file has 6", "zh": "登记 5 页,最新文件为 6 页",
        },
    ],
    "not_checked": [{"code": "file_unscanned", "en": "Virus scanning is off", "zh": "未启用病毒扫描"}],
    "four_properties": [
        {
            "number": "2-1", "property": "completeness", "name_en": "Number of items", "name_zh": "总件数相符",
            "method_en": "Entries that the dossier counts against rows, and lines of the list",
            "method_zh": "登记件数与材料数、目录行数核对", "result": "pass",
            "en": "Entries: 14 declared, 14, 14 found", "zh": "件数:登记 14,实有 14、14",
            "measured": {"declared": 14, "found": 14, "listed": 14},
        },
        {
            "number": "1-14", "property": "authenticity", "name_en": "Content is the same as before",
            "name_zh": "归档信息包一致性",
            "method_en": "SHA-256 of all stored bytes anew against that of their arrival",
            "method_zh": "重新计算存储内容的 SHA-256 并核对", "result": "not_applicable",
            "en": "The stored bytes were not read again: ask with deep=true",
            "zh": "未重新读取存储内容,请以 deep=true 检测", "measured": {},
        },
    ],
}  # fmt: skip
