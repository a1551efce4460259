import Testing

@testable import ConcertoRuntime

/// How many processors a cgroup leaves to a process.
@Suite struct ProcessorsTests {
    private func quota(_ files: [String: String]) -> Double? { Processors.cgroupQuota { files[$0] } }

    @Test func `without a cgroup, or without a quota, there is none`() {
        #expect(quota([:]) == nil)
        #expect(quota(["/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "max 100000\n"]) == nil)
        #expect(quota(["/proc/self/cgroup": "0::/a\n"]) == nil)
        #expect(quota(["/proc/self/cgroup": "nonsense\n"]) == nil)
    }

    @Test func `of the groups above one another the tightest holds`() {
        let files = [
            "/proc/self/cgroup": "0::/system.slice/server.service\n",
            "/sys/fs/cgroup/system.slice/cpu.max": "150000 100000\n",
            "/sys/fs/cgroup/system.slice/server.service/cpu.max": "400000 100000\n",
        ]
        #expect(quota(files) == 1.5)
    }

    @Test func `in a container the root holds the quota, whatever the path names`() {
        let files = [
            "/proc/self/cgroup": "0::/../../docker/4f1c\n", "/sys/fs/cgroup/cpu.max": "50000 100000\n",
        ]
        #expect(quota(files) == 0.5)
    }

    @Test(arguments: ["/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/cpu"])
    func `version 1 has a quota and a period in files of their own`(root: String) {
        let files = [
            "/proc/self/cgroup": "12:memory:/pod\n4:cpu,cpuacct:/pod\n1:name=systemd:/x\n",
            root + "/pod/cpu.cfs_quota_us": "250000\n", root + "/pod/cpu.cfs_period_us": "100000\n",
            root + "/cpu.cfs_quota_us": "-1\n", root + "/cpu.cfs_period_us": "100000\n",
        ]
        #expect(quota(files) == 2.5)
    }

    @Test(arguments: ["0 100000", "100000 0", "100000", "x y", ""])
    func `a quota that makes no sense is none`(text: String) {
        #expect(quota(["/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": text]) == nil)
    }

    @Test func `this process may use at least one, and no more than the machine has`() {
        #expect(Processors.available >= 1)
        #expect(Processors.available <= 32_767)
    }
}
