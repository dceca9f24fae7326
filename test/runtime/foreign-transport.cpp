// An addon that gives away transports which it has made, as those of other libraries do: a process's own, of which the receiver
// knows only that they are between hosts.
#include <napi.h>

#include "foreign_transport.h"
#include "local_transport.h"

namespace infinitile {

namespace {

class Relay final : public HostTransport {
 public:
  Relay(const std::shared_ptr<LocalGroup>& group, int rank) : HostTransport(rank, group->ranks()), local_(group, rank) {}

  void start(std::vector<Piece> pieces, const std::string& step) override {
    for (const Piece& piece : pieces)
      if (piece.send) countSent(piece.peer, piece.bytes);
    local_.start(std::move(pieces), step);
  }
  void join(const std::atomic<bool>& cancelled) override { local_.join(cancelled); }
  void abort(const std::string& reason) override { local_.abort(reason); }

 private:
  LocalTransport local_;
};

Napi::Value create(const Napi::CallbackInfo& info) {
  const int ranks = info[0].As<Napi::Number>();
  const std::chrono::milliseconds patience(info[1].As<Napi::Number>().Int64Value());
  const auto group = std::make_shared<LocalGroup>(ranks, patience);
  Napi::Array transports = Napi::Array::New(info.Env());
  for (int rank = 0; rank < ranks; ++rank)
    transports.Set(static_cast<std::uint32_t>(rank), ForeignTransport::give(info.Env(), std::make_shared<Relay>(group, rank)));
  return transports;
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  exports.Set("create", Napi::Function::New<create>(env, "create"));
  return exports;
}

}  // namespace

NODE_API_MODULE(foreign, initialise)

}  // namespace infinitile
