"""Who comes in: the service's own tokens, and users of an outside issuer."""

from app.auth.outside import OutsideRules, OutsideTokens
from app.auth.provisioning import OutsideUsers
from app.auth.tokens import Tokens
from app.events.unit_of_work import UnitOfWork
from app.factory.resources import Resources


def make_outside_users(resources: Resources, uow: UnitOfWork) -> OutsideUsers | None:
    """Make what takes in users of the outside issuer; None when no issuer is set."""
    oidc, keys = resources.settings.oidc, resources.issuer_keys
    if keys is None or oidc.oidc_issuer is None or oidc.oidc_audience is None:
        return None
    rules = OutsideRules(
        issuer=oidc.oidc_issuer,
        audience=oidc.oidc_audience,
        clients=None if oidc.oidc_clients == ("*",) else frozenset(oidc.oidc_clients),
        roles_claim=oidc.oidc_roles_claim,
        roles=oidc.role_map,
        name_claim=oidc.oidc_name_claim,
        department_claim=oidc.oidc_department_claim,
    )
    trust_seconds = resources.settings.auth.actor_cache_seconds
    return OutsideUsers(resources.database, uow, OutsideTokens(keys, rules), trust_seconds)


def make_tokens(resources: Resources) -> Tokens:
    """Make what issues and reads access tokens."""
    auth = resources.settings.auth
    return Tokens(
        resources.keys,
        issuer=auth.token_issuer,
        audience=auth.token_audience,
        lifetime_seconds=auth.token_minutes * 60,
    )
