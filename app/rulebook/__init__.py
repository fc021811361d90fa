"""The firm's rules that are no law: versioned data of declared kinds, each with its source. Knows no rule's meaning."""
