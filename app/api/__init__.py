"""HTTP only: parse, name the permission, call one service, shape the answer. No rule of the trade stands here."""
