"""The guest as a child process: one message a line on standard input and output."""

import os
import sys

#: Answers that may lie in the pipe unread, so that neither side waits for the other with a full one.
_MOST_UNREAD = 256


def main():
    """Serves the engine until it says ``stop`` or closes the pipe."""
    # The engine's pipe is where standard output was; whatever prints from here on goes to standard error.
    sys.stdout.flush()
    messages = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)
    questions = os.fdopen(os.dup(0), "r", encoding="utf-8", newline="\n")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    # Standard output is a pipe to the engine's log now; lines should arrive when they are written.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)

    def write(text):
        messages.write(text + "\n")
        messages.flush()

    unread = 0

    def read():
        answer = questions.readline()
        if not answer:
            # The engine is gone, and with it the database session: there is nothing left to do or to tell.
            os._exit(1)
        return answer

    def catch_up():
        nonlocal unread
        while unread:
            read()
            unread -= 1

    def exchange(question):
        write(question)
        catch_up()
        return read()

    def post(question):
        nonlocal unread
        write(question)
        unread += 1
        if unread == _MOST_UNREAD:
            catch_up()

    # The rest of the package loads after standard output is safe.
    from dunlin_guest import guest

    serving = guest.Guest(exchange, post)
    while True:
        message = questions.readline()
        if not message:
            return
        final = serving.converse(message)
        catch_up()
        if final is None:
            return
        write(final)
