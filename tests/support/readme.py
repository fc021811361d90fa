"""The parts of README.md, docs/access.md and docs/workflow.md that are made from the code: `python -m tests.support.readme` writes them."""

import re
from pathlib import Path

from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from app.access.acts import ACTS, Need
from app.auth.roles import SEPARATED, Role
from app.config import SECTIONS
from app.dossiers.schemas import DossierState
from app.dossiers.state import LIFE

README = Path(__file__).resolve().parents[2] / "README.md"
ACCESS = README.parent / "docs" / "access.md"
WORKFLOW = README.parent / "docs" / "workflow.md"


def permissions() -> str:
    """Who may do what, one line an act."""
    lines = ["| act | what | who |", "|---|---|---|"]
    lines += [f"| `{act.name}` | {act.what} | {act.permission} |" for act in ACTS.values()]
    return "\n".join(lines)


def acts() -> str:
    """Roles against acts: what a role is enough for, and what needs a standing to the dossier too."""
    lines = [f"| act | {' | '.join(role.value.replace('_', ' ') for role in Role)} | needs |"]
    lines.append("|---" * (len(Role) + 2) + "|")
    for act in ACTS.values():
        # Whoever runs, guards or audits the system sees no dossier, so he has no standing to one.
        may = [
            (act.roles is None or role in act.roles) and not (act.need is not Need.NOTHING and role in SEPARATED)
            for role in Role
        ]
        mark = "●" if act.need is Need.NOTHING else "○"
        needs = "" if act.need is Need.NOTHING else act.need.value
        lines.append(f"| `{act.name}` | {' | '.join(mark if one else '' for one in may)} | {needs} |")
    return "\n".join(lines)


# Words for the archivists' page, which is in Chinese.
_ROLES_ZH = {
    Role.LAWYER: "律师", Role.ASSISTANT: "助理", Role.ARCHIVIST: "档案管理员", Role.PARTNER: "合伙人", Role.DIRECTOR: "主任",
    Role.INTEGRATION: "业务系统",
}  # fmt: skip
_NEEDS_ZH = {
    Need.NOTHING: "", Need.SEES: "", Need.TEAM: "承办团队", Need.TEAM_OR_ARCHIVIST: "承办团队或档案管理员",
    Need.HEADS: "承办律师所在部门的合伙人、主任", Need.LEADS: "承办律师、其部门合伙人、主任", Need.DIRECTS: "",
}  # fmt: skip
_STATES_ZH = {
    DossierState.OPEN: "在办", DossierState.SUBMITTED: "已提交", DossierState.RETURNED: "已退回", DossierState.FILED: "已归档",
    DossierState.TRANSFERRED: "已移交", DossierState.DESTROYED: "已销毁", DossierState.VOID: "作废",
}  # fmt: skip


def states() -> str:
    """The life of a dossier: act, states, where it leads, who, and what else must hold."""
    lines = ["| 操作 | 适用状态 | 之后 | 何人 | 其他条件 |", "|---|---|---|---|---|"]
    for step in LIFE.values():
        act = ACTS[step.act]
        roles = "、".join(_ROLES_ZH[role] for role in Role if act.roles is not None and role in act.roles)
        before = "、".join(_STATES_ZH[state] for state in DossierState if state in step.before) or "—"
        after = _STATES_ZH[step.after] if step.after is not None else "不变"
        who = "、".join(part for part in (roles, _NEEDS_ZH[act.need]) if part)
        lines.append(f"| {step.zh} `{step.act}` | {before} | {after} | {who} | {step.guard_zh} |")
    return "\n".join(lines)


def settings() -> str:
    """Every setting, its default, and what it is for."""
    lines = ["| variable | default | what |", "|---|---|---|"]
    for section in SECTIONS:
        for name, field in section.model_fields.items():
            default = field.default
            if default is PydanticUndefined or default is None or isinstance(default, SecretStr):
                default = ""
            elif isinstance(default, tuple):
                default = ",".join(default)
            lines.append(
                f"| `ANJUAN_{name.upper()}` | {f'`{default}`' if default != '' else ''} | {field.description} |"
            )
    return "\n".join(lines)


def _fill(text: str, name: str, part: str) -> str:
    found = re.search(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", text, re.DOTALL)
    if found is None:
        raise ValueError(f"there is no place for {name}")
    return f"{text[: found.start()]}{found[1]}{part}\n{found[2]}{text[found.end() :]}"


def filled(text: str) -> str:
    """Give the README with its made parts as the code has them."""
    return _fill(_fill(text, "permissions", permissions()), "settings", settings())


def filled_access(text: str) -> str:
    """Give docs/access.md with its made part as the code has it."""
    return _fill(text, "acts", acts())


def filled_workflow(text: str) -> str:
    """Give docs/workflow.md with its made part as the code has it."""
    return _fill(text, "states", states())


def calls(heading: str) -> str:
    """Give the shell block that follows a heading."""
    found = re.search(rf"{re.escape(heading)}.*?```sh\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    if found is None:
        raise ValueError(f"README.md has no shell block under {heading!r}")
    return found[1]


if __name__ == "__main__":
    README.write_text(filled(README.read_text(encoding="utf-8")), encoding="utf-8")
    ACCESS.write_text(filled_access(ACCESS.read_text(encoding="utf-8")), encoding="utf-8")
    WORKFLOW.write_text(filled_workflow(WORKFLOW.read_text(encoding="utf-8")), encoding="utf-8")
