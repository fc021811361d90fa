"""Examples of what the ledger gives out: the proof of an event as who reads it masked gets it, with its leaf alone."""

PROOF = (
    "c2sp.org/tlog-proof@v1\n"
    "extra eyJsZWFmIjoie1wiYWN0b3JfaWRcIjpcIjAxOTljMGRlLTdiMWUtN2NjMC04MDAwLTNmMGU1ZDNhOWEwMVwiLFwiZGV0YW"
    "lsc19kaWdlc3RcIjpcIjFmMWYxZjFmMWYxZjFmMWYxZjFmMWYxZjFmMWYxZjFmMWYxZjFmMWYxZjFmMWYxZjFmMWYxZjFmMWYxZj"
    "FmMWZcIixcImRvc3NpZXJfaWRcIjpcIjAxOTljMGRlLTdiMWUtN2NjMC04MDAwLTNmMGU1ZDNhOWEwNVwiLFwiaWRcIjpcIjAxOT"
    "ljMGRlLTdiMWUtN2NjMC04MDAwLTNmMGU1ZDNhOWEwYVwiLFwib3V0Y29tZVwiOlwic3VjY2Vzc1wiLFwicmVjb3JkZWRfYXRcIj"
    "pcIjIwMjYtMTEtMjRUMDQ6MDA6MDAuMTIzNDU2WlwiLFwic3ViamVjdF9pZFwiOlwiMDE5OWMwZGUtN2IxZS03Y2MwLTgwMDAtM2"
    "YwZTVkM2E5YTA4XCIsXCJzdWJqZWN0X3R5cGVcIjpcImVudHJ5XCIsXCJ0eXBlXCI6XCJlbnRyeS52aWV3ZWRcIixcInZcIjoxfS"
    "J9\n"
    "index 1\n"
    "PH6byTDck/AfppmF7yQtn56GHzxTVaokzl70tLinDMs=\n"
    "\n"
    "records.firm.example/ledger\n2\nG5BOOx1VwE4K0D4CECm4i3VgvmnKBeV035h1rnzLw9I=\n\n"
    "— records.firm.example/ledger "
    "k/d/46rFa7EV0IrjGB689c5fjJ0BVD0LJnCqkn/XtvooWXKqItkU8Ad/nsTtg+9BlTeY3XbOYs0XWX+FwgCTULS/fgM=\n"
)
