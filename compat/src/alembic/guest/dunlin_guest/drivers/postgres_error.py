"""Errors of PostgreSQL as libpq words them, which is what its drivers show."""


def libpq_message(error, sql, severity=True):
    """PQresultErrorMessage() of an error that the engine answered, at the default verbosity."""
    lines = []
    prefix = "%s:  " % (error.severity or "ERROR") if severity else ""
    lines.append(prefix + (error.message or ""))
    if error.position and sql is not None:
        lines.extend(_excerpt(sql, int(error.position)))
    for label, key in (("DETAIL", "detail"), ("HINT", "hint")):
        value = getattr(error, key)
        if value:
            lines.append("%s:  %s" % (label, value))
    if error.internal_query:
        lines.append("QUERY:  %s" % error.internal_query)
    if error.context:
        lines.append("CONTEXT:  %s" % error.context)
    return "\n".join(lines) + "\n"


_WIDEST = 60
_LEAST_RIGHT = 10


def _excerpt(sql, position):
    """The line that an error points to, at most 60 columns of it, and a caret below; as libpq does."""
    index = position - 1
    if not 0 <= index <= len(sql):
        return []
    text = sql.replace("\t", " ")
    start = text.rfind("\n", 0, index) + 1
    # libpq counts "\r", "\n" and "\r\n" as ends of a line, once each.
    carriage = text.rfind("\r", 0, index) + 1
    start = max(start, carriage)
    number = 1 + len([1 for _ in _line_ends(text[:start])])
    ends = [end for end in (text.find("\n", index), text.find("\r", index)) if end >= 0]
    end = min(ends) if ends else len(text)
    line, column = text[start:end], index - start
    before = after = ""
    if len(line) > _WIDEST:
        if column + _LEAST_RIGHT < _WIDEST:
            line, after = line[:_WIDEST], "..."
        else:
            # Keep some columns to the right of the error where there are any.
            last = min(len(line), column + _LEAST_RIGHT)
            first = max(0, last - _WIDEST)
            after = "..." if last < len(line) else ""
            before = "..." if first > 0 else ""
            line, column = line[first:last], column - first
    head = "LINE %d: %s" % (number, before)
    return [head + line + after, " " * (_width(head) + _width(line[:column])) + "^"]


def _line_ends(text):
    index = 0
    while index < len(text):
        if text[index] == "\r":
            yield index
            if text[index + 1 : index + 2] == "\n":
                index += 1
        elif text[index] == "\n":
            yield index
        index += 1


def _width(text):
    """Columns of a terminal, as libpq's encodings count them: wide characters of East Asia take two."""
    import unicodedata

    width = 0
    for character in text:
        if unicodedata.combining(character):
            continue
        width += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return width
