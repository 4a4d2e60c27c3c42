"""Machines that are cut off from one another: real servers, each in a network namespace of its own.

Packets vanish between some pair of machines, in one direction or both, while every other pair goes on
talking. Puts and gets must succeed all the same, and after the mending every block gets its copies.
Where namespaces cannot be made the test says so and is skipped.
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
import unittest

import namespaces

DFS = os.path.abspath(os.environ.get("DFS_PROGRAM", "build/bin/dfs"))
DATANODES = ("d1", "d2", "d3", "d4")
ADDRESSES = {"nn": "10.77.14.10", "client": "10.77.14.20", "host": "10.77.14.1",
             **{name: f"10.77.14.1{i}" for i, name in enumerate(DATANODES, 1)}}
META = f"http://{ADDRESSES['nn']}:8000"
HEALS_WITHIN = 90
FILES = 4
SIZE = (1 << 20) + 1000  # two blocks


class MachinesCutOff(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="dfs-partition-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.network = namespaces.Network(ADDRESSES)
        self.addCleanup(self.network.close)
        log = open(os.path.join(self.folder, "log"), "wb")
        self.addCleanup(log.close)
        self.network.start("nn", DFS, "namenode", "--data", self.path("nn"), "--listen",
                           "0.0.0.0:8000", "--dead-after", "4s", "--block-size", "1M",
                           stdout=log, stderr=log)
        for name in DATANODES:
            self.network.start(name, DFS, "datanode", "--data", self.path(name), "--meta", META,
                               "--listen", "0.0.0.0:8001", "--advertise",
                               f"{ADDRESSES[name]}:8001", "--host", name, stdout=log, stderr=log)
        self.wait_until("the cluster is there", lambda: self.states() == ["live"] * 4, 60)
        self.put("before")

    def path(self, name):
        return os.path.join(self.folder, name)

    def wait_until(self, what, condition, seconds):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, f"{what}: not within {seconds} s")
            time.sleep(0.2)

    def dfs(self, *arguments, check=True):
        done = subprocess.run(
            self.network.command("client", DFS, *arguments, "--meta", META, "--retry-limit", "60"),
            capture_output=True, text=True)
        if check:
            self.assertEqual(done.returncode, 0, f"dfs {arguments}: {done.stderr}")
        return done

    def states(self):
        done = self.dfs("admin", "report", "--json", check=False)
        if done.returncode != 0:
            return []
        return [n["state"] if n["reported"] or n["state"] == "dead" else "silent"
                for n in json.loads(done.stdout)["nodes"]]

    def healthy(self):
        counts = json.loads(self.dfs("admin", "fsck", "/", "--json", check=False).stdout)
        return all(counts[k] == 0 for k in ("under_replicated", "corrupt", "missing"))

    # Files.

    def names(self, group):
        return [f"{group}{i}" for i in range(FILES)]

    def put(self, group):
        for name in self.names(group):
            with open(self.path(name), "wb") as file:
                file.write(os.urandom(SIZE))
        self.dfs("put", *[self.path(name) for name in self.names(group)], "/")

    def get(self, group):
        for name in self.names(group):
            self.dfs("get", "-f", f"/{name}", self.path("back"))
            with open(self.path(name), "rb") as a, open(self.path("back"), "rb") as b:
                self.assertEqual(a.read(), b.read(), name)

    def goes_on_and_heals(self, *lost, dead=()):
        """Cuts the (source, target) pairs, uses the cluster, and mends them."""
        for pair in lost:
            self.network.cut(*pair)
        self.put("during")
        self.get("before")
        self.get("during")
        if dead:
            expected = sorted("dead" if name in dead else "live" for name in DATANODES)
            self.wait_until("the death is declared",
                            lambda: sorted(self.states()) == expected, 60)
            self.wait_until("the others have the copies", self.healthy, HEALS_WITHIN)
        for pair in lost:
            self.network.mend(*pair)
        self.wait_until("all are back", lambda: self.states() == ["live"] * 4, HEALS_WITHIN)
        self.wait_until("every block has its copies", self.healthy, HEALS_WITHIN)
        self.put("after")
        for group in ("before", "during", "after"):
            self.get(group)

    def test_two_datanodes_from_each_other(self):
        self.goes_on_and_heals(("d1", "d2"), ("d2", "d1"))

    def test_a_datanode_from_another_in_one_direction(self):
        self.goes_on_and_heals(("d1", "d2"))

    def test_a_datanode_from_all_others(self):
        others = ("d2", "d3", "d4")
        self.goes_on_and_heals(*[("d1", o) for o in others], *[(o, "d1") for o in others])

    def test_a_datanode_from_the_namenode(self):
        self.goes_on_and_heals(("d1", "nn"), ("nn", "d1"), dead=("d1",))

    def test_a_datanode_that_hears_the_namenode_and_is_not_heard(self):
        self.goes_on_and_heals(("d1", "nn"), dead=("d1",))

    def test_a_datanode_that_is_heard_by_the_namenode_and_hears_nothing(self):
        self.goes_on_and_heals(("nn", "d1"), dead=("d1",))

    def test_a_datanode_from_the_client(self):
        self.goes_on_and_heals(("client", "d1"), ("d1", "client"))


if __name__ == "__main__":
    namespaces.run()
