#pragma once

#include <napi.h>

#include <memory>

#include "device_state.h"

namespace infinitile {

/** NativeModule. */
class ModuleObject final : public Napi::ObjectWrap<ModuleObject> {
 public:
  static Napi::Function define(Napi::Env env);
  static Napi::Object create(Napi::Env env, const std::shared_ptr<DeviceState>& state, std::shared_ptr<Module> module);
  /** Throws unless the value is a module of this device, not yet unloaded. */
  static const std::shared_ptr<Module>& get(const Napi::Value& value, const DeviceState& state);

  explicit ModuleObject(const Napi::CallbackInfo& info);
  ~ModuleObject() override;

  /** Unloads the code once pending work no longer needs it. Again: nothing. */
  void release();

 private:
  void require(const Napi::CallbackInfo& info);
  void unload(const Napi::CallbackInfo& info);
  const std::shared_ptr<Module>& live() const;

  std::shared_ptr<DeviceState> state_;
  std::shared_ptr<Module> module_;
};

}  // namespace infinitile
