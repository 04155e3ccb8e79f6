"""Prints the tests that were skipped, with their reasons: skipped_tests.py JUNIT.xml…

A missing GPU or processor feature is allowed ("allowed: …"); anything else is "not allowed: …".
"""
import re
import sys
import xml.etree.ElementTree

ALLOWED = re.compile(r"no GPU|processor (feature|lacks|has no)|AVX512|AMX", re.IGNORECASE)

for report in sys.argv[1:]:
    for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
        output = case.findtext("system-out") or ""
        if case.get("status") not in ("notrun", "disabled") and "SKIP" not in output:
            continue
        reasons = re.findall(r"(?:Skipped|SKIP\s*:)\s*(.*)", output) or [case.get("status")]
        for reason in reasons:
            word = "allowed" if ALLOWED.search(reason + output[:4000]) else "not allowed"
            print(f"{word}: {case.get('name')}: {reason.strip()}")
