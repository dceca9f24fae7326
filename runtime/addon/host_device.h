#pragma once

#include <chrono>
#include <vector>

#include "device.h"
#include "host_messages.h"

namespace infinitile {

/** The machine's own processor: modules are shared objects, a launch is a call. */
class HostDevice final : public Device {
 public:
  using Time = std::chrono::steady_clock;

  std::shared_ptr<Buffer> allocate(std::size_t bytes) override;
  std::shared_ptr<Module> loadModule(const ModuleSource& source) override;
  TensorMap encodeTensorMap(const TiledMatrix& matrix) const override;
  void write(Buffer& buffer, std::size_t offset, const void* source, std::size_t bytes) override;
  void read(const Buffer& buffer, std::size_t offset, void* target, std::size_t bytes) override;
  double run(const CommandList& list, unsigned char* outputs, const std::atomic<bool>& cancelled) override;
  std::vector<double> profile(const CommandList& list, unsigned char* outputs,
                              const std::atomic<bool>& cancelled) override;
  bool reaches(const Device& other) const override;

 private:
  void execute(const Command& command, unsigned char* outputs, Time::time_point begin, const std::atomic<bool>& cancelled);
  /** One command of a list; what fails is named. */
  void executeNext(const CommandList& list, std::size_t index, unsigned char* outputs, Time::time_point begin,
                   const std::atomic<bool>& cancelled);

  HostMessages messages_;
};

}  // namespace infinitile
