#include "device_state.h"

#include <stdexcept>
#include <utility>

#include "buffer_object.h"
#include "errors.h"
#include "list_object.h"
#include "module_object.h"

namespace infinitile {

DeviceState::DeviceState(Napi::Env env, std::shared_ptr<Device> device)
    : device_(std::move(device)), meter_(device_->meter()), queue_(env) {}

DeviceState::~DeviceState() { close(); }

const std::shared_ptr<Device>& DeviceState::open() const {
  if (!device_) throw std::runtime_error("the device is closed");
  return device_;
}

std::shared_ptr<Buffer> DeviceState::allocate(std::size_t bytes) {
  try {
    return open()->allocate(bytes);
  } catch (const OutOfMemory&) {
    if (queue_.idle()) throw;
  }
  queue_.drain();
  return device_->allocate(bytes);
}

bool DeviceState::reaches(const DeviceState& other) const { return device_ && other.device_ && device_->reaches(*other.device_); }

void DeviceState::close() {
  if (!device_) return;
  queue_.cancel();
  // Each takes itself off the list as it is released.
  while (!lists_.empty()) (*lists_.begin())->release();
  while (!buffers_.empty()) (*buffers_.begin())->release();
  while (!modules_.empty()) (*modules_.begin())->release();
  queue_.dispose(std::move(device_));
  device_ = nullptr;
}

}  // namespace infinitile
