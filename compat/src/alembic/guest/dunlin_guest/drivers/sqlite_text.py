"""As much of SQLite's syntax as its Python driver has to see: where a statement ends, and its parameters."""

import re

_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\n\f\r]+)
    | (?P<comment>--[^\n]*(?:\n|$) | /\*.*?(?:\*/|$))
    | (?P<string>'(?:[^']|'')*'? | "(?:[^"]|"")*"? | `(?:[^`]|``)*`? | \[[^\]]*\]?)
    | (?P<parameter>\?\d* | [:@\#][A-Za-z0-9_$\x80-\U0010ffff]+
        | \$(?:[A-Za-z0-9_$\x80-\U0010ffff]|::)+(?:\([^)\s]*\))?)
    | (?P<word>[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*)
    | (?P<number>\d[A-Za-z0-9_.]*)
    | (?P<semicolon>;)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


#: What a statement without parameters has none of.
_MARKS = re.compile(r"[?:@#$]")


def tokens(sql):
    """(kind, text, start) of everything but spaces and comments."""
    for match in _TOKEN.finditer(sql):
        if match.lastgroup not in ("space", "comment"):
            yield match.lastgroup, match.group(), match.start()


def first_word(sql):
    """The first keyword in capitals; empty when there is none."""
    for kind, text, _ in tokens(sql):
        return text.upper() if kind == "word" else ""
    return ""


def rest(sql):
    """What follows the first statement and its semicolon, without spaces and comments before it."""
    if ";" not in sql:
        return ""
    words, depth, trigger, ended = [], 0, False, False
    after_semicolon = False
    for kind, text, start in tokens(sql):
        if ended:
            return sql[start:]
        if kind == "word":
            word = text.upper()
            if len(words) < 4:
                words.append(word)
                trigger = trigger or (words[0] == "CREATE" and word == "TRIGGER")
            if trigger and word in ("BEGIN", "CASE"):
                depth += 1
            elif trigger and word == "END" and depth:
                depth -= 1
        elif kind == "semicolon" and not depth:
            if not words and not after_semicolon:
                # Empty statements before the first one.
                continue
            ended = True
        after_semicolon = kind == "semicolon"
    return ""


def parameters(sql):
    """The names of the parameters by their numbers, as sqlite3_bind_parameter_name() gives them: None for ``?``."""
    names = []
    if not _MARKS.search(sql):
        return names
    for kind, text, _ in tokens(sql):
        if kind != "parameter":
            continue
        if text == "?":
            names.append(None)
        elif text[0] == "?":
            number = int(text[1:])
            names.extend([None] * (number - len(names)))
            names[number - 1] = text
        elif text not in names:
            names.append(text)
    return names
