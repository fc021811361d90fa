"""Settings that can't work are refused at start with a sentence that names the variable."""

import os

import pytest
from pydantic import ValidationError

from app.auth.roles import PROGRAMS, Role
from app.config import OUTSIDE_ROLES, SECTIONS, HttpSettings, Settings, StorageSettings, explain


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ANJUAN_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("ANJUAN_PORT", "70000", "65535"),
        ("ANJUAN_PORT", "http", "integer"),
        ("ANJUAN_WORKERS", "0", "greater than or equal to 1"),
        ("ANJUAN_SAMPLE", "perhaps", "boolean"),
        ("ANJUAN_ADMIN_PASSWORD", "short", "15 to 256 characters"),
        ("ANJUAN_DATABASE_URL", "mysql://u@h/d", "must begin with postgresql://"),
        ("ANJUAN_DATABASE_OWNER_URL", "localhost", "must begin with postgresql://"),
        ("ANJUAN_DATABASE_POOL_SIZE", "1", "greater than or equal to 2"),
        ("ANJUAN_S3_ENDPOINT", "minio:9000", "must begin with http:// or https://"),
        ("ANJUAN_S3_BUCKET_PREFIX", "Firm_Files", "pattern"),
        ("ANJUAN_UPLOAD_MAX_BYTES", "0", "greater than or equal to 1"),
        ("ANJUAN_INTEGRITY_DAYS", "0", "greater than or equal to 1"),
        ("ANJUAN_INTEGRITY_MIB_PER_SECOND", "0", "greater than 0"),
        ("ANJUAN_TOKEN_MINUTES", "0", "greater than or equal to 1"),
        ("ANJUAN_SESSION_HOURS", "0", "greater than 0"),
        ("ANJUAN_PASSWORD_MIN_LENGTH", "7", "greater than or equal to 8"),
        ("ANJUAN_LOGIN_ADDRESS_FAILURES", "0", "greater than or equal to 1"),
        ("ANJUAN_ACTOR_CACHE_SECONDS", "5", "less than or equal to 1"),
        ("ANJUAN_LOG_LEVEL", "loud", "debug"),
        ("ANJUAN_OIDC_ISSUER", "http://sso.firm.example/realms/firm", "must be https://"),
        ("ANJUAN_OIDC_ISSUER", "https://", "must be https://"),
        ("ANJUAN_OIDC_ISSUER", "https://user:secret@sso.firm.example", "must be https://"),
        ("ANJUAN_OIDC_ISSUER", "https://sso.firm.example/?realm=firm", "must be https://"),
        ("ANJUAN_OIDC_ISSUER", "https://sso.firm.example:port", "must be https://"),
        ("ANJUAN_OIDC_ROLES", "律师", "outside-name=role"),
        ("ANJUAN_OIDC_ROLES", "=lawyer", "outside-name=role"),
        ("ANJUAN_OIDC_ROLES", "律师=lawyer,scripts=integration", "`scripts=integration`"),
        ("ANJUAN_OIDC_ROLES", "律师=backup", "archivist"),
        ("ANJUAN_OIDC_ROLES", "律师=king", "outside-name=role"),
        ("ANJUAN_OIDC_TIMEOUT_SECONDS", "0", "greater than 0"),
        ("ANJUAN_CLAMAV_ADDRESS", "clamd", "host:port or unix:/path"),
        ("ANJUAN_CLAMAV_ADDRESS", "clamd:70000", "host:port or unix:/path"),
        ("ANJUAN_CLAMAV_ADDRESS", "http://clamd:3310", "host:port or unix:/path"),
        ("ANJUAN_UNSCANNED", "open", "'closed' or 'team'"),
        ("ANJUAN_OIDC_CA_FILE", "/nowhere/ca.pem", "CA certificates"),
        ("ANJUAN_OIDC_CA_FILE", __file__, "CA certificates"),
    ],
)
def test_wrong_value_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValidationError) as refused:
        Settings()
    sentences = explain(refused.value)
    assert len(sentences) == 1
    assert sentences[0].startswith(f"{variable}: ")
    assert words in sentences[0]


def test_store_without_keys_is_refused_with_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANJUAN_S3_ENDPOINT", "http://minio:9000")
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert explain(refused.value) == ["with ANJUAN_S3_ENDPOINT set ANJUAN_S3_ACCESS_KEY and ANJUAN_S3_SECRET_KEY too"]


