"""Runs the experiment programs: accuracy on the embedded digits, resuming, and what they say to bad input."""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

PCN, GENERATIVE = sys.argv.pop(1), sys.argv.pop(1)


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=240)


def epochs(output):
    """What each epoch line says, without the speed."""
    return [line.rsplit("  ", 1)[0] for line in output.splitlines() if line.startswith("epoch")]


class Digits(unittest.TestCase):
    def test_trains_to_96_percent_of_the_held_out_rows(self):
        for seed in ("0", "1"):
            done = run(PCN, "digits", "--seed", seed, "--demo")
            self.assertEqual(done.returncode, 0, done.stderr)
            last = done.stdout.splitlines()[-1]
            found = re.fullmatch(r"demo: test_accuracy=([0-9.]+) samples_per_second=([0-9]+)", last)
            self.assertIsNotNone(found, last)
            self.assertGreaterEqual(float(found[1]), 0.96)
            self.assertIn("d/dW1 = ", done.stdout)

    def test_same_seed_gives_the_same_run(self):
        first, second = (run(PCN, "digits", "--epochs", "2") for _ in range(2))
        self.assertEqual(epochs(first.stdout), epochs(second.stdout))

    def test_resumed_run_equals_an_uninterrupted_one(self):
        with tempfile.TemporaryDirectory() as folder:
            file = str(pathlib.Path(folder) / "run.npz")
            whole = run(PCN, "digits", "--epochs", "4")
            run(PCN, "digits", "--epochs", "2", "--checkpoint", file)
            rest = run(PCN, "digits", "--epochs", "4", "--checkpoint", file, "--resume")
            self.assertEqual(rest.returncode, 0, rest.stderr)
            self.assertEqual(epochs(whole.stdout)[2:], epochs(rest.stdout))

    def test_checkpoint_of_another_network_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "run.npz"
            file.write_bytes(b"not a checkpoint")
            done = run(PCN, "digits", "--checkpoint", str(file), "--resume")
            self.assertEqual(done.returncode, 1)
            self.assertIn("run.npz", done.stderr)
            self.assertEqual(file.read_bytes(), b"not a checkpoint")


class BadInput(unittest.TestCase):
    def test_missing_data_names_the_command_that_gets_it(self):
        for program in ((PCN, "mnist"), (GENERATIVE,)):
            done = run(*program, "--data", "/nowhere")
            self.assertEqual(done.returncode, 1)
            self.assertIn("/nowhere", done.stderr)
            self.assertIn("scripts/data mnist", done.stderr)

    def test_truncated_images_are_refused_with_both_sizes(self):
        with tempfile.TemporaryDirectory() as folder:
            header = bytes([0, 0, 8, 3]) + (2).to_bytes(4, "big") + (28).to_bytes(4, "big") * 2
            (pathlib.Path(folder) / "train-images-idx3-ubyte").write_bytes(header + bytes(100))
            done = run(PCN, "mnist", "--data", folder)
            self.assertEqual(done.returncode, 1)
            self.assertIn("train-images-idx3-ubyte", done.stderr)
            self.assertIn("1568", done.stderr)

    def test_rate_that_diverges_is_reported(self):
        done = run(PCN, "digits", "--inference-rate", "1e6")
        self.assertEqual(done.returncode, 1)
        self.assertIn("train", done.stderr)

    def test_rate_that_is_not_positive_is_refused(self):
        self.assertNotEqual(run(PCN, "digits", "--learning-rate", "-1").returncode, 0)


if __name__ == "__main__":
    unittest.main()
