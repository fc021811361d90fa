"""Clients (客户): persons and organisations, their identifiers, and the originals that were seen of them."""
