#pragma once

#include <napi.h>

#include <memory>
#include <unordered_set>

#include "device.h"
#include "work_queue.h"

namespace infinitile {

class BufferObject;
class ListObject;
class ModuleObject;

/** A device as JavaScript holds it: shared by the device's object and those of its buffers and modules. Main thread. */
class DeviceState {
 public:
  DeviceState(Napi::Env env, std::shared_ptr<Device> device);
  ~DeviceState();

  /** Throws when the device is closed. */
  const std::shared_ptr<Device>& open() const;
  const std::shared_ptr<MemoryMeter>& meter() const { return meter_; }
  WorkQueue& queue() { return queue_; }

  /** Allocates; when memory is short, waits for what is on its way to be freed, and tries again. */
  std::shared_ptr<Buffer> allocate(std::size_t bytes);
  /** Whether commands of this device may take the other's buffers. False where one is closed. */
  bool reaches(const DeviceState& other) const;
  void close();

  void add(BufferObject& buffer) { buffers_.insert(&buffer); }
  void add(ModuleObject& module) { modules_.insert(&module); }
  void add(ListObject& list) { lists_.insert(&list); }
  void remove(BufferObject& buffer) { buffers_.erase(&buffer); }
  void remove(ModuleObject& module) { modules_.erase(&module); }
  void remove(ListObject& list) { lists_.erase(&list); }

 private:
  std::shared_ptr<Device> device_;
  std::shared_ptr<MemoryMeter> meter_;
  WorkQueue queue_;
  std::unordered_set<BufferObject*> buffers_;
  std::unordered_set<ModuleObject*> modules_;
  std::unordered_set<ListObject*> lists_;
};

}  // namespace infinitile
