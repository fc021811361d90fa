"""The service's speed as ratios to what FastAPI and asyncpg can do on the same machine in the same run."""
