"""Runs the experiment programs: accuracy on the embedded digits, resuming what was killed, and what they say to bad input.

usage: experiment_test.py PCN GENERATIVE ATTRACTOR TMAZE
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest

PCN, GENERATIVE, ATTRACTOR, TMAZE = (sys.argv.pop(1) for _ in range(4))


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

    def test_checkpoint_of_another_network_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "run.npz"
            file.write_bytes(b"not a checkpoint")
            done = run(PCN, "digits", "--checkpoint", str(file), "--resume")
            self.assertEqual(done.returncode, 1)
            self.assertIn("run.npz", done.stderr)
            self.assertEqual(file.read_bytes(), b"not a checkpoint")


def write_images(folder, stem, count):
    """Images of 28 x 28 dots that differ, and their labels, as MNIST stores them."""
    size = 28 * 28
    dots = bytes((k * 7919 + k // size * 131) % 251 for k in range(count * size))
    head = bytes([0, 0, 8, 3]) + count.to_bytes(4, "big") + (28).to_bytes(4, "big") * 2
    (folder / f"{stem}-images-idx3-ubyte").write_bytes(head + dots)
    labels = bytes(k % 10 for k in range(count))
    (folder / f"{stem}-labels-idx1-ubyte").write_bytes(bytes([0, 0, 8, 1]) + count.to_bytes(4, "big") + labels)


class Resume(unittest.TestCase):
    """A run that is killed and resumed leaves what one that was not killed leaves, byte for byte."""

    def check(self, *command):
        with tempfile.TemporaryDirectory() as place:
            folder = pathlib.Path(place)
            files = {name: (str(folder / f"{name}.npz"), str(folder / f"{name}.json")) for name in ("whole", "killed")}
            asked = {name: [*command, "--checkpoint", f[0], "--results", f[1]] for name, f in files.items()}
            whole = run(*asked["whole"])
            self.assertEqual(whole.returncode, 0, whole.stderr)

            with subprocess.Popen(asked["killed"], stdout=subprocess.DEVNULL) as first:
                while first.poll() is None and not pathlib.Path(files["killed"][0]).exists():
                    time.sleep(0.001)
                first.kill()  # as early as there is something to go on from
            self.assertEqual(first.returncode, -9, "the run was over before it could be killed")
            rest = run(*asked["killed"], "--resume")
            self.assertEqual(rest.returncode, 0, rest.stderr)
            self.assertLessEqual(len(epochs(rest.stdout)), len(epochs(whole.stdout)))
            self.assertEqual(epochs(whole.stdout)[-len(epochs(rest.stdout)):], epochs(rest.stdout))
            for one, other in zip(*files.values()):
                self.assertEqual(pathlib.Path(one).read_bytes(), pathlib.Path(other).read_bytes())

            other_seed = run(*asked["killed"], "--resume", "--seed", "77")
            self.assertEqual(other_seed.returncode, 1)
            self.assertIn("found a run with the seed", other_seed.stderr)

    def test_pcn(self):
        self.check(PCN, "digits", "--epochs", "4")

    def test_attractor(self):
        self.check(ATTRACTOR, "--epochs", "60")

    def test_tmaze(self):
        self.check(TMAZE, "--epochs", "6", "--trials", "50", "--sampled")

    def test_pcn_generative(self):
        with tempfile.TemporaryDirectory() as folder:
            write_images(pathlib.Path(folder), "train", 200)
            write_images(pathlib.Path(folder), "t10k", 20)
            self.check(GENERATIVE, "--data", folder, "--epochs", "3")


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
