"""How users are named in answers of other rooms: by id and display name, in the statement that asks for the rest."""

NAMED = "jsonb_build_object('id', p.id, 'display_name', p.display_name)"


def person(user_id: str) -> str:
    """Give the expression that names a user (an expression for his id) as in answers; null where there is none."""
    return f"(SELECT {NAMED} FROM users p WHERE p.id = {user_id})"
