"""Clients as they come in and go out."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    field_validator,
    model_serializer,
    model_validator,
)

from app.auth.schemas import PersonRef
from app.clients.identifiers import IdentifierError, normalise
from app.core.clock import today
from app.core.schema import Input, Output, Timestamp
from app.core.text import Name, Remarks, ShortText


class ClientKind(StrEnum):
    """Organisation (单位) or natural person (自然人)."""

    ORGANIZATION = "organization"
    PERSON = "person"


class Scheme(StrEnum):
    """Kinds of identifiers: 统一社会信用代码, 居民身份证号, passport, other."""

    USCC = "uscc"
    CN_ID = "cn_id"
    PASSPORT = "passport"
    OTHER = "other"


class Identifier(Input):
    """An identifier; USCC and resident id are checked by their check digits."""

    scheme: Scheme
    value: Annotated[str, StringConstraints(min_length=1, max_length=64), Field(examples=["91110108MA01ABCD5X"])]

    @model_validator(mode="after")
    def _checked(self) -> Self:
        try:
            value = normalise(self.scheme.value, self.value)
        except IdentifierError as error:
            raise ValueError(str(error)) from None
        object.__setattr__(self, "value", value)
        return self


def _each_once(identifiers: list[Identifier]) -> list[Identifier]:
    if len({(item.scheme, item.value) for item in identifiers}) != len(identifiers):
        raise ValueError("identifiers names the same one twice")
    return identifiers


Identifiers = Annotated[list[Identifier], Field(max_length=10), AfterValidator(_each_once)]


class Contact(Input):
    """A way to reach the client."""

    kind: Literal["phone", "email", "address", "wechat", "fax", "other"]
    value: Name

    @field_validator("value")
    @classmethod
    def _not_masked(cls, value: str) -> str:
        if "**" in value:
            raise ValueError("this is a masked value: send the whole one")
        return value


class Registration(Input):
    """Business registration (工商登记) of an organisation."""

    address: Name | None = None
    capital: ShortText | None = None
    established_on: date | None = None
    business_scope: Remarks | None = None
    authority: Name | None = None
    status: ShortText | None = None


class ClientCreate(Input):
    """A new client."""

    kind: ClientKind
    name: Name
    identifiers: Identifiers = []
    legal_representative: Name | None = None
    registration: Registration | None = None
    former_names: Annotated[list[Name], Field(max_length=50)] = []
    contacts: Annotated[list[Contact], Field(max_length=50)] = []
    remarks: Remarks | None = None

    @model_validator(mode="after")
    def _fits_kind(self) -> Self:
        if self.kind is ClientKind.PERSON and (self.legal_representative or self.registration):
            raise ValueError("a person has no legal_representative and no registration")
        return self


class ClientChange(Input):
    """Fields to change; those left out stay."""

    name: Name | None = None
    identifiers: Identifiers | None = None
    legal_representative: Name | None = None
    registration: Registration | None = None
    former_names: Annotated[list[Name], Field(max_length=50)] | None = None
    contacts: Annotated[list[Contact], Field(max_length=50)] | None = None
    remarks: Remarks | None = None

    @model_validator(mode="after")
    def _no_nulls(self) -> Self:
        for name in ("name", "identifiers", "former_names", "contacts"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} can't be null: leave it out to keep it")
        return self


class IdentifierOut(Output):
    """An identifier as shown; `masked` when only its ends are."""

    scheme: Scheme
    value: str
    masked: bool


class ContactOut(Output):
    """A contact as shown; `masked` when only its ends are."""

    kind: str
    value: str
    masked: bool


class ClientOut(Output):
    """A client; `merged_into` names the client that this record turned out to be."""

    id: UUID
    kind: ClientKind
    name: str
    identifiers: list[IdentifierOut]
    legal_representative: str | None
    registration: Registration | None
    former_names: list[str]
    contacts: list[ContactOut]
    remarks: str | None
    merged_into: UUID | None
    created_at: Timestamp
    updated_at: Timestamp


class Party(Input):
    """Somebody in a matter who is not (yet) a client: of the other side or otherwise concerned."""

    name: Name
    kind: ClientKind
    legal_representative: Name | None = None
    former_names: Annotated[list[Name], Field(max_length=50)] = []
    identifiers: Identifiers | None = None

    @model_validator(mode="after")
    def _fits_kind(self) -> Self:
        if self.kind is ClientKind.PERSON and self.legal_representative:
            raise ValueError("a person has no legal_representative")
        return self


class PartyOut(Output):
    """A party of a dossier; what is not known of it is left out. Of numbers only the ends are shown."""

    name: str
    kind: ClientKind
    legal_representative: str | None = None
    former_names: list[str] = []
    identifiers: list[IdentifierOut] = []

    @model_serializer(mode="wrap")
    def _known(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in serialise(self).items() if value}


class ClientRef(Output):
    """A client named in another answer."""

    id: UUID
    name: str


class VerificationCreate(Input):
    """An original that was seen: which, when; who is the caller."""

    document_type: ShortText = Field(description="e.g. business licence 营业执照", examples=["营业执照"])
    document_number: ShortText | None = None
    original_seen: Literal[True] = Field(description="Only what was checked against the original is recorded")
    verified_on: date
    valid_until: Annotated[
        date | None, Field(description="The last day on which the document is good (证件有效期至); null without an end")
    ] = None
    remarks: Remarks | None = None

    @field_validator("verified_on")
    @classmethod
    def _not_in_the_future(cls, value: date) -> date:
        if value > today():
            raise ValueError("a verification can't lie in the future")
        return value


class CopyOut(Output):
    """The scan of a verified original; `size` in bytes, `sha256` in hex."""

    original_name: str
    media_type: str
    size: int
    sha256: str


class VerificationOut(Output):
    """A verification of an original."""

    id: UUID
    client_id: UUID
    document_type: str
    document_number: str | None
    original_seen: Literal[True] = True
    verified_on: date
    valid_until: date | None
    verified_by: PersonRef
    remarks: str | None
    scan: CopyOut | None
    created_at: Timestamp
