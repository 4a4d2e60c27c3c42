"""Servers that must not start: damaged metadata, directories of somebody else, taken ports."""
import glob
import os
import shutil
import subprocess
import unittest

from harness import DFS, Cluster, OfACluster, ends, has_line, random_file, same, wait_until


class DamagedMetadataOfACluster(OfACluster):
    datanodes = 2

    def setUp(self):
        super().setUp()
        c = self.cluster
        random_file(self.path("f"), 3 << 20)
        c.run("put", self.path("f"), "/f")
        self.database = os.path.join(c.dir, "namenode", "metadata.db")
        # An orderly end leaves all of it in one file.
        os.kill(c.pid("namenode"), 15)
        wait_until("the NameNode has ended", lambda: not c.alive("namenode"), 30)
        self.assertEqual(glob.glob(self.database + "-wal"), [])
        with open(self.database, "rb") as f:
            self.whole = f.read()

    def refused(self, how, *words):
        code, output = ends(self.cluster.commands["namenode"])
        self.assertEqual(code, 1, (how, output))
        for word in (*words, "restore a backup or run `dfs rescue`"):
            self.assertIn(word, output, how)

    def put_in_place(self, content):
        with open(self.database, "wb") as f:
            f.write(content)

    def test_is_refused_and_the_message_says_what_to_do(self):
        size = len(self.whole)
        for at in (0, 17, 100, 4096 * 3 + 5, size // 2, size - 3):
            damaged = bytearray(self.whole)
            damaged[at] ^= 0x10
            self.put_in_place(damaged)
            self.refused(f"a flipped bit at {at}", self.database)
        for content, how in ((self.whole[:size // 2], "half"), (self.whole[:-4096], "a page less"),
                             (b"hello" * 1000, "text"), (b"", "nothing")):
            self.put_in_place(content)
            self.refused(how, "metadata.db")
        os.remove(self.database)
        self.refused("no file", "missing")
        self.put_in_place(self.whole)
        c = self.cluster
        c.restart("namenode")
        wait_until("reads are served", lambda: c.run("ls", "/", check=False).returncode == 0, 30)
        wait_until("all DataNodes are back", c.reported, 30)
        c.run("get", "/f", self.path("back"))
        self.assertTrue(same(self.path("f"), self.path("back")))

    def test_a_new_namespace_in_a_wiped_directory_takes_no_blocks_of_the_old_one(self):
        c = self.cluster
        shutil.rmtree(os.path.dirname(self.database))
        os.mkdir(os.path.dirname(self.database))
        c.restart("namenode")
        for name in c.names()[1:]:
            log = os.path.join(c.dir, name, "log")
            wait_until("it is told why", lambda path=log: has_line(path, "belongs to cluster"), 30)
        self.fails("only 0 of the 2 DataNodes", "put", self.path("f"), "/g", "--retry-limit", "1")
        self.assertEqual([len(c.replica_files(n)) for n in c.names()[1:]], [1, 1])
        self.all_live()


class DirectoriesOfACluster(OfACluster):
    datanodes = 2

    def refused(self, words, *command):
        code, output = ends([DFS, *command])
        self.assertEqual(code, 1, (command, output))
        self.assertIn(words, output.splitlines()[-1])

    def datanode(self, data, meta=None, listen="127.0.0.1:0"):
        return ("datanode", "--data", data, "--meta", meta or self.cluster.meta, "--listen", listen)

    def test_and_ports_are_not_shared(self):
        c = self.cluster
        random_file(self.path("f"), 3 << 20)
        c.run("put", self.path("f"), "/f")
        mine = os.path.join(c.dir, "datanode-1")
        self.refused("in use by another DataNode", *self.datanode(mine))
        self.refused("named twice", *self.datanode(self.path("x") + "," + self.path("x")))
        self.refused("in use", "namenode", "--data", os.path.join(c.dir, "namenode"), "--listen",
                     "127.0.0.1:0")
        self.refused("in use", "cluster", "--dir", c.dir, "--port", "1")
        taken = f"127.0.0.1:{c.port}"
        self.refused("Address already in use", *self.datanode(self.path("y"), listen=taken))
        self.refused("Address already in use", "namenode", "--data", self.path("z"), "--listen", taken)
        self.refused("ot a directory", *self.datanode(self.path("f")))
        self.refused("ot a directory", "namenode", "--data", self.path("f"), "--listen",
                     "127.0.0.1:0")
        self.all_live()
        c.run("get", "/f", self.path("back"))
        self.assertTrue(same(self.path("f"), self.path("back")))

    def test_are_not_taken_from_another_cluster(self):
        c = self.cluster
        other = Cluster(1)
        self.addCleanup(other.close)
        random_file(self.path("f"), 3 << 20)
        c.run("put", self.path("f"), "/f")
        mine = os.path.join(c.dir, "datanode-1")
        theirs = os.path.join(other.dir, "datanode-1")
        c.kill("datanode-1")
        other.kill("datanode-1")
        self.refused("belongs to cluster", *self.datanode(mine + "," + theirs))
        with open(self.path("log"), "wb") as log:
            stranger = subprocess.Popen([DFS, *self.datanode(mine, other.meta)], stderr=log)
        self.addCleanup(stranger.wait)
        self.addCleanup(stranger.kill)
        wait_until("it is told why", lambda: has_line(self.path("log"), "belongs to cluster"), 30)
        self.assertEqual(len(other.report()["nodes"]), 1)
        stranger.kill()
        stranger.wait()
        version = os.path.join(mine, "VERSION")
        with open(version, encoding="utf-8") as f:
            text = f.read()
        with open(version, "w", encoding="utf-8") as f:
            f.write(text.replace("cluster=", "cluster=0"))
        self.refused("its VERSION file is damaged", *c.commands["datanode-1"][1:])
        with open(version, "w", encoding="utf-8") as f:
            f.write(text)
        c.restart("datanode-1")
        wait_until("it is back with its replica", c.reported, 30)
        self.wait_healthy()
        self.assertEqual(len(c.replica_files("datanode-1")), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
