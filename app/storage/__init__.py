"""The bytes of files: an object store behind a Protocol. Knows no dossier, and nobody who asks for a file."""
