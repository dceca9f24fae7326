#include "module_object.h"

#include <stdexcept>
#include <utility>

#include "addon_data.h"
#include "arguments.h"

namespace infinitile {

namespace {

constexpr napi_type_tag kTag = {0x2f0c4e1b6a5d4b0a, 0x9e7c3d21f8b60002};

struct Birth {
  const std::shared_ptr<DeviceState>& state;
  std::shared_ptr<Module> module;
};

}  // namespace

Napi::Function ModuleObject::define(Napi::Env env) {
  return DefineClass(
      env, "NativeModule",
      {InstanceMethod<&ModuleObject::require>("require"), InstanceMethod<&ModuleObject::unload>("unload")});
}

Napi::Object ModuleObject::create(Napi::Env env, const std::shared_ptr<DeviceState>& state,
                                  std::shared_ptr<Module> module) {
  Birth birth{state, std::move(module)};
  return AddonData::of(env).module.New({Napi::External<Birth>::New(env, &birth)});
}

const std::shared_ptr<Module>& ModuleObject::get(const Napi::Value& value, const DeviceState& state) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kTag))
    throw Napi::TypeError::New(value.Env(), "not a module of a device");
  const ModuleObject& object = *Unwrap(value.As<Napi::Object>());
  if (object.state_.get() != &state) throw std::invalid_argument("the module belongs to another device");
  return object.live();
}

ModuleObject::ModuleObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "modules come from device.loadModule()");
  Birth& birth = *info[0].As<Napi::External<Birth>>().Data();
  state_ = birth.state;
  module_ = std::move(birth.module);
  info.This().As<Napi::Object>().TypeTag(&kTag);
  state_->add(*this);
}

ModuleObject::~ModuleObject() {
  if (state_) release();
}

void ModuleObject::release() {
  state_->remove(*this);
  if (module_) state_->queue().dispose(std::move(module_));
  module_ = nullptr;
}

const std::shared_ptr<Module>& ModuleObject::live() const {
  state_->open();
  if (!module_) throw std::runtime_error("the module has been unloaded");
  return module_;
}

void ModuleObject::require(const Napi::CallbackInfo& info) { live()->require(readString(info[0], "name")); }

void ModuleObject::unload(const Napi::CallbackInfo&) { release(); }

}  // namespace infinitile
