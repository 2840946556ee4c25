"""Runs the experiment programs: accuracy on the embedded digits, resuming what was killed, and what they say to bad input.

usage: experiment_test.py PCN GENERATIVE ATTRACTOR TMAZE KALMAN GENERALISED RECURRENT GRAPH SPIKING
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest

PCN, GENERATIVE, ATTRACTOR, TMAZE, KALMAN, GENERALISED, RECURRENT, GRAPH, SPIKING = (sys.argv.pop(1) for _ in range(9))


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
            self.assertEqual(done.returncode, 3)
            self.assertIn("run.npz", done.stderr)
            self.assertEqual(file.read_bytes(), b"not a checkpoint")


def results(*command):
    """Figures and curves that the experiment left: {name: value} and {chart: {series: values}}."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "run.json"
        done = run(*command, "--results", str(file))
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        left = json.loads(file.read_text())
    return left, {c["name"]: {s["name"]: s["values"] for s in c["series"]} for c in left["charts"]}


class Shown(unittest.TestCase):
    """What the curves of a run show is what the paper of the model says."""

    def test_kalman_filters_keep_to_the_body_and_the_anchor_helps(self):
        left, curves = results(KALMAN)
        off = {name.split(":")[0]: [] for name in left["figures"]}
        for name, value in left["figures"].items():
            off[name.split(":")[0]].append(value)
        for anchored in ("Kalman filter", "5 steps", "converged"):
            self.assertLess(max(off[anchored]), 1.5, anchored)  # of a position of 41
        # Two orders of the README: the body has no noise of its own, so to stop early is nearer to it.
        self.assertLess(off["5 steps"], off["converged"])
        self.assertLess(off["converged"], off["5 steps, unanchored"])
        position = curves["Position at the end of the epoch"]
        self.assertEqual(set(map(len, position.values())), {100})
        self.assertAlmostEqual(position["truth"][-1], 41, delta=0.5)

    def test_generalised_filter_is_nearer_in_the_moving_frame(self):
        for seed in ("0", "1", "2"):
            left, _ = results(GENERALISED, "--seed", seed)
            off = list(left["figures"].values())
            self.assertLess(off[0], off[1])
            self.assertLess(off[0], 0.5)  # of states with a root mean square of 0.71

    def test_recurrent_networks_learn_what_was_one_and_two_ticks_ago(self):
        _, curves = results(RECURRENT)
        for name, error in curves["Error on sequences held out, mean square"].items():
            self.assertLess(error[-1], 0.05 * error[0], name)

    def test_graph_settles_as_the_binomial_tails_say(self):
        _, curves = results(GRAPH)
        error = curves["Error of dL/dv0, power of ten"]
        # models/scalar_graph/stepper.hpp, known_counts: the first step with an error of 1e-6, and of 1e-12.
        for eta, first, second in (("eta 0.2", 64, None), ("eta 0.5", 21, 42)):
            for steps, bound in ((first, -6), (second, -12)):
                if steps is not None:
                    self.assertGreater(error[eta][steps - 2], bound)
                    self.assertLessEqual(error[eta][steps - 1], bound)
        free_energy = curves["Free energy without hold, nats"]["eta 0.01"]
        self.assertEqual(free_energy, sorted(free_energy, reverse=True))
        for distance in curves["Distance of theta from the truth"].values():
            self.assertLess(distance[-1], 1e-2 * distance[0])

    def test_spiking_network_approaches_the_best_couplings(self):
        left, curves = results(SPIKING, "--epochs", "16")
        distance = curves["Couplings: distance from the best, up to a scale"]["learned"]
        # figures.cpp: 0.11 after 4 s and 0.030 after 16 s, within a factor of two.
        self.assertAlmostEqual(distance[3], 0.1375, delta=0.0825)
        self.assertAlmostEqual(distance[15], 0.0375, delta=0.0225)
        raster = left["rasters"][0]
        self.assertGreater(len(raster["events"]), raster["rows"])
        for time_of, row in raster["events"]:
            self.assertLess(time_of, raster["times"])
            self.assertLess(row, raster["rows"])
        self.assertEqual(set(map(len, curves["First signal, couplings at rest"].values())), {250})


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
            self.assertEqual(other_seed.returncode, 3)
            self.assertIn("found a run with the seed", other_seed.stderr)

    def test_pcn(self):
        self.check(PCN, "digits", "--epochs", "4")

    def test_attractor(self):
        self.check(ATTRACTOR, "--epochs", "60")

    def test_tmaze(self):
        self.check(TMAZE, "--epochs", "6", "--trials", "50", "--sampled")

    def test_kalman_pc(self):
        self.check(KALMAN, "--epochs", "400")

    def test_generalised_filter(self):
        self.check(GENERALISED, "--epochs", "100")

    def test_recurrent(self):
        self.check(RECURRENT, "--epochs", "40")

    def test_scalar_graph(self):
        self.check(GRAPH, "--epochs", "200")

    def test_spiking_autoencoder(self):
        self.check(SPIKING, "--epochs", "8")

    def test_pcn_generative(self):
        with tempfile.TemporaryDirectory() as folder:
            write_images(pathlib.Path(folder), "train", 200)
            write_images(pathlib.Path(folder), "t10k", 20)
            self.check(GENERATIVE, "--data", folder, "--epochs", "3")


