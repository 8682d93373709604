#!/usr/bin/python3
"""scripts/queue-depth ends as monitoring expects, whatever `filial queue --json` says."""

import json
import os
import pathlib
import signal
import stat
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts/queue-depth"
LEG = {"process": "publisher", "peer": "broker head", "direction": "out", "origin": "store1",
       "topics": "*", "connected": False, "position": 1, "end": 21, "depth_events": 20,
       "depth_bytes": None, "oldest_age_seconds": 4000.5, "last_heard_seconds": None,
       "next_try_seconds": 2.0, "note": ""}


def answer(legs, running=True, health="ok", **others):
    """`others`: {program: {"running", "expected"}} beside the publisher."""
    processes = {"publisher": {"running": running, "expected": True, "health": health}}
    for name, of in others.items():
        processes[name] = {"health": "ok" if of["running"] else "its socket is not there", **of}
    return json.dumps({"legs": legs, "depth_events": sum(leg["depth_events"] for leg in legs),
                       "processes": processes})


def make_filial(folder, text):
    """A filial command in that folder which gives this answer."""
    pathlib.Path(folder, "answer").write_text(text, "utf-8")
    command = pathlib.Path(folder, "filial")
    command.write_text(f"#!/bin/sh\ncat '{folder}/answer'\n", "utf-8")
    command.chmod(command.stat().st_mode | stat.S_IXUSR)


