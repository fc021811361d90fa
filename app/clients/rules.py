"""The firm's rules of what must be known of a client, by his kind, and which originals must have been seen.

Source: domain/workflow.md section 1 (identity, contacts, registration, verified originals with their copy). No law
lists them for law firms, so what is shipped is custom.
"""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from app.core.schema import Input
from app.core.text import ShortText
from app.rulebook.kinds import RuleKind


class ClientField(StrEnum):
    """A field of a client that can be asked for."""

    IDENTIFIERS = "identifiers"
    CONTACTS = "contacts"
    LEGAL_REPRESENTATIVE = "legal_representative"
    REGISTRATION = "registration"


class OriginalRule(Input):
    """An original that must have been seen: any of these documents will do."""

    any_of: Annotated[list[ShortText], Field(min_length=1, max_length=20, description="As `document_type` says it")]
    scan: Annotated[bool, Field(description="Whether its scan must be kept too")]


class KindRules(Input):
    """What must be known of clients of one kind."""

    fields: Annotated[list[ClientField], Field(max_length=10)]
    originals: Annotated[list[OriginalRule], Field(max_length=20)]


class ClientDataRules(Input):
    """What must be known of organisations and of persons, and when an expiring document is pointed out."""

    organization: KindRules
    person: KindRules
    expiring_days: Annotated[int, Field(ge=0, le=366, description="Days before the end of a document's validity")]

    @model_validator(mode="after")
    def _persons_have_it(self) -> Self:
        if set(self.person.fields) & {ClientField.LEGAL_REPRESENTATIVE, ClientField.REGISTRATION}:
            raise ValueError("a person has no legal_representative and no registration")
        return self


_ORGANIZATION = KindRules(
    fields=[
        ClientField.IDENTIFIERS, ClientField.CONTACTS, ClientField.LEGAL_REPRESENTATIVE, ClientField.REGISTRATION,
    ],
    originals=[
        OriginalRule(
            any_of=["营业执照", "事业单位法人证书", "社会团体法人登记证书", "民办非企业单位登记证书"], scan=True
        ),
        OriginalRule(any_of=["法定代表人身份证明", "居民身份证", "护照"], scan=True),
    ],
)  # fmt: skip
_PERSON = KindRules(
    fields=[ClientField.IDENTIFIERS, ClientField.CONTACTS],
    originals=[
        OriginalRule(
            any_of=[
                "居民身份证", "护照", "港澳居民来往内地通行证", "台湾居民来往大陆通行证", "外国人永久居留身份证",
                "户口簿",
            ],
            scan=True,
        )
    ],
)  # fmt: skip
CLIENT_DATA = RuleKind(
    "client_data", ClientDataRules, "What must be known of a client, and which originals must be seen",
    "客户资料与证件核对要求",
    first=ClientDataRules(organization=_ORGANIZATION, person=_PERSON, expiring_days=30),
    source="行业惯例:核对客户身份证件原件并留存复印件,无统一的法定清单", verified=False,
)  # fmt: skip
