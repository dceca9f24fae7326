#pragma once

#include <napi.h>

#include <memory>

#include "device_state.h"
#include "transport.h"

namespace infinitile {

/** NativeTransport. */
class TransportObject final : public Napi::ObjectWrap<TransportObject> {
 public:
  static Napi::Function define(Napi::Env env);
  static Napi::Object create(Napi::Env env, std::shared_ptr<Transport> transport);
  /** Throws unless the value is a transport, which belongs from then on to this device. */
  static const std::shared_ptr<Transport>& get(const Napi::Value& value, const DeviceState& state);

  explicit TransportObject(const Napi::CallbackInfo& info);

 private:
  Napi::Value rank(const Napi::CallbackInfo& info);
  Napi::Value ranks(const Napi::CallbackInfo& info);
  Napi::Value sentBytes(const Napi::CallbackInfo& info);
  void abort(const Napi::CallbackInfo& info);

  std::shared_ptr<Transport> transport_;
  /** The device whose messages it carries: a transport belongs to one thread. Compared, never followed. */
  const DeviceState* user_ = nullptr;
};

}  // namespace infinitile
