"""Files younger than what a rescue recovers come back from their replicas, marked so."""
import json
import os
import shutil
import subprocess
import unittest
import urllib.request

from harness import OfACluster, random_file, same, wait_until

MIB = 1 << 20


class YoungFilesOfACluster(OfACluster):
    flags = ("--dead-after", "10s", "--block-size", "1M")

    def shipped(self):
        """Every command is on two DataNodes."""
        with urllib.request.urlopen(self.cluster.meta + "/metrics", timeout=10) as answer:
            metrics = dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines()
                           if not line.startswith("#"))
        value = {name.split("{")[0].removeprefix("dfs_namenode_"): float(number)
                 for name, number in metrics.items()}
        return value["metadata_homes"] == 2 and value["metadata_behind"] == 0

    def test_come_back_under_lost_and_found(self):
        c = self.cluster
        nodes = c.names()[1:]
        for name, size in (("old", MIB), ("young", 3 * MIB + 1000), ("small", 500), ("gap", 2 * MIB)):
            random_file(self.path(name), size)
        c.run("put", self.path("old"), "/old")
        wait_until("the history is shipped", self.shipped, 30)
        for name in nodes:
            shutil.copytree(os.path.join(c.dir, name, "metadata"), self.path(name))
        for name in ("young", "small", "gap"):
            c.run("put", self.path(name), f"/dir/{name}")
        c.run("mv", "/old", "/moved")
        c.kill_everything()
        # The DataNodes have what they had before the last puts, and of one file only the end.
        for name in nodes:
            shutil.rmtree(os.path.join(c.dir, name, "metadata"))
            shutil.move(self.path(name), os.path.join(c.dir, name, "metadata"))
            full = [f for f, size in c.replica_files(name) if size == MIB]
            with open(self.path("gap"), "rb") as gap:
                first = gap.read(MIB)
            for file in full:
                with open(file, "rb") as f:
                    if f.read() == first:
                        os.remove(file)
                        os.remove(file + ".meta")
        data = os.path.join(c.dir, "namenode")
        shutil.rmtree(data)
        done = subprocess.run([c.commands["namenode"][0], "rescue", "--json", "--data", data,
                               "--from", ",".join(os.path.join(c.dir, n) for n in nodes)],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout)
        rebuilt = {file["was"]: file for file in report["rebuilt"]}
        self.assertEqual(sorted(rebuilt), ["/dir/small", "/dir/young"], report)
        self.assertTrue(any("/dir/gap" in n and "block 0 of it is missing" in n
                            for n in report["notes"]), report["notes"])
        c.start()
        self.assertEqual(sorted(c.run("find", "/", "--type", "f").stdout.split()), sorted(
            ["/old", rebuilt["/dir/small"]["path"], rebuilt["/dir/young"]["path"]]))
        for name in ("young", "small"):
            path = rebuilt[f"/dir/{name}"]["path"]
            self.assertTrue(path.startswith("/lost+found/") and path.endswith("-" + name), path)
            c.run("get", "-f", path, self.path("back"))
            self.assertTrue(same(self.path(name), self.path("back")))
        c.run("get", "-f", "/old", self.path("back"))
        self.assertTrue(same(self.path("old"), self.path("back")))
        c.run("mv", rebuilt["/dir/young"]["path"], "/young")
        c.run("put", self.path("gap"), "/gap")
        self.wait_healthy()


if __name__ == "__main__":
    unittest.main(verbosity=2)
