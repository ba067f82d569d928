"""unittest as the harness runs it: `python3 -I run_unittest.py`, so that no variable, user folder or file of the project has a say before the tests."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import time
import traceback
import unittest

from channel import cut, in_project, open_channel
from expected import defined_tests, test_files

sys.path.pop(0)


class HarnessResult(unittest.TestResult):
    """Tells each test's outcome as it happens."""

    def __init__(self, send):
        super().__init__()
        self._send = send
        self._began = {}
        self._told = set()
        self.counts = {"passed": 0, "failed": 0, "skipped": 0}

    def startTest(self, test):
        super().startTest(test)
        self._began[id(test)] = time.monotonic()

    def tell(self, test, status, message=None):
        key = (id(test), status)
        if key in self._told and status == "failed":
            return
        self._told.add(key)
        began = self._began.get(id(test))
        self.counts[status] += 1
        name = test.id()
        self._send(
            {
                "kind": "case",
                "name": name,
                "file": file_of(test),
                "status": status,
                "durationMs": None if began is None else round((time.monotonic() - began) * 1000, 3),
                "message": None if message is None else cut(message),
            }
        )
        print(f"{status:8} {name}", file=sys.stderr, flush=True)
        if status == "failed" and message:
            print(message, file=sys.stderr, flush=True)

    def stopTest(self, test):
        super().stopTest(test)
        # a failing subtest leaves its test without a word of its own
        self._began.pop(id(test), None)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.tell(test, "passed")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.tell(test, "failed", text_of(err))

    def addError(self, test, err):
        super().addError(test, err)
        self.tell(test, "failed", text_of(err))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.tell(test, "skipped", f"skipped: {reason}")

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.tell(test, "skipped", "expected failure: " + text_of(err))

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.tell(test, "failed", "It passed although it is marked as an expected failure.")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.tell(test, "failed", f"{subtest.id()}\n{text_of(err)}")


def text_of(err):
    return "".join(traceback.format_exception(*err))


def file_of(test):
    module = sys.modules.get(type(test).__module__)
    path = getattr(module, "__file__", None)
    return None if path is None else in_project(path)


def load(plan):
    loader = unittest.TestLoader()
    if plan["names"]:
        return loader.loadTestsFromNames(plan["names"])
    return loader.discover(plan["start"], pattern=plan["pattern"], top_level_dir=plan["top"])


def main():
    plan, send = open_channel()
    roots = [plan["start"]] if not plan["names"] else plan["files"]
    files = test_files(roots, [plan["pattern"]])
    send({"kind": "expect", "files": {path.replace(os.sep, "/"): defined_tests(path, functions=False) for path in files}})
    sys.path.insert(0, os.getcwd())
    result = HarnessResult(send)
    suite = load(plan)
    suite.run(result)
    ok = result.wasSuccessful()
    send({"kind": "end", **result.counts})
    sys.stdout.flush()
    sys.stderr.flush()
    send({"kind": "exit", "code": 0 if ok else 1})
    sys.exit(0 if ok else 1)


main()
