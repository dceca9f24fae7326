#pragma once

#include <atomic>
#include <cstddef>

namespace infinitile {

/** Counts the bytes a device has handed out. Any thread. */
class MemoryMeter {
 public:
  void add(std::size_t bytes) {
    const std::size_t now = current_.fetch_add(bytes) + bytes;
    std::size_t peak = peak_.load();
    while (peak < now && !peak_.compare_exchange_weak(peak, now)) {
    }
  }
  void remove(std::size_t bytes) { current_.fetch_sub(bytes); }
  void resetPeak() { peak_.store(current_.load()); }
  std::size_t current() const { return current_.load(); }
  std::size_t peak() const { return peak_.load(); }

 private:
  std::atomic<std::size_t> current_{0};
  std::atomic<std::size_t> peak_{0};
};

}  // namespace infinitile
