"""pytest as the harness runs it: isolated from variables and user folders, the project's addopts and cache switched off, outcomes told by a plugin of ours."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

try:
    import pytest
except ImportError:
    sys.exit("pytest is not installed on this machine. Use unittest: python3 -m unittest")

from channel import cut, open_channel
from expected import defined_tests, test_files

sys.path.pop(0)


class HarnessPlugin:
    """Tells each test's outcome, and what was taken out of the collection."""

    def __init__(self, send):
        self._send = send
        self.counts = {"passed": 0, "failed": 0, "skipped": 0}
        self._collected = set()
        self._raised = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_itemcollected(self, item):
        self._collected.add(item.nodeid)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session):
        left = self._collected - {item.nodeid for item in session.items}
        if left:
            self._send({"kind": "deselected", "names": sorted(left)[:200]})
        yield

    def pytest_collectreport(self, report):
        if report.failed:
            self.tell(report.nodeid or "collection", "failed", None, str(report.longrepr))
        elif report.skipped:
            self.tell(report.nodeid or "collection", "skipped", None, str(report.longrepr))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item, call):
        yield
        if call.excinfo is not None and not call.excinfo.errisinstance(pytest.skip.Exception):
            self._raised[(item.nodeid, call.when)] = True

    def pytest_runtest_logreport(self, report):
        raised = self._raised.pop((report.nodeid, report.when), False)
        expected_failure = hasattr(report, "wasxfail")
        if raised and report.passed and not expected_failure:
            self._send({"kind": "forged", "name": report.nodeid})
        text = str(report.longrepr) if report.longrepr else None
        if report.failed:
            self.tell(report.nodeid, "failed", report.duration, text)
        elif report.skipped or (expected_failure and report.when == "call"):
            self.tell(report.nodeid, "skipped", report.duration, text or "xfail")
        elif report.when == "call":
            self.tell(report.nodeid, "passed", report.duration, None)

    def tell(self, name, status, duration, message):
        self.counts[status] += 1
        self._send(
            {
                "kind": "case",
                "name": name,
                "file": name.split("::", 1)[0],
                "status": status,
                "durationMs": None if duration is None else round(duration * 1000, 3),
                "message": None if message is None else cut(message),
            }
        )


def main():
    plan, send = open_channel()
    roots = plan["paths"] or ["."]
    files = test_files([path.split("::", 1)[0] for path in roots], ["test_*.py", "*_test.py"])
    send({"kind": "expect", "files": {path.replace(os.sep, "/"): defined_tests(path, functions=True) for path in files}})
    sys.path.insert(0, os.getcwd())
    plugin = HarnessPlugin(send)
    arguments = ["-p", "no:cacheprovider", "-o", "addopts=", "-o", "xfail_strict=true", "--color=no", "-q", *plan["paths"]]
    code = int(pytest.main(arguments, plugins=[plugin]))
    send({"kind": "end", **plugin.counts})
    send({"kind": "exit", "code": code})
    sys.exit(code)


main()
