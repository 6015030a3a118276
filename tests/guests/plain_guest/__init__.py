"""A guest without a library: a migration is a Python file that is run and may call ``query(sql)``."""
