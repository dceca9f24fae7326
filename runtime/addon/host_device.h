#pragma once

#include <vector>

#include "device.h"

namespace infinitile {

/** The machine's own processor: modules are shared objects, a launch is a call. */
class HostDevice final : public Device {
 public:
  std::shared_ptr<Buffer> allocate(std::size_t bytes) override;
  std::shared_ptr<Module> loadModule(const ModuleSource& source) override;
  TensorMap encodeTensorMap(const TiledMatrix& matrix) const override;
  void write(Buffer& buffer, std::size_t offset, const void* source, std::size_t bytes) override;
  void read(const Buffer& buffer, std::size_t offset, void* target, std::size_t bytes) override;
  double run(const CommandList& list, unsigned char* outputs, const std::atomic<bool>& cancelled) override;
  std::vector<double> profile(const CommandList& list, unsigned char* outputs,
                              const std::atomic<bool>& cancelled) override;
};

}  // namespace infinitile
