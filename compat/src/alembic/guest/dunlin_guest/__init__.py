"""The guest that runs Alembic's revisions for Dunlin.

The engine owns the database connection. This package loads the project's own Alembic and SQLAlchemy,
puts database drivers under them whose statements travel to the engine as messages of the step
protocol, and runs one revision at a time. It runs in the project's own interpreter (``host``) and in
CPython compiled to WebAssembly (``sandbox``); the two differ in the module that carries messages.

Nothing happens at import, so that a sandbox can keep the imported modules in a snapshot.
"""

PROTOCOL = 1
