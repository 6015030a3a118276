"""Questions to the engine, as the step protocol has them."""

import base64
import json


class EngineError(Exception):
    """What the engine answered instead of a result; the drivers turn it into an error of theirs."""

    def __init__(self, answer):
        super().__init__(answer.get("message") or "the engine gave no reason")
        self.answer = answer

    def __getattr__(self, name):
        # sqlstate, code, position, detail, ...: absent keys are null.
        if name.startswith("__"):
            raise AttributeError(name)
        return self.answer.get(name)


class Result:
    """The result of a statement."""

    __slots__ = ("columns", "rows", "affected", "last_id", "tag", "notices")

    def __init__(self, answer):
        self.columns = answer.get("columns") or []
        self.rows = answer.get("rows") or []
        self.affected = answer.get("affected")
        self.last_id = answer.get("last_id")
        self.tag = answer.get("tag") or ""
        self.notices = answer.get("notices") or []


class Engine:
    """The engine, through a function that takes the text of a question and gives the text of its answer.

    ``post``, where there is one, sends a question whose answer says nothing without waiting for it. ``enter`` is called
    before a migration is.
    """

    def __init__(self, exchange, post=None, enter=None):
        self._exchange = exchange
        self._post = post
        self.enter = enter or (lambda: None)

    def _ask(self, kind, **keys):
        question = {"type": kind}
        for key, value in keys.items():
            if value is not None:
                question[key] = value
        answer = json.loads(self._exchange(json.dumps(question)))
        if answer.get("type") == "error":
            raise EngineError(answer)
        return answer

    def query(self, sql, parameters=None, types=None, single=None, own=None, path=None, line=None):
        answer = self._ask(
            "query",
            sql=sql,
            parameters=parameters,
            types=types,
            single=single,
            own=own,
            path=path,
            line=line,
        )
        return Result(answer)

    def begin(self):
        self._ask("begin")

    def commit(self):
        self._ask("commit")

    def rollback(self):
        self._ask("rollback")

    def savepoint(self, action, name):
        self._ask("savepoint", action=action, name=name)

    def log(self, level, logger, text):
        if self._post is not None:
            self._post(json.dumps({"type": "log", "level": level, "logger": logger, "text": text}))
            return
        self._ask("log", level=level, logger=logger, text=text)

    def output(self, text):
        self._ask("output", text=text)

    def read_file(self, path):
        return base64.b64decode(self._ask("read-file", path=path)["bytes"])


def text_parameter(text):
    return {"text": text}


def bytes_parameter(data):
    return {"bytes": base64.b64encode(bytes(data)).decode("ascii")}


def bytes_of(value):
    """The bytes of a result's ``{"bytes": …}``."""
    return base64.b64decode(value["bytes"])
