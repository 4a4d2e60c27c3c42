"""The client against servers that are away, content of every size, and Ctrl-C."""
import json
import os
import resource
import signal
import subprocess
import unittest

from harness import OfACluster, random_file, same, wait_until

MIB = 1 << 20


class ServersAwayOfACluster(OfACluster):
    flags = ("--dead-after", "4s")

    def test_are_waited_for_up_to_the_limit_and_then_named(self):
        c = self.cluster
        random_file(self.path("f"), 3 * MIB)
        c.run("put", self.path("f"), "/f")
        for name in ("datanode-1", "datanode-2"):
            c.kill(name)
        self.wait_dead(2)
        limit = ("--retry-limit", "2")
        self.fails("/g: only 1 of the 2 DataNodes", "put", self.path("f"), "/g", *limit)
        c.run("put", "-r", "1", self.path("f"), "/one")
        c.run("get", "/f", self.path("back"))
        self.assertTrue(same(self.path("f"), self.path("back")))
        c.kill("datanode-3")
        self.wait_dead(3)
        self.fails("/g: only 0 of the 2 DataNodes", "put", self.path("f"), "/g", *limit)
        self.fails("/f: block ", "get", "/f", self.path("none"), *limit)
        self.assertEqual(c.run("ls", "/").stdout.count("\n"), 2)
        self.assertEqual(c.fsck()["missing"], 2)
        c.kill("namenode")
        for command in (("ls", "/"), ("put", self.path("f"), "/g"),
                        ("get", "/f", self.path("none"))):
            self.fails("no answer from the NameNode within 2 s", *command, *limit)
        self.assertFalse(os.path.exists(self.path("none")))
        put = c.spawn("put", self.path("f"), "/g")  # waits for all of them
        for name in c.names():
            c.restart(name)
        self.assertEqual(put.communicate(timeout=120)[1], "")
        self.assertEqual(put.returncode, 0)
        self.wait_healthy()

    def wait_dead(self, count):
        wait_until("the deaths are declared", lambda: sum(
            n["state"] == "dead" for n in self.cluster.report()["nodes"]) == count, 30)


class ContentOfACluster(OfACluster):
    flags = ("--block-size", "1M")

    def test_of_every_size_comes_back_through_files_and_pipes(self):
        c = self.cluster
        for size in (0, 1, 511, 65536, MIB - 1, MIB, MIB + 1, 3 * MIB):
            random_file(self.path("f"), size)
            c.run("put", self.path("f"), f"/file{size}")
            with open(self.path("f"), "rb") as f:
                cat = subprocess.Popen(["cat"], stdin=f, stdout=subprocess.PIPE)
            done = subprocess.run(c.command("put", "-", f"/pipe{size}"), stdin=cat.stdout,
                                  capture_output=True, text=True)
            cat.stdout.close()
            cat.wait()
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            for name in (f"/file{size}", f"/pipe{size}"):
                c.run("get", "-f", name, self.path("back"))
                self.assertTrue(same(self.path("f"), self.path("back")), name)
                with open(self.path("back"), "wb") as f:
                    subprocess.run(c.command("get", name, "-"), stdout=f, check=True)
                self.assertTrue(same(self.path("f"), self.path("back")), name)
        self.wait_healthy()


class APutFromAnIdlePipeOfACluster(OfACluster):
    flags = ("--block-size", "1M")

    def test_ends_when_it_fails(self):
        c = self.cluster
        random_file(self.path("f"), MIB)
        put = subprocess.Popen(c.command("put", "-f", "-", "/x"), stdin=subprocess.PIPE,
                               stderr=subprocess.PIPE)
        put.stdin.write(bytes(MIB + MIB // 2))
        put.stdin.flush()
        wait_until("it is writing", lambda: json.loads(
            c.run("admin", "report", "--json").stdout)["pending_files"] > 0, 30)
        c.run("put", "-f", self.path("f"), "/x")  # takes its place
        put.wait(60)
        errors = put.stderr.read().decode()
        put.stdin.close()
        put.stderr.close()
        self.assertEqual(put.returncode, 1)
        self.assertIn("/x", errors)
        c.run("get", "/x", self.path("back"))
        self.assertTrue(same(self.path("f"), self.path("back")))


class MemoryOfAClient(OfACluster):
    flags = ("--block-size", "1M")

    def test_does_not_grow_with_the_content(self):
        c = self.cluster
        random_file(self.path("f"), 300 * MIB)

        def limited():
            resource.setrlimit(resource.RLIMIT_DATA, (160 * MIB, 160 * MIB))

        for command in (("put", "-b", "64M", self.path("f"), "/f"), ("get", "/f", self.path("g"))):
            done = subprocess.run(c.command(*command), capture_output=True, text=True,
                                  preexec_fn=limited)
            self.assertEqual((done.returncode, done.stderr), (0, ""), command)
        self.assertTrue(same(self.path("f"), self.path("g")))


class AnInterruptedGetOfACluster(OfACluster):
    datanodes = 2

    def test_leaves_nothing_under_the_final_name(self):
        c = self.cluster
        random_file(self.path("f"), 8 * MIB)
        c.run("put", self.path("f"), "/f")
        for name in c.names()[1:]:
            os.kill(c.pid(name), signal.SIGSTOP)  # so that it surely is in the middle
        try:
            for how in (signal.SIGINT, signal.SIGTERM):
                get = c.spawn("get", "/f", self.path("g"))
                wait_until("it has begun", lambda: any(
                    n.startswith(".dfs-get-") for n in os.listdir(c.folder)), 30)
                get.send_signal(how)
                errors = get.communicate(timeout=30)[1]
                self.assertEqual((get.returncode, errors), (1, "dfs: get: interrupted\n"))
                self.assertEqual(sorted(os.listdir(c.folder)), ["cluster", "cluster.log", "f"])
        finally:
            for name in c.names()[1:]:
                os.kill(c.pid(name), signal.SIGCONT)
        c.run("get", "/f", self.path("g"))
        self.assertTrue(same(self.path("f"), self.path("g")))


if __name__ == "__main__":
    unittest.main(verbosity=2)
