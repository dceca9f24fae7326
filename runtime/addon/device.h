#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "buffer.h"
#include "command_list.h"
#include "memory_meter.h"
#include "module.h"
#include "tensor_map.h"

namespace infinitile {

/** What a module is loaded from: a path (host) or an image (CUDA). One of them is empty. */
struct ModuleSource {
  std::string path;
  std::string image;
};

/** A device without JavaScript: what the queue's thread needs, and nothing of Node-API. */
class Device {
 public:
  virtual ~Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  /** Main thread. Throws OutOfMemory. */
  virtual std::shared_ptr<Buffer> allocate(std::size_t bytes) = 0;
  /** Main thread. */
  virtual std::shared_ptr<Module> loadModule(const ModuleSource& source) = 0;
  /** Main thread. Throws where the device has no tensor maps. */
  virtual TensorMap encodeTensorMap(const TiledMatrix& matrix) const = 0;

  /** The queue's thread. */
  virtual void write(Buffer& buffer, std::size_t offset, const void* source, std::size_t bytes) = 0;
  virtual void read(const Buffer& buffer, std::size_t offset, void* target, std::size_t bytes) = 0;
  /**
   * Milliseconds on the device. `outputs` has the list's `outputBytes`. Nothing of the list is running when it returns or
   * throws. Looks at `cancelled` between commands; of a list that is kept, it may look only before it begins.
   */
  virtual double run(const CommandList& list, unsigned char* outputs, const std::atomic<bool>& cancelled) = 0;
  /** Likewise a list that is kept for more runs: what the device makes of it stays with it. */
  virtual double runPrepared(CommandList& list, unsigned char* outputs, const std::atomic<bool>& cancelled) {
    return run(list, outputs, cancelled);
  }
  /** As `run`, with the milliseconds of each command. */
  virtual std::vector<double> profile(const CommandList& list, unsigned char* outputs,
                                      const std::atomic<bool>& cancelled) = 0;

  /** Whether commands may take buffers of the other: both have one memory. Main thread. */
  virtual bool reaches(const Device& other) const = 0;

  const std::shared_ptr<MemoryMeter>& meter() const { return meter_; }

 protected:
  Device() = default;
  const std::shared_ptr<MemoryMeter> meter_ = std::make_shared<MemoryMeter>();
};

}  // namespace infinitile
