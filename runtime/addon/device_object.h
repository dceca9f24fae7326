#pragma once

#include <napi.h>

#include <memory>

#include "device_state.h"
#include "list_object.h"

namespace infinitile {

/** NativeDevice. */
class DeviceObject final : public Napi::ObjectWrap<DeviceObject> {
 public:
  static Napi::Function define(Napi::Env env);
  static Napi::Object create(Napi::Env env, std::shared_ptr<Device> device);

  /** Throws unless the value is a device. */
  static const std::shared_ptr<DeviceState>& get(const Napi::Value& value);

  explicit DeviceObject(const Napi::CallbackInfo& info);

 private:
  Napi::Value allocate(const Napi::CallbackInfo& info);
  Napi::Value loadModule(const Napi::CallbackInfo& info);
  Napi::Value run(const Napi::CallbackInfo& info);
  Napi::Value profile(const Napi::CallbackInfo& info);
  Napi::Value prepare(const Napi::CallbackInfo& info);
  Napi::Value reaches(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);
  Napi::Value allocatedBytes(const Napi::CallbackInfo& info);
  Napi::Value peakBytes(const Napi::CallbackInfo& info);
  void resetPeak(const Napi::CallbackInfo& info);

  Napi::Value submit(const Napi::CallbackInfo& info, ListObject::Work work);

  std::shared_ptr<DeviceState> state_;
};

}  // namespace infinitile
