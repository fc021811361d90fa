"""Contents entries (卷内材料): registered, reviewed, arranged; and their files in all versions."""
