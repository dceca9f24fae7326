#include "buffer_object.h"

#include <stdexcept>
#include <utility>
#include <vector>

#include "addon_data.h"
#include "arguments.h"
#include "buffer_part.h"

namespace infinitile {

namespace {

constexpr napi_type_tag kTag = {0x2f0c4e1b6a5d4b0a, 0x9e7c3d21f8b60001};

struct Birth {
  const std::shared_ptr<DeviceState>& state;
  std::shared_ptr<Buffer> buffer;
};

}  // namespace

Napi::Function BufferObject::define(Napi::Env env) {
  return DefineClass(env, "NativeBuffer",
                     {InstanceAccessor<&BufferObject::bytes>("bytes"), InstanceMethod<&BufferObject::part>("part"),
                      InstanceMethod<&BufferObject::write>("write"), InstanceMethod<&BufferObject::read>("read"),
                      InstanceMethod<&BufferObject::free>("free")});
}

Napi::Object BufferObject::create(Napi::Env env, const std::shared_ptr<DeviceState>& state,
                                  std::shared_ptr<Buffer> buffer) {
  Birth birth{state, std::move(buffer)};
  return AddonData::of(env).buffer.New({Napi::External<Birth>::New(env, &birth)});
}

const std::shared_ptr<Buffer>& BufferObject::get(const Napi::Value& value, const DeviceState& state) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kTag))
    throw Napi::TypeError::New(value.Env(), "not a buffer of a device");
  const BufferObject& object = *Unwrap(value.As<Napi::Object>());
  const std::shared_ptr<Buffer>& buffer = object.live();
  if (object.state_.get() != &state && !state.reaches(*object.state_))
    throw std::invalid_argument("the buffer belongs to a device of other memory");
  return buffer;
}

BufferObject::BufferObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "buffers come from device.allocate()");
  Birth& birth = *info[0].As<Napi::External<Birth>>().Data();
  state_ = birth.state;
  buffer_ = std::move(birth.buffer);
  bytes_ = buffer_->bytes();
  info.This().As<Napi::Object>().TypeTag(&kTag);
  state_->add(*this);
}

BufferObject::~BufferObject() {
  if (state_) release();
}

void BufferObject::release() {
  state_->remove(*this);
  if (buffer_) state_->queue().dispose(std::move(buffer_));
  buffer_ = nullptr;
}

const std::shared_ptr<Buffer>& BufferObject::live() const {
  state_->open();
  if (!buffer_) throw std::runtime_error("the buffer has been freed");
  return buffer_;
}

Napi::Value BufferObject::bytes(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(bytes_));
}

Napi::Value BufferObject::part(const Napi::CallbackInfo& info) {
  const std::size_t offset = readSize(info[0], "offset");
  const std::size_t bytes = readSize(info[1], "bytes");
  checkRange(offset, bytes, live()->bytes(), "part");
  return create(info.Env(), state_, std::make_shared<BufferPart>(live(), offset, bytes));
}

Napi::Value BufferObject::write(const Napi::CallbackInfo& info) { return copy(info, Direction::toDevice); }

Napi::Value BufferObject::read(const Napi::CallbackInfo& info) { return copy(info, Direction::toHost); }

Napi::Value BufferObject::copy(const Napi::CallbackInfo& info, Direction direction) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const char* what = direction == Direction::toDevice ? "write" : "read";
    const std::shared_ptr<Buffer> buffer = live();
    const Bytes view = readView(info[0], direction == Direction::toDevice ? "source" : "target");
    const std::size_t offset = info[1].IsUndefined() ? 0 : readSize(info[1], "offset");
    checkRange(offset, view.size, buffer->bytes(), what);

    WorkQueue::Work work;
    if (direction == Direction::toDevice)
      work = [device = state_->open(), buffer, offset, view](const std::atomic<bool>&) -> WorkQueue::Result {
        device->write(*buffer, offset, view.data, view.size);
        return std::monostate{};
      };
    else
      work = [device = state_->open(), buffer, offset, view](const std::atomic<bool>&) -> WorkQueue::Result {
        device->read(*buffer, offset, view.data, view.size);
        return std::monostate{};
      };
    std::vector<Napi::ObjectReference> keep;
    keep.push_back(Napi::Persistent(info.This().As<Napi::Object>()));
    keep.push_back(Napi::Persistent(info[0].As<Napi::Object>()));
    return state_->queue().submit(env, std::move(work), std::move(keep));
  });
}

void BufferObject::free(const Napi::CallbackInfo&) { release(); }

}  // namespace infinitile
