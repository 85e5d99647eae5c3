#include "image/origin.hpp"

#include "base/file.hpp"
#include "image/elf.hpp"
#include "image/facts.hpp"
#include "image/image_file.hpp"
#include "image/kconfig.hpp"
#include "image/own_image.hpp"
#include "image/own_tree.hpp"
#include "image/packaged_kernel.hpp"
#include "image/packaged_source.hpp"

namespace kdt::image {

std::unique_ptr<Origin> origin_of(const KernelSpec& spec, const OriginPlace& place) {
  struct Make {
    const KernelSpec& spec;
    const OriginPlace& place;
    std::unique_ptr<Origin> operator()(const PackagedSource& from) const {
      return std::make_unique<PackagedSourceOrigin>(spec.name, from, place.images);
    }
    std::unique_ptr<Origin> operator()(const OwnTree& from) const {
      return std::make_unique<OwnTreeOrigin>(spec.name, from, place);
    }
    std::unique_ptr<Origin> operator()(const OwnImage& from) const {
      return std::make_unique<OwnImageOrigin>(spec.name, from,
                                              load_requirements(place.images / "required-options.yaml"));
    }
    std::unique_ptr<Origin> operator()(const PackagedKernel& from) const {
      return std::make_unique<PackagedKernelOrigin>(spec.name, from, place.images);
    }
  };
  return std::visit(Make{spec, place}, spec.from);
}

Facts entry_facts(const fs::path& entry) {
  auto release = read_file(entry / "release");
  if (fs::exists(entry / "config")) return kernel_facts(parse_config(read_file(entry / "config")), release);
  return image_facts(examine_image(read_file(entry / "Image")));
}

std::string entry_build_id(const fs::path& entry) {
  if (fs::exists(entry / "vmlinux")) return elf_build_id(entry / "vmlinux");
  return fs::exists(entry / "build-id") ? read_file(entry / "build-id") : "";
}

} // namespace kdt::image
