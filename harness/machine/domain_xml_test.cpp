#include "base/process.hpp"
#include "machine/domain_xml.hpp"
#include "testing/golden.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::machine {

using ::testing::HasSubstr;
using ::testing::Not;

namespace {

MachineSpec example() {
  return {.name = "kdt-cell",
          .kernel = "/images/Image",
          .initramfs = "/images/initramfs.cpio",
          .cmdline = "console=ttyAMA0 crashkernel=256M quote=\"<&>\"",
          .drives = {{.serial = "kdt-dump", .file = "/run/dump.img", .read_only = false},
                     {.serial = "kdt-image", .file = "/images/a,b/Image", .read_only = true}},
          .error_log = "/run/qemu.stderr"};
}

DomainPlace with_sockets() {
  return {.uuid = "d2b2cd4e-5e2f-4f2a-8d1e-0c5c5f3a9b11",
          .emulator = "/usr/bin/qemu-system-aarch64",
          .console = "/place/console.sock",
          .agent = "/place/agent.sock",
          .service = "/place/service.sock",
          .security_models = {"apparmor", "dac"},
          .uid = 1000,
          .gid = 1001};
}

MachineSpec with_everything() {
  auto spec = example();
  spec.cpu = "max,pauth-impdef=on";
  spec.cpus = 4;
  spec.memory = ByteSize::gib(256);
  spec.dtb_randomness = false;
  spec.service = Service{};
  spec.gdb_port = 1234;
  return spec;
}

/// Empty, or what libvirt's own schema has against it.
std::string schema_errors(const std::string& xml) {
  TempDir place("kdt-test");
  write_file(place.path() / "domain.xml", xml);
  auto finished = run_program({.argv = {"virt-xml-validate", (place.path() / "domain.xml").string(), "domain"}},
                              Deadline::after(std::chrono::seconds(60)));
  return finished.status.success() ? "" : finished.out + finished.err;
}

} // namespace

TEST(DomainXml, OfAGuestWhoseChannelsAreStreamsMatchesTheGoldenFile) {
  kdt::testing::expect_golden(domain_xml(example(), {}), KDT_TESTDATA "/domain-streams.golden.xml");
}

TEST(DomainXml, OfAGuestWithEverythingMatchesTheGoldenFile) {
  kdt::testing::expect_golden(domain_xml(with_everything(), with_sockets()), KDT_TESTDATA "/domain-all.golden.xml");
}

TEST(DomainXml, IsValidByLibvirtsOwnSchema) {
  if (!find_program("virt-xml-validate")) GTEST_SKIP() << "virt-xml-validate is missing (package libvirt-clients)";
  EXPECT_EQ(schema_errors(domain_xml(example(), {})), "");
  EXPECT_EQ(schema_errors(domain_xml(with_everything(), with_sockets())), "");
  auto kvm = example();
  kvm.accelerator = Accelerator::kvm;
  EXPECT_EQ(schema_errors(domain_xml(kvm, with_sockets())), "");
  EXPECT_NE(schema_errors("<domain type='qemu'><name>a</name><nonsense/></domain>"), "");
}

TEST(DomainXml, IsDescribedWithoutWhatBelongsToOneStart) {
  auto description = describe_domain(example(), with_sockets());
  EXPECT_EQ(description.file, "domain.xml");
  EXPECT_THAT(description.text, Not(HasSubstr("/place/")));
  EXPECT_THAT(description.text, Not(HasSubstr("<uuid>")));
}

TEST(DomainXml, OneThreadForAllCpusIsAnEmulatorOfItsOwn) {
  auto place = with_sockets();
  place.single_thread_emulator = "/cache/single";
  auto spec = example();
  EXPECT_THAT(domain_xml(spec, place), HasSubstr("<emulator>/cache/single</emulator>"));
  EXPECT_THAT(describe_domain(spec, place).text, HasSubstr("<emulator>/usr/bin/qemu-system-aarch64</emulator>"));
  spec.thread_per_cpu = true;
  EXPECT_THAT(domain_xml(spec, place), HasSubstr("<emulator>/usr/bin/qemu-system-aarch64</emulator>"));
  spec.thread_per_cpu = false;
  spec.accelerator = Accelerator::kvm;
  EXPECT_THAT(domain_xml(spec, place), HasSubstr("<emulator>/usr/bin/qemu-system-aarch64</emulator>"));
}

TEST(DomainXml, KvmUsesTheHostsCpu) {
  auto spec = with_everything();
  spec.accelerator = Accelerator::kvm;
  auto xml = domain_xml(spec, {});
  EXPECT_THAT(xml, HasSubstr("<domain type=\"kvm\""));
  EXPECT_THAT(xml, HasSubstr("mode=\"host-passthrough\""));
  EXPECT_THAT(xml, Not(HasSubstr("pauth-impdef")));
}

TEST(DomainXml, AServiceIsTheOnlyReasonForANetwork) {
  EXPECT_THAT(domain_xml(example(), with_sockets()), Not(HasSubstr("net"))) << "no service";
  EXPECT_THAT(domain_xml(with_everything(), with_sockets()), HasSubstr("restrict=on"));
}

TEST(DomainXml, LabelsOnlyWhatTheHostKnows) {
  EXPECT_THAT(domain_xml(example(), {}), Not(HasSubstr("seclabel")));
  DomainPlace place{.security_models = {"none", "dac"}, .uid = 0, .gid = 0};
  auto xml = domain_xml(example(), place);
  EXPECT_THAT(xml, HasSubstr("<label>+0:+0</label>"));
  EXPECT_THAT(xml, Not(HasSubstr("type=\"none\"")));
}

} // namespace kdt::machine
