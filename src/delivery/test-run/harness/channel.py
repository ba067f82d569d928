"""Results of a test run, for the harness only: lines on descriptor 4, each led by a secret that came on standard input."""

import json
import os
import sys

LONGEST = 4000


def open_channel():
    """Reads the secret and the plan, and gives back (plan, send). Standard input is empty afterwards."""
    source = sys.stdin.buffer
    secret = source.readline().strip().decode()
    plan = json.loads(source.readline())
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.set_inheritable(4, False)
    write, dumps = os.write, json.dumps

    def send(record):
        data = (secret + " " + dumps(record) + "\n").encode()
        while data:
            data = data[write(4, data):]

    return plan, send


def cut(text):
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def in_project(path):
    """Path relative to the project with forward slashes, or None when it lies elsewhere."""
    relative = os.path.relpath(os.path.realpath(path), os.path.realpath(os.getcwd()))
    return None if relative.startswith("..") else relative.replace(os.sep, "/")
