"""Database drivers whose statements travel to the engine."""
