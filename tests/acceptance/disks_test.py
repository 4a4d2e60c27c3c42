"""Disks that are full or fail: what was stored stays, what cannot be stored says so, all go on."""
import fcntl
import os
import subprocess
import unittest

from harness import OfACluster, random_file, same, wait_until
from small_disks import MIB, WithSmallDisks, fill

EXT4_SHUTDOWN = 0x8004587D  # from here on every operation on that file system is an I/O error


class AFullDataNodeOfACluster(WithSmallDisks):
    sizes = {"datanode-1": "128M"}

    def test_is_left_out_serves_what_it_has_and_takes_part_again_when_it_has_room(self):
        c = self.cluster
        random_file(self.path("f"), 30 * MIB)
        for i in range(3):
            c.run("put", self.path("f"), f"/f{i}")
        stored = len(c.replica_files("datanode-1"))
        self.assertGreater(stored, 0)
        junk = fill(self.folder("datanode-1"), 0)
        c.run("put", self.path("f"), "/more")
        c.kill("datanode-1")
        c.restart("datanode-1")  # with not a byte free
        wait_until("it is back", c.reported, 30)
        self.assertGreaterEqual(len(c.replica_files("datanode-1")), stored)
        for other in ("datanode-2", "datanode-3"):
            c.kill(other)
        for name in ("/f0", "/f1"):
            self.reads_back("f", name)  # from it alone
        for other in ("datanode-2", "datanode-3"):
            c.restart(other)
        self.reads_back("f", "/more")
        self.assertGreater(c.fsck()["under_replicated"], 0)
        os.remove(junk)
        c.run("setrep", "2", "/f2", "/more")
        self.wait_healthy()
        self.all_live()


class FullDataNodesOfACluster(WithSmallDisks):
    sizes = {"datanode-1": "128M", "datanode-2": "128M", "datanode-3": "128M"}

    def test_refuse_a_put_and_keep_every_file_whole(self):
        c = self.cluster
        random_file(self.path("f"), 40 * MIB)
        c.run("put", self.path("f"), "/f")
        before = c.run("ls", "/").stdout
        self.fails("/g: ", "put", self.path("f"), "/g", "--retry-limit", "4")
        self.fails("No space left", "put", "-f", self.path("f"), "/f", "--retry-limit", "4")
        self.assertEqual(c.run("ls", "/").stdout, before)
        self.reads_back("f", "/f")
        self.wait_healthy()
        self.all_live()


class ACapacityOfACluster(OfACluster):
    flags = ("--dead-after", "10s", "--block-size", "2M", "--capacity", "20M")

    def test_is_kept_whatever_the_disk_has(self):
        c = self.cluster
        random_file(self.path("f"), 15 * MIB)
        c.run("put", self.path("f"), "/f")
        self.fails("/g: No space left", "put", self.path("f"), "/g", "--retry-limit", "4")
        for node in c.report()["nodes"]:
            self.assertEqual(node["stats"]["capacity"], 20 * MIB)
        for name in c.names()[1:]:
            self.assertLessEqual(sum(size for _, size in c.replica_files(name)), 20 * MIB)
        c.run("get", "/f", self.path("back"))
        self.assertTrue(same(self.path("f"), self.path("back")))


class AFullNameNodeOfACluster(WithSmallDisks):
    datanodes = 2
    sizes = {"namenode": "160M"}

    def test_refuses_changes_in_time_and_goes_on_with_reads_and_deletes(self):
        c = self.cluster
        random_file(self.path("f"), MIB)
        c.run("put", self.path("f"), "/f")
        c.run("put", self.path("f"), "/gone")
        junk = fill(self.folder("namenode"), 50 * MIB)  # less than its reserve of 64 MiB
        wait_until("it notices", lambda: not c.report()["accepts_writes"], 30)
        self.assertIn("disk is nearly full", c.report()["why_not"])
        for command in (("put", self.path("f"), "/x"), ("mkdir", "/x"), ("mv", "/f", "/x")):
            self.fails("the NameNode's disk is nearly full", *command, "--retry-limit", "1")
        self.reads_back("f", "/f")
        c.run("rm", "/gone")
        self.fails("/gone: No such file", "ls", "/gone")
        os.remove(junk)
        wait_until("it notices", lambda: c.report()["accepts_writes"], 30)
        c.run("put", self.path("f"), "/x")
        # Filled by somebody else to the last byte: it ends rather than lose a change.
        junk = fill(self.folder("namenode"), 0)
        done = c.run("mkdir", "/y", "--retry-limit", "3", check=False)
        self.assertEqual(done.returncode, 1)
        os.remove(junk)
        if not c.alive("namenode"):
            c.restart("namenode")
        wait_until("it is back", lambda: c.run("ls", "/", check=False).returncode == 0, 30)
        self.reads_back("f", "/x")


class AFailingVolumeOfACluster(WithSmallDisks):
    def setUp(self):
        self.volumes = None
        super().setUp()

    def add_volumes(self):
        """Gives datanode-1 two new directories, each on an ext4 of its own in a file."""
        self.volumes = [self.path("v1"), self.path("v2")]
        for volume in self.volumes:
            os.mkdir(volume)
            for command in (["truncate", "-s", "192M", volume + ".img"],
                            ["mkfs.ext4", "-q", "-m", "0", volume + ".img"],
                            ["mount", "-o", "loop", volume + ".img", volume]):
                try:
                    done = subprocess.run(command, capture_output=True, text=True)
                except FileNotFoundError:
                    raise unittest.SkipTest("no " + command[0]) from None
                if done.returncode != 0:
                    raise unittest.SkipTest(f"cannot {command[0]}: {done.stderr}")
        c = self.cluster
        c.kill("datanode-1")
        command = c.commands["datanode-1"]
        command[command.index("--data") + 1] = ",".join(self.volumes)
        c.restart("datanode-1")
        wait_until("it is back as a new DataNode", lambda: sum(
            n["state"] == "live" and n["reported"] for n in c.report()["nodes"]) == 3, 30)

    def tearDown(self):
        self.cluster.close()
        for volume in self.volumes or []:
            subprocess.run(["umount", "-l", volume], capture_output=True)
        super().tearDown()

    def test_goes_out_of_service_and_the_others_go_on(self):
        c = self.cluster
        self.add_volumes()
        random_file(self.path("f"), 40 * MIB)
        c.run("put", self.path("f"), "/f")
        volume = os.open(self.volumes[1], os.O_RDONLY)
        fcntl.ioctl(volume, EXT4_SHUTDOWN, (2).to_bytes(4, "little"))
        os.close(volume)
        c.run("put", self.path("f"), "/g")
        for name in ("/f", "/g"):
            self.reads_back("f", name)
        c.run("admin", "scrub")
        wait_until("it is reported", lambda: any(
            n["stats"]["failed_volumes"] == 1 for n in c.report()["nodes"]), 30)
        self.assertIn("1 failed volume", c.run("admin", "report").stdout)
        self.wait_healthy()
        self.all_live()
        c.kill("datanode-1")
        c.restart("datanode-1")  # starts without it
        wait_until("it is back", lambda: sum(
            n["state"] == "live" and n["reported"] for n in c.report()["nodes"]) == 3, 30)
        self.wait_healthy()


if __name__ == "__main__":
    unittest.main(verbosity=2)
