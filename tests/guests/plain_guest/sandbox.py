from plain_guest import serve


def converse(message, exchange):
    return serve.converse(message, exchange)
