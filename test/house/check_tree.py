#!/usr/bin/python3
"""Check that the tree keeps the rules of the house.

    test/house/check_tree.py [ROOT]

Prints every finding as path:line: what is wrong. Exit code: 0 none, 1 some.
"""

import pathlib
import sys

sys.dont_write_bytecode = True

from rules import RULES, WARNINGS  # noqa: E402
from tree import Tree  # noqa: E402


def main():
    default = pathlib.Path(__file__).resolve().parents[2]
    tree = Tree(sys.argv[1] if len(sys.argv) > 1 else default)
    for rule in WARNINGS:
        for finding in rule(tree):
            print(f"warning: {finding}")
    count = 0
    for rule in RULES:
        findings = rule(tree)
        count += len(findings)
        if findings:
            print(f"\n{rule.__name__}: {rule.__doc__.strip().splitlines()[0]}")
            print("\n".join(f"  {finding}" for finding in findings))
    print(f"{len(tree.files)} files, {len(RULES)} rules, {count} findings")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
