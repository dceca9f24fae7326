#pragma once

#include <napi.h>

#include <memory>

#include "command_list.h"
#include "device_state.h"

namespace infinitile {

/** NativeList. */
class ListObject final : public Napi::ObjectWrap<ListObject> {
 public:
  static Napi::Function define(Napi::Env env);
  static Napi::Object create(Napi::Env env, const std::shared_ptr<DeviceState>& state, std::shared_ptr<CommandList> list);
  /** What the device does with a list, on its thread. */
  using Work = WorkQueue::Result (*)(Device& device, CommandList& list, unsigned char* outputs,
                                     const std::atomic<bool>& cancelled);
  /** Queues a list. `inputs` are copied now, `outputs` kept until the promise settles; undefined is none. `owner` is kept too. */
  static Napi::Value submit(DeviceState& state, const std::shared_ptr<CommandList>& list, Work work,
                            const Napi::Value& inputs, const Napi::Value& outputs, const Napi::Object& owner);

  explicit ListObject(const Napi::CallbackInfo& info);
  ~ListObject() override;

  /** Drops the list, and its shares in buffers and modules, once pending work no longer needs it. Again: nothing. */
  void release();

 private:
  Napi::Value run(const Napi::CallbackInfo& info);
  void releaseFromScript(const Napi::CallbackInfo& info);

  std::shared_ptr<DeviceState> state_;
  std::shared_ptr<CommandList> list_;
};

}  // namespace infinitile
