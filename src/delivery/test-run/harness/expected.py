"""Tests that a project's files define as anybody can read them, found without running a line of them.

What is read here before the project's code starts must be heard of afterwards: a file that ends the process, hides its tests behind
load_tests or drops them while collecting is found out. Only plain definitions count (top-level functions and classes), so this is a lower bound.
"""

import ast
import fnmatch
import os

SKIPPED_FOLDERS = {"node_modules", "__pycache__", "venv", "env", "site-packages", "build", "dist"}


def test_files(roots, patterns):
    """Paths below the roots that match a pattern, sorted; a root that is a file counts as it is."""
    found = set()
    for root in roots:
        if os.path.isfile(root):
            found.add(os.path.normpath(root))
        for folder, folders, files in os.walk(root):
            folders[:] = [name for name in folders if not name.startswith(".") and name not in SKIPPED_FOLDERS]
            for name in files:
                if any(fnmatch.fnmatch(name, pattern) for pattern in patterns):
                    found.add(os.path.normpath(os.path.join(folder, name)))
    return sorted(found)


def defined_tests(path, functions):
    """Titles such as Class.test_x, and test_x where plain functions are tests, of one file. A file that cannot be read or parsed has none."""
    try:
        with open(path, "rb") as file:
            tree = ast.parse(file.read(), path)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    dropped = {target.id for node in tree.body if isinstance(node, ast.Delete) for target in node.targets if isinstance(target, ast.Name)}
    titles = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name not in dropped and is_test_class(node, functions):
            titles += [
                f"{node.name}.{item.name}"
                for item in node.body
                if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)) and item.name.startswith("test")
            ]
        elif functions and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test") and node.name not in dropped:
            titles.append(node.name)
    return sorted(set(titles))


def is_test_class(node, functions):
    names = [base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in node.bases]
    if any(name.endswith("TestCase") for name in names):
        return True
    has_constructor = any(isinstance(item, ast.FunctionDef) and item.name == "__init__" for item in node.body)
    return functions and node.name.startswith("Test") and not node.bases and not has_constructor