class BadInput(unittest.TestCase):
    def test_missing_data_names_the_command_that_gets_it(self):
        for program in ((PCN, "mnist"), (GENERATIVE,)):
            done = run(*program, "--data", "/nowhere")
            self.assertEqual(done.returncode, 3)
            self.assertIn("/nowhere", done.stderr)
            self.assertIn("scripts/data mnist", done.stderr)

    def test_truncated_images_are_refused_with_both_sizes(self):
        with tempfile.TemporaryDirectory() as folder:
            header = bytes([0, 0, 8, 3]) + (2).to_bytes(4, "big") + (28).to_bytes(4, "big") * 2
            (pathlib.Path(folder) / "train-images-idx3-ubyte").write_bytes(header + bytes(100))
            done = run(PCN, "mnist", "--data", folder)
            self.assertEqual(done.returncode, 3)
            self.assertIn("train-images-idx3-ubyte", done.stderr)
            self.assertIn("1568", done.stderr)

    def test_rate_that_diverges_is_reported(self):
        done = run(PCN, "digits", "--inference-rate", "1e6")
        self.assertEqual(done.returncode, 1)
        self.assertIn("train", done.stderr)

    def test_rate_that_is_not_positive_is_refused(self):
        for program, option in ((PCN, "--learning-rate"), (KALMAN, "--step"), (GENERALISED, "--prior-precision"),
                                (RECURRENT, "--inference-rate"), (GRAPH, "--learning-rate"), (SPIKING, "--epochs")):
            words = ["digits"] if program == PCN else []
            done = run(program, *words, option, "-1")
            self.assertEqual(done.returncode, 2)
            self.assertIn(option, done.stderr)

    def test_resuming_without_a_checkpoint_names_the_option(self):
        for program in (ATTRACTOR, KALMAN, GENERALISED, RECURRENT, GRAPH, SPIKING):
            done = run(program, "--resume")
            self.assertEqual(done.returncode, 2)
            self.assertIn("--checkpoint", done.stderr)

    def test_results_of_another_model_are_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            kept, file = str(pathlib.Path(folder) / "run.npz"), str(pathlib.Path(folder) / "run.json")
            self.assertEqual(run(KALMAN, "--epochs", "2", "--checkpoint", kept).returncode, 0)
            self.assertEqual(run(GRAPH, "--epochs", "2", "--results", file).returncode, 0)
            done = run(KALMAN, "--checkpoint", kept, "--resume", "--results", file)
            self.assertEqual(done.returncode, 3)
            self.assertIn("run.json", done.stderr)

    def test_files_in_a_folder_that_does_not_exist_are_refused_before_the_first_epoch(self):
        with tempfile.TemporaryDirectory() as folder:
            for option, name in (("--results", "run.json"), ("--checkpoint", "run.npz")):
                file = f"{folder}/missing/{name}"
                done = run(GRAPH, option, file)
                self.assertEqual(done.returncode, 3)
                self.assertEqual(done.stderr, f"scalar_graph_experiment: {file}: there is no folder '{folder}/missing'. "
                                 f"Make it (mkdir -p '{folder}/missing'), or give a file in a folder that exists.\n")
                self.assertEqual(done.stdout, "")

    def test_file_that_cannot_be_written_is_called_as_it_was_given(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "run.json"
            (pathlib.Path(folder) / "run.json.tmp").mkdir()  # in the way of what is renamed in the end
            done = run(GRAPH, "--epochs", "1", "--results", str(file))
            self.assertEqual(done.returncode, 3)
            self.assertEqual(done.stderr, f"scalar_graph_experiment: {file}: cannot be written\n")

    def test_demo_of_another_network_is_a_wrong_command_line(self):
        done = run(PCN, "mnist", "--demo")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--demo", done.stderr)


if __name__ == "__main__":
    unittest.main()
