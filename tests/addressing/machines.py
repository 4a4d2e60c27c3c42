"""A cluster of machines: the servers of mini-HDFS, each in a network namespace of its own."""

import os
import shutil
import subprocess
import tempfile
import time
import unittest

import namespaces

DFS = os.path.abspath(os.environ.get("DFS_PROGRAM", "build/bin/dfs"))


class Machines(unittest.TestCase):
    """A test class of it says `addresses`, name to address: "nn" is the NameNode's machine."""

    addresses: dict

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="dfs-machines-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.network = namespaces.Network(self.addresses)
        self.addCleanup(self.network.close)
        self.log = open(self.path("log"), "wb")
        self.addCleanup(self.log.close)
        self.meta = f"http://{self.addresses['nn']}:8000"

    def path(self, name):
        return os.path.join(self.folder, name)

    def start_namenode(self, *options):
        self.network.start("nn", DFS, "namenode", "--data", self.path("nn"), "--listen",
                           "0.0.0.0:8000", *options, stdout=self.log, stderr=self.log)

    def start_datanode(self, name, advertised, *options):
        self.network.start(name, DFS, "datanode", "--data", self.path(name), "--meta", self.meta,
                           "--listen", "0.0.0.0:8001", "--advertise", advertised, *options,
                           stdout=self.log, stderr=self.log)

    def dfs(self, where, *arguments, meta=None, retries=20, check=True):
        done = subprocess.run(
            self.network.command(where, DFS, *arguments, "--meta", meta or self.meta,
                                 "--retry-limit", str(retries)),
            capture_output=True, text=True)
        if check:
            self.assertEqual(done.returncode, 0, f"{where}: dfs {arguments}: {done.stderr}")
        return done

    def wait_until(self, what, condition, seconds):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, f"{what}: not within {seconds} s")
            time.sleep(0.2)

    def write(self, name, size):
        with open(self.path(name), "wb") as file:
            file.write(os.urandom(size))

    def assert_equal_files(self, one, other):
        with open(self.path(one), "rb") as a, open(self.path(other), "rb") as b:
            self.assertEqual(a.read(), b.read(), one)