class QueueDepth(unittest.TestCase):
    def run_with(self, text, *arguments):
        with tempfile.TemporaryDirectory(prefix="filial-queue-") as folder:
            make_filial(folder, text)
            done = subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True,
                                  text=True, check=False,
                                  env={**os.environ, "FILIAL_BIN": folder})
        self.assertEqual(1, done.stdout.count("\n"), done.stdout + done.stderr)
        self.assertEqual("", done.stderr)
        return done.returncode, done.stdout

    def test_limits_of_events_and_of_age_decide_the_exit_code(self):
        for arguments, code in (([], 0), (["--warn", "21"], 0), (["--warn", "20"], 1),
                                (["--warn", "5", "--crit", "20"], 2), (["--warn-age", "2h"], 0),
                                (["--warn-age", "1h", "--crit-age", "1d"], 1),
                                (["--crit-age", "4000s"], 2)):
            with self.subTest(arguments):
                self.assertEqual(code, self.run_with(answer([LEG]), *arguments)[0])

    def test_the_worst_leg_is_named_and_performance_data_follows(self):
        code, line = self.run_with(answer([{**LEG, "depth_events": 1}, LEG]), "--crit", "1")
        self.assertEqual(2, code)
        words, data = line.split(" | ")
        self.assertIn("CRITICAL", words)
        self.assertIn("publisher to broker head (log of store1): 20 events", words)
        self.assertIn("and 1 more legs", words)
        self.assertEqual("events=20;;1;0 bytes=0B;;;0 oldest=4000s;;;0 total=21;;;0",
                         data.strip())

    def test_an_empty_queue_has_no_age(self):
        empty = {**LEG, "depth_events": 0}
        self.assertEqual(0, self.run_with(answer([empty]), "--crit-age", "1s", "--warn", "1")[0])

    def test_a_cut_leg_that_comes_in_is_judged_by_when_it_was_heard(self):
        cut = {**LEG, "process": "subscriber", "peer": "head/broker", "direction": "in",
               "origin": "store2", "depth_events": 0, "oldest_age_seconds": None,
               "last_heard_seconds": 7200.0}
        ages = ["--warn-age", "1h", "--crit-age", "1d"]
        code, line = self.run_with(answer([cut]), *ages)
        self.assertEqual(1, code)
        self.assertIn("subscriber from head/broker (log of store2): 0 events", line)
        self.assertIn("line down, not heard for 2.0 h", line)
        self.assertEqual(2, self.run_with(answer([cut]), "--crit-age", "2h")[0])
        for leg in ({**cut, "last_heard_seconds": 3599.0}, {**cut, "last_heard_seconds": None},
                    {**cut, "connected": True}, {**cut, "direction": "out"}):
            with self.subTest(leg):
                self.assertEqual(0, self.run_with(answer([leg]), *ages)[0])
        self.assertEqual(0, self.run_with(answer([cut]))[0])

    def test_watch_gives_a_line_again_and_again_until_it_is_interrupted(self):
        with tempfile.TemporaryDirectory(prefix="filial-queue-") as folder:
            make_filial(folder, answer([LEG]))
            watching = subprocess.Popen([sys.executable, SCRIPT, "--watch", "--every", "0.05s",
                                         "--crit", "20"], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, "FILIAL_BIN": folder})
            try:
                lines = [watching.stdout.readline() for _ in range(2)]
                make_filial(folder, answer([{**LEG, "depth_events": 0}]))
                while " OK - " not in lines[-1]:  # An answer may be half written: UNKNOWN.
                    lines.append(watching.stdout.readline())
                watching.send_signal(signal.SIGINT)
                _, said = watching.communicate(timeout=30)
            finally:
                watching.kill()
                watching.wait()
        for line in lines[:2]:
            self.assertRegex(line, r"^\d\d:\d\d:\d\d  filial CRITICAL - 20 events wait")
        self.assertEqual((0, ""), (watching.returncode, said))

    def test_a_wrong_folder_of_programs_is_named(self):
        with tempfile.TemporaryDirectory(prefix="filial-queue-") as folder:
            done = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True,
                                  check=False, env={**os.environ, "FILIAL_BIN": folder})
        self.assertEqual(3, done.returncode)
        self.assertIn(f"$FILIAL_BIN is {folder}, and there is no filial", done.stdout)

    def test_a_tap_that_is_away_waits_for_nobody(self):
        tap = {**LEG, "peer": "store1/tap:feed", "counted": False}
        code, line = self.run_with(answer([tap]), "--warn", "1", "--crit-age", "1s")
        self.assertEqual(0, code)
        self.assertIn("0 events wait on 0 legs", line)

    def test_an_expected_program_that_is_silent_makes_the_depth_unknown(self):
        dead = {"running": False, "expected": True}
        absent = {"running": False, "expected": False}
        code, line = self.run_with(answer([LEG], subscriber=dead))
        self.assertEqual(3, code)
        self.assertIn("UNKNOWN", line)
        self.assertIn("not known: subscriber", line)
        self.assertEqual(2, self.run_with(answer([LEG], subscriber=dead), "--crit", "20")[0])
        self.assertEqual(3, self.run_with(answer([LEG], subscriber=dead), "--warn", "20")[0])
        self.assertEqual(0, self.run_with(answer([LEG], subscriber=absent))[0])
        self.assertEqual(0, self.run_with(answer([LEG], subscriber=dead), "--without",
                                          "subscriber")[0])

    def test_a_program_that_is_not_well_is_a_warning_with_its_words(self):
        code, line = self.run_with(answer([LEG], health="two logs | one store"))
        self.assertEqual(1, code)
        self.assertIn("publisher: two logs / one store", line)
        self.assertEqual(1, line.count("|"))

    def test_nobody_answers_or_wrong_usage_is_unknown(self):
        self.assertEqual(3, self.run_with(answer([], running=False))[0])
        self.assertEqual(3, self.run_with("no json")[0])
        self.assertEqual(3, self.run_with('{"error": {"code": "invalid", "message": "no"}}')[0])
        for arguments in (["--warn", "x"], ["--crit-age", "soon"], ["--nonsense"], ["--every", "0"],
                          ["--watch", "--every", "0s"], ["--warn", "6", "--crit", "5"],
                          ["--warn", "²"], ["--warn-age", "2d", "--crit-age", "1d"]):
            with self.subTest(arguments):
                self.assertEqual(3, self.run_with(answer([LEG]), *arguments)[0])


if __name__ == "__main__":
    unittest.main()
