"""Versions of installed distributions."""

from importlib import metadata


def installed(*names):
    """The version of the first of some distributions that is installed, or None."""
    for name in names:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return None


def numbers(version):
    """``2.9.10`` as (2, 9, 10); what is no number ends it."""
    parts = []
    for part in version.split("."):
        digits = "".join(character for character in part if character.isdigit())
        if not digits:
            break
        parts.append(int(digits))
    return tuple(parts)
