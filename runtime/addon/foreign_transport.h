#pragma once

#include <napi.h>

#include <memory>
#include <utility>

#include "transport.h"

namespace infinitile {

/** How an addon hands a transport to another of the same version: an external value with a share in it. */
class ForeignTransport {
 public:
  static Napi::Value give(Napi::Env env, std::shared_ptr<HostTransport> transport) {
    using Share = std::shared_ptr<HostTransport>;
    const auto share = Napi::External<Share>::New(env, new Share(std::move(transport)), [](Napi::Env, Share* owned) { delete owned; });
    share.TypeTag(&kTag);
    return share;
  }

  /** Throws unless the value was given by an addon. */
  static std::shared_ptr<HostTransport> take(const Napi::Value& value) {
    if (!value.IsExternal() || !value.As<Napi::External<std::shared_ptr<HostTransport>>>().CheckTypeTag(&kTag))
      throw Napi::TypeError::New(value.Env(), "not a transport of another addon");
    return *value.As<Napi::External<std::shared_ptr<HostTransport>>>().Data();
  }

 private:
  static constexpr napi_type_tag kTag = {0x2f0c4e1b6a5d4b0a, 0x9e7c3d21f8b60004};
};

}  // namespace infinitile
