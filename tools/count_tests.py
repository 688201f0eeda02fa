#!/usr/bin/env python3
"""Counts test cases in Bazel's JUnit files and prints "N passed, N failed, N skipped" as the last line.

Usage: count_tests.py TESTLOGS_DIR BAZEL_EXIT_CODE
Exits with 1 when a case failed, when a test ended without a report, or when Bazel itself failed.
"""
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def main() -> int:
    root, bazel_status = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    passed, failed, skipped = 0, [], []
    for report in sorted(root.resolve().rglob("test.xml")):
        target = "//" + str(report.parent.relative_to(root.resolve()))
        try:
            suites = ElementTree.parse(report).getroot()
        except ElementTree.ParseError as error:
            failed.append(f"{target}: unreadable report: {error}")
            continue
        for case in suites.iter("testcase"):
            name = f"{target} {case.get('classname', '')}.{case.get('name', '')}"
            reason = case.find("skipped")
            if case.find("failure") is not None or case.find("error") is not None:
                failed.append(name)
            elif reason is not None or case.get("result") == "skipped":
                skipped.append(f"{name}: {(reason.get('message') if reason is not None else '') or 'no reason given'}")
            else:
                passed += 1
    for name in skipped:
        print(f"skipped: {name}")
    for name in failed:
        print(f"failed: {name}")
    if bazel_status != 0 and not failed:
        # A build error, a timeout or a crash before the report was written.
        print(f"bazel test exited with {bazel_status}")
        failed.append("bazel")
    print(f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
