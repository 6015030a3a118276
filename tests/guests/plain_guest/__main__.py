import os
import sys

if __name__ == "__main__":
    messages = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)
    sys.path[0:1] = []
    sys.path.append(os.path.dirname(os.path.dirname(__file__)))
    from plain_guest import serve

    def write(text):
        sys.stdout.flush()
        messages.write(text + "\n")
        messages.flush()

    def exchange(question):
        write(question)
        return sys.stdin.readline()

    for message in iter(sys.stdin.readline, ""):
        final = serve.converse(message, exchange)
        if not final:
            break
        write(final)
