"""The same randomness when a revision is run again after a crash."""

import random


def seed(message, options):
    """``seed`` of a ``run``. In the sandbox the operating system's randomness and clock are seeded by the carrier."""
    number = int(message.get("seed") or 0)
    random.seed(number)
    if options.get("deterministic"):
        _seed_system(number)


def _seed_system(number):
    import os
    import secrets
    import uuid

    source = random.Random(number)
    os.urandom = lambda count: bytes(source.getrandbits(8) for _ in range(count))

    class Seeded(random.Random):
        def __init__(self, *args):
            super().__init__(number)

        def seed(self, *args, **kwargs):
            return super().seed(number)

    uuid.os.urandom = os.urandom
    secrets._sysrand = Seeded()
    for name in ("randbelow", "choice", "randbits"):
        if hasattr(secrets, name):
            setattr(secrets, name, _bound(secrets._sysrand, name))
    random._urandom = os.urandom
    uuid.uuid1 = lambda node=None, clock_seq=None: uuid.UUID(bytes=os.urandom(16), version=1)


def _bound(source, name):
    return {"randbelow": source.randrange, "choice": source.choice, "randbits": source.getrandbits}[name]
