#include "list_object.h"

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "addon_data.h"
#include "arguments.h"

namespace infinitile {

namespace {

struct Birth {
  const std::shared_ptr<DeviceState>& state;
  std::shared_ptr<CommandList> list;
};

Bytes viewOf(const Napi::Value& value, const char* what, std::size_t needed) {
  const Bytes view = value.IsUndefined() ? Bytes{nullptr, 0} : readView(value, what);
  if (view.size < needed)
    throw std::invalid_argument(std::string("the list needs ") + what + " of " + std::to_string(needed) + " bytes, not of " +
                                std::to_string(view.size));
  return view;
}

}  // namespace

Napi::Function ListObject::define(Napi::Env env) {
  return DefineClass(
      env, "NativeList",
      {InstanceMethod<&ListObject::run>("run"), InstanceMethod<&ListObject::releaseFromScript>("release")});
}

Napi::Object ListObject::create(Napi::Env env, const std::shared_ptr<DeviceState>& state,
                                std::shared_ptr<CommandList> list) {
  Birth birth{state, std::move(list)};
  return AddonData::of(env).list.New({Napi::External<Birth>::New(env, &birth)});
}

Napi::Value ListObject::submit(DeviceState& state, const std::shared_ptr<CommandList>& list, Work work,
                               const Napi::Value& inputs, const Napi::Value& outputs, const Napi::Object& owner) {
  const std::shared_ptr<Device> device = state.open();
  const Bytes given = viewOf(inputs, "inputs", list->inputBytes);
  const Bytes room = viewOf(outputs, "outputs", list->outputBytes);
  const auto* values = static_cast<const unsigned char*>(given.data);
  std::vector<Napi::ObjectReference> keep;
  keep.push_back(Napi::Persistent(owner));
  if (!outputs.IsUndefined()) keep.push_back(Napi::Persistent(outputs.As<Napi::Object>()));
  return state.queue().submit(
      owner.Env(),
      [device, list, work, values = std::vector<unsigned char>(values, values + list->inputBytes),
       target = static_cast<unsigned char*>(room.data)](const std::atomic<bool>& cancelled) {
        list->setInputs(values.data());
        return work(*device, *list, target, cancelled);
      },
      std::move(keep));
}

ListObject::ListObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "lists come from device.prepare()");
  Birth& birth = *info[0].As<Napi::External<Birth>>().Data();
  state_ = birth.state;
  list_ = std::move(birth.list);
  state_->add(*this);
}

ListObject::~ListObject() {
  if (state_) release();
}

void ListObject::release() {
  state_->remove(*this);
  if (list_) state_->queue().dispose(std::move(list_));
  list_ = nullptr;
}

Napi::Value ListObject::run(const Napi::CallbackInfo& info) {
  return promised(info.Env(), [&]() -> Napi::Value {
    state_->open();
    if (!list_) throw std::runtime_error("the list has been released");
    const Work work = [](Device& device, CommandList& list, unsigned char* outputs,
                         const std::atomic<bool>& cancelled) -> WorkQueue::Result {
      return device.runPrepared(list, outputs, cancelled);
    };
    return submit(*state_, list_, work, info[0], info[1], info.This().As<Napi::Object>());
  });
}

void ListObject::releaseFromScript(const Napi::CallbackInfo&) { release(); }

}  // namespace infinitile
