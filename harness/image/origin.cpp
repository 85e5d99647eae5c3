#include "image/origin.hpp"

#include "base/file.hpp"
#include "image/elf.hpp"
#include "image/facts.hpp"
#include "image/kconfig.hpp"
#include "image/packaged_kernel.hpp"
#include "image/packaged_source.hpp"

namespace kdt::image {

std::unique_ptr<Origin> origin_of(const KernelSpec& spec, const fs::path& images) {
  struct Make {
    const KernelSpec& spec;
    const fs::path& images;
    std::unique_ptr<Origin> operator()(const PackagedSource& from) const {
      return std::make_unique<PackagedSourceOrigin>(spec.name, from, images);
    }
    std::unique_ptr<Origin> operator()(const PackagedKernel& from) const {
      return std::make_unique<PackagedKernelOrigin>(spec.name, from, images);
    }
  };
  return std::visit(Make{spec, images}, spec.from);
}

Facts entry_facts(const fs::path& entry) {
  return kernel_facts(parse_config(read_file(entry / "config")), read_file(entry / "release"));
}

std::string entry_build_id(const fs::path& entry) {
  if (fs::exists(entry / "vmlinux")) return elf_build_id(entry / "vmlinux");
  return fs::exists(entry / "build-id") ? read_file(entry / "build-id") : "";
}

} // namespace kdt::image
