// Guests of a user's own libvirtd, qemu:///session.

#include "e2e/libvirtd.hpp"
#include "e2e/program.hpp"
#include "e2e/run_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <unistd.h>

namespace kdt::e2e {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* k_matrix = R"(
name: session
kernels: [v6.1-dma]
defaults: {kernel: v6.1-dma, memory: 1G, crashkernel: 256M}
axes: {rodata: [full]}
)";

class E2eLibvirtSession : public ::testing::Test {
protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be somebody else"; // whose daemon may be running, besides
    for (const char* program : {"libvirtd", "unshare", "nsenter", "virsh"})
      if (!find_program(program)) GTEST_SKIP() << program << " is missing";
    daemon_.emplace(place_);
    if (!daemon_->runs()) GTEST_SKIP() << "libvirtd does not run as a user here: " << daemon_->log();
  }

  Finished kdt(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), KDT_PROGRAM);
    auto command = daemon_->as_user(std::move(arguments), place_.path());
    command.environment.merge(
        std::map<std::string, std::string>{{"KDT_ROOT", KDT_SOURCE_DIR},
                                           {"TMPDIR", place_.tmp().string()},
                                           {k_place_variable, place_.path().string()},
                                           {"KDT_HISTORY", (place_.path() / "history").string()}});
    return run_program(command, Deadline::after(k_run_budget));
  }

  Place place_;
  std::optional<SessionLibvirtd> daemon_;
};

/// Names in a directory; none where it is not there.
std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) names.push_back(entry.path().string());
  std::ranges::sort(names);
  return names;
}

/// Where a user's programs leave things.
std::vector<std::string> things_of_user() {
  const char* variable = std::getenv("HOME");
  fs::path home = variable == nullptr ? "/" : variable;
  std::vector<std::string> all;
  for (const auto& directory : {default_cache_directory().parent_path(), home / ".config", home / ".local/share",
                                fs::path("/run/user"), fs::path("/run/libvirt"), fs::path("/var/log/libvirt/qemu")})
    for (auto& name : names_in(directory)) all.push_back(std::move(name));
  return all;
}

TEST_F(E2eLibvirtSession, RunsTheCellsOfAUsersOwnDaemonAndLeavesNothing) {
  auto before = things_of_user();
  auto matrix = place_.write("session.yaml", k_matrix);
  auto done = kdt({"run", matrix.string(), "-j", "1", "--out", "run", "--keep", "all", "--connect", "qemu:///session"});
  EXPECT_EQ(done.status.code, 0) << done.out << done.err;
  auto run = read_run(place_.path() / "run");
  ASSERT_THAT(run.cells, SizeIs(1));
  const auto& cell = run.cells[0];
  EXPECT_EQ(cell.verdict, Verdict::pass) << findings_text(run);
  EXPECT_EQ(cell.backend, "libvirt");
  auto directory = place_.path() / "run/cells" / cell.cell.slug;
  EXPECT_GT(size_of_file(directory / "vmcore"), ByteSize::mib(1));
  EXPECT_TRUE(fs::exists(directory / "domain.xml"));

  auto list = daemon_->as_user({"virsh", "-q", "-c", "qemu:///session", "list", "--all", "--name"}, place_.path());
  EXPECT_THAT(virsh(list), IsEmpty());
  EXPECT_THAT(place_.processes(), IsEmpty());
  EXPECT_THAT(files_below(place_.tmp()), IsEmpty());
  for (const auto& file : files_below(daemon_->directory()))
    EXPECT_EQ(file.find("kdt-run-"), std::string::npos) << file << " of the domain is left";
  EXPECT_EQ(things_of_user(), before);
}

TEST_F(E2eLibvirtSession, IsAUsersAndNotTheSystems) {
  auto id = run_program(daemon_->as_user({"id", "-u"}, place_.path()), Deadline::after(std::chrono::minutes(1)));
  EXPECT_EQ(id.out, "1000\n");
  auto uri = virsh(daemon_->as_user({"virsh", "-q", "uri"}, place_.path()));
  EXPECT_THAT(uri, ::testing::ElementsAre("qemu:///session"));
}

} // namespace
} // namespace kdt::e2e
