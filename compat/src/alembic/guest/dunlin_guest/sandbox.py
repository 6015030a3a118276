"""The guest inside of a WebAssembly component: called with a message, it returns its final one."""

from dunlin_guest import guest

_serving = None


def converse(message, exchange):
    """Handles one message of the engine.

    ``exchange`` is the function that the component imports: it takes a question and returns the answer.
    Gives the final message; an empty text when there is none, after ``stop``.
    """
    global _serving
    if _serving is None:
        # The carrier answers this by itself: the clock and the randomness go on in a way that does not depend on what was read.
        _serving = guest.Guest(exchange, enter=lambda: exchange('{"type": "enter"}'))
    return _serving.converse(message) or ""
