"""Data directories of every format that was released are opened; those of the future are refused.

tests/formats/ has one for each: a cluster's directories, packed, and what its files are.
scripts/make-format-directory makes them.
"""
import hashlib
import json
import os
import signal
import struct
import tarfile
import unittest

from harness import Cluster, OfACluster, ends, random_file, same, wait_until

FORMATS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "formats")
PAGE = 4096
USER_VERSION = 60  # its place in a database's first page


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


class DirectoriesOfEveryFormat(OfACluster):
    datanodes = 2
    flags = ("--min-block-size", "0")

    def setUp(self):
        pass  # each test makes its clusters

    def open_cluster(self, version):
        """The cluster that was kept, run by this program; and what its files are."""
        with tarfile.open(os.path.join(FORMATS, version, "cluster.tar.gz")) as tar:
            files = {m.name: tar.extractfile(m).read() for m in tar if m.isfile()}
        with open(os.path.join(FORMATS, version, "files.json"), encoding="utf-8") as f:
            expected = json.load(f)

        def unpack(folder):
            member = os.path.basename(folder) + "/"
            for name, content in files.items():
                if name.startswith(member):
                    path = os.path.join(os.path.dirname(folder), name)
                    os.makedirs(os.path.dirname(path), exist_ok=True)
                    with open(path, "wb") as f:
                        f.write(content)

        self.cluster = Cluster(self.datanodes, *self.flags, prepare=unpack)
        self.addCleanup(self.cluster.close)
        return expected

    def check(self, expected):
        found = json.loads(self.cluster.run("find", "/", "--type", "f", "--json").stdout)["entries"]
        self.assertEqual(sorted(e["path"] for e in found), sorted(expected))
        for path, digest in expected.items():
            self.cluster.run("get", "-f", path, self.path("back"))
            with open(self.path("back"), "rb") as f:
                self.assertEqual(hashlib.sha256(f.read()).hexdigest(), digest, path)

    def stop(self, name):
        os.kill(self.cluster.pid(name), signal.SIGTERM)
        wait_until(f"{name} has ended", lambda: not self.cluster.alive(name), 30)

    def refused(self, name, words):
        code, output = ends(self.cluster.commands[name])
        self.assertEqual(code, 1, output)
        last = output.splitlines()[-1]
        self.assertIn(words, last)
        self.assertIn("use the version of dfs that wrote it", last)
        self.assertNotIn("damaged", output)

    def test_are_opened_and_their_files_are_whole_and_can_be_added_to(self):
        versions = sorted(os.listdir(FORMATS))
        self.assertGreater(len(versions), 0)
        for version in versions:
            with self.subTest(version=version):
                expected = self.open_cluster(version)
                c = self.cluster
                self.check(expected)
                self.wait_healthy()
                random_file(self.path("new"), 10000)
                c.run("put", self.path("new"), "/new")
                c.run("rm", "/small")
                c.kill_everything()
                c.start()
                c.run("get", "-f", "/new", self.path("back"))
                self.assertTrue(same(self.path("new"), self.path("back")))
                c.run("rm", "/new")
                del expected["/small"]
                self.check(expected)
                self.wait_healthy()
                for name in c.names()[1:]:
                    self.assertFalse(os.listdir(os.path.join(c.dir, name, "unknown")), name)

    def test_and_of_the_future_are_refused_in_one_line_and_left_as_they_are(self):
        expected = self.open_cluster(sorted(os.listdir(FORMATS))[-1])
        c = self.cluster
        for name in ("namenode", "datanode-1"):
            self.stop(name)
        database = os.path.join(c.dir, "namenode", "metadata.db")
        with open(database, "rb") as f:
            metadata = f.read()
        page = bytearray(metadata[:PAGE - 4])
        number, = struct.unpack_from(">I", page, USER_VERSION)
        struct.pack_into(">I", page, USER_VERSION, number + 1)
        newer = bytes(page) + struct.pack("<I", crc32c(struct.pack("<I", 1) + page)) + metadata[PAGE:]
        volume = os.path.join(c.dir, "datanode-1", "VERSION")
        with open(volume, encoding="utf-8") as f:
            identity = f.read()
        text = identity[:identity.rindex("crc32c=")].replace("format 1\n", "format 2\n")
        changed = text.encode() + f"crc32c={crc32c(text.encode()):08x}\n".encode()
        for name, path, before, after, words in (
                ("namenode", database, metadata, newer, f"has metadata format {number + 1},"),
                ("datanode-1", volume, identity.encode(), changed, "has volume format 2,")):
            with open(path, "wb") as f:
                f.write(after)
            self.refused(name, words)
            with open(path, "rb") as f:
                self.assertEqual(f.read(), after)
            with open(path, "wb") as f:
                f.write(before)
            c.restart(name)
        wait_until("all are back", lambda: c.run("ls", "/", check=False).returncode == 0
                   and c.reported(), 60)
        self.check(expected)


if __name__ == "__main__":
    unittest.main(verbosity=2)
