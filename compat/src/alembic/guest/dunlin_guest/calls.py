"""``call``: what else the command line needs of the library."""


def call(environment, name, arguments):
    raise ValueError("there is no call %r" % name)
