#pragma once

#include <memory>

namespace kdt {

template <auto Free>
struct CHandleFree {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};

/// Owns a C library's object: CHandle<archive, archive_read_free>.
template <typename T, auto Free>
using CHandle = std::unique_ptr<T, CHandleFree<Free>>;

} // namespace kdt
