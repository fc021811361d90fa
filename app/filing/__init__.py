"""Filing (归档): closing, submission, check, acceptance or return, archive number, sealing, what comes afterwards."""
