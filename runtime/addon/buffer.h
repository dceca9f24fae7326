#pragma once

#include <cstddef>
#include <cstdint>

namespace infinitile {

/** Memory of a device, freed with the object. Pending commands share its ownership, so it outlives them. */
class Buffer {
 public:
  virtual ~Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  std::size_t bytes() const { return bytes_; }
  virtual std::uint64_t address() const = 0;

 protected:
  explicit Buffer(std::size_t bytes) : bytes_(bytes) {}

 private:
  std::size_t bytes_;
};

}  // namespace infinitile
