"""Who somebody is: users, roles, passwords and tokens. Never decides what he may see (that is `access/`)."""
