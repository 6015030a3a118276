import json
import platform
import sys
import traceback


def converse(text, exchange):
    """Handles a message of the engine; gives the final message, or an empty text after ``stop``."""
    message = json.loads(text)
    if message["type"] == "stop":
        return ""
    try:
        return json.dumps(_handle(message, exchange))
    except BaseException as error:
        said = traceback.format_exception_only(type(error), error)[-1].strip()
        return json.dumps({"type": "failed", "message": said, "traceback": traceback.format_exc()})


def _handle(message, exchange):
    kind = message["type"]
    if kind == "start":
        sys.path[:0] = message["import_paths"]
        version = "%s %s" % (platform.python_implementation(), platform.python_version())
        return {"type": "ready", "protocol": 1, "interpreter": version}
    if kind == "load":
        return {"type": "loaded", "problems": [p for each in message["migrations"] for p in _problems(each)]}

    def query(sql):
        answer = json.loads(exchange(json.dumps({"type": "query", "sql": sql})))
        if answer["type"] == "error":
            raise RuntimeError(answer["message"])
        return answer["rows"]

    source = message["arguments"]["source"] if kind == "call" else message["source"]
    names = {"query": query, "__name__": "migration", "__file__": message.get("path", "<call>")}
    exec(compile(source, names["__file__"], "exec"), names)
    return {"type": "done", "value": names.get("result")}


def _problems(file):
    for number, line in enumerate(file["source"].split("\n"), 1):
        if line.startswith("import "):
            name = line.split()[1]
            try:
                __import__(name)
            except ImportError as error:
                yield {"path": file["path"], "line": number, "import": name, "reason": str(error)}