ISSUER = {
    "ANJUAN_OIDC_ISSUER": "https://sso.firm.example/realms/firm",
    "ANJUAN_OIDC_AUDIENCE": "anjuan-api",
    "ANJUAN_OIDC_CLIENTS": "case-manager, portal,",
    "ANJUAN_OIDC_ROLES": "律师=lawyer",
}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"ANJUAN_OIDC_AUDIENCE": ""}, "with ANJUAN_OIDC_ISSUER set ANJUAN_OIDC_AUDIENCE too"),
        (
            {"ANJUAN_OIDC_CLIENTS": " , ", "ANJUAN_OIDC_ROLES": ""},
            "with ANJUAN_OIDC_ISSUER set ANJUAN_OIDC_CLIENTS and ANJUAN_OIDC_ROLES too",
        ),
        (
            {"ANJUAN_OIDC_ISSUER": "", "ANJUAN_OIDC_CLIENTS": "", "ANJUAN_OIDC_ROLES": ""},
            "ANJUAN_OIDC_AUDIENCE without ANJUAN_OIDC_ISSUER does nothing: set ANJUAN_OIDC_ISSUER too",
        ),
        ({"ANJUAN_OIDC_CLIENTS": "*,portal"}, "ANJUAN_OIDC_CLIENTS is either * or a list of clients: set one of them"),
        (
            {"ANJUAN_TOKEN_ISSUER": "https://sso.firm.example/realms/firm"},
            "ANJUAN_OIDC_ISSUER and ANJUAN_TOKEN_ISSUER must differ: set another ANJUAN_TOKEN_ISSUER",
        ),
    ],
)
def test_issuer_half_described_is_refused_with_what_to_set(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], sentence: str
) -> None:
    for name, value in (ISSUER | changes).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert explain(refused.value) == [sentence]


def test_issuer_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    roles = "律师=lawyer, 合伙人 = partner,合伙人=lawyer,a=b=archivist"
    for name, value in {**ISSUER, "ANJUAN_OIDC_ROLES": roles}.items():
        monkeypatch.setenv(name, value)
    oidc = Settings().oidc
    assert (oidc.oidc_issuer, oidc.oidc_clients) == ("https://sso.firm.example/realms/firm", ("case-manager", "portal"))
    assert oidc.role_map == {
        "律师": frozenset({"lawyer"}), "合伙人": frozenset({"partner", "lawyer"}), "a=b": frozenset({"archivist"}),
    }  # fmt: skip


def test_roles_of_programs_can_not_be_mapped() -> None:
    assert {role.value for role in Role} - {role.value for role in PROGRAMS} == set(OUTSIDE_ROLES)


def test_secret_is_not_repeated_in_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANJUAN_DATABASE_URL", "mysql://user:very-secret@host/db")
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert "very-secret" not in " ".join(explain(refused.value))


def test_nothing_set_means_one_machine() -> None:
    settings = Settings()
    assert settings.database.database_url is None
    assert settings.storage.s3_endpoint is None
    assert settings.run.host == "127.0.0.1"
    assert settings.http.cors_origins == ()
    assert settings.oidc.oidc_issuer is None
    assert settings.key_dir == settings.run.data_dir / "keys"


def test_values_are_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANJUAN_CORS_ORIGINS", "https://a.example, https://b.example,")
    monkeypatch.setenv("ANJUAN_S3_ENDPOINT", "https://store.example/")
    monkeypatch.setenv("ANJUAN_S3_ACCESS_KEY", "key")
    monkeypatch.setenv("ANJUAN_S3_SECRET_KEY", "secret-of-the-store")
    assert HttpSettings().cors_origins == ("https://a.example", "https://b.example")
    storage = StorageSettings()
    assert storage.s3_endpoint == "https://store.example"
    assert "secret-of-the-store" not in repr(storage)


def test_every_setting_says_what_it_is_for() -> None:
    names = [name for section in SECTIONS for name in section.model_fields]
    assert len(names) == len(set(names)), "two sections share a variable"
    for section in SECTIONS:
        for name, field in section.model_fields.items():
            assert field.description, name
