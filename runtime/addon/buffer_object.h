#pragma once

#include <napi.h>

#include <memory>

#include "device_state.h"

namespace infinitile {

/** NativeBuffer. */
class BufferObject final : public Napi::ObjectWrap<BufferObject> {
 public:
  static Napi::Function define(Napi::Env env);
  static Napi::Object create(Napi::Env env, const std::shared_ptr<DeviceState>& state, std::shared_ptr<Buffer> buffer);
  /** Throws unless the value is a buffer of this device, not yet freed. */
  static const std::shared_ptr<Buffer>& get(const Napi::Value& value, const DeviceState& state);

  explicit BufferObject(const Napi::CallbackInfo& info);
  ~BufferObject() override;

  /** Frees the memory once pending work no longer needs it. Again: nothing. */
  void release();

 private:
  Napi::Value bytes(const Napi::CallbackInfo& info);
  Napi::Value part(const Napi::CallbackInfo& info);
  Napi::Value write(const Napi::CallbackInfo& info);
  Napi::Value read(const Napi::CallbackInfo& info);
  void free(const Napi::CallbackInfo& info);

  const std::shared_ptr<Buffer>& live() const;
  enum class Direction { toDevice, toHost };
  Napi::Value copy(const Napi::CallbackInfo& info, Direction direction);

  std::shared_ptr<DeviceState> state_;
  std::shared_ptr<Buffer> buffer_;
  std::size_t bytes_ = 0;
};

}  // namespace infinitile
