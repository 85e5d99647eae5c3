#pragma once

#include "model/value.hpp"

#include <map>
#include <string>
#include <vector>

namespace kdt::image {

/// What expectations and selections may ask of a kernel, from its .config (name → value) and its release:
/// release, version (the mainline one: "6.1" for 6.1.192), page_size, va_bits, pa_bits; as true or false zone_dma (any
/// DMA zone), kexec_load, kexec_file_load, kallsyms_all, debug_pagealloc (on by default), rodata_full_default, kaslr;
/// kfence (off, late, early: the last two differ in when the pool is made) and kfence_interval in milliseconds; cma,
/// the bytes set aside by default; ext4 and virtio_net (with TCP/IP; built in, not a module). Source: the Kconfig files
/// of arch/arm64, kernel and lib.
Facts kernel_facts(const std::map<std::string, std::string>& config, const std::string& release);

/// What expectations and known issues may ask of the guest's tools: kexec_tools and makedumpfile, their upstream
/// versions
/// ("2.0.25"), from lines "name version".
Facts tool_facts(std::string_view packages);

/// The fact makedumpfile_compressions from the libraries that the guest's makedumpfile needs: "none zlib lzo". Each
/// compression is one library, linked dynamically (makedumpfile's Makefile: USELZO, USESNAPPY, USEZSTD).
std::string makedumpfile_compressions(const std::vector<std::string>& libraries);

} // namespace kdt::image
