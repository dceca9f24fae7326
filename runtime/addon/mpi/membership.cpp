#include "membership.h"

#include <unistd.h>

#include <cstring>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "mpi_transport.h"

namespace infinitile {

namespace {

/** MPI knows no larger tag for certain. By the time that one is used again, nothing is left of its former gather. */
constexpr int kLargestTag = 32767;

/** How long the thread of MPI may take to end all ranks: it may be inside of a call of MPI that never returns. */
constexpr std::chrono::seconds kKillLimit{3};

Napi::Object toJavaScript(Napi::Env env, const Group::Place& place) {
  Napi::Array places = Napi::Array::New(env, place.seats.size());
  for (std::size_t rank = 0; rank < place.seats.size(); ++rank) {
    Napi::Object seat = Napi::Object::New(env);
    seat.Set("rank", static_cast<double>(rank));
    seat.Set("ranks", place.ranks);
    seat.Set("localRank", place.seats[rank].localRank);
    seat.Set("localRanks", place.seats[rank].localRanks);
    places.Set(static_cast<std::uint32_t>(rank), seat);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("rank", place.rank);
  object.Set("places", places);
  object.Set("library", place.library);
  return object;
}

Napi::Array toJavaScript(Napi::Env env, const std::vector<Gather::Bytes>& results) {
  Napi::Array array = Napi::Array::New(env, results.size());
  for (std::size_t rank = 0; rank < results.size(); ++rank) {
    Napi::Uint8Array bytes = Napi::Uint8Array::New(env, results[rank].size());
    if (!results[rank].empty()) std::memcpy(bytes.Data(), results[rank].data(), results[rank].size());
    array.Set(static_cast<std::uint32_t>(rank), bytes);
  }
  return array;
}

}  // namespace

Membership::Membership(Napi::Env env) : env_(env), main_(std::make_shared<MainThread>(env)) {
  thread_ = std::make_shared<MpiThread>([group = group_] { return group->poll(); });
  // Hooks run last in, first out: the thread ends before what it signals by does.
  napi_add_env_cleanup_hook(env_, onEnvironmentEnd, this);
}

Membership::~Membership() {
  if (stopped_) return;
  napi_remove_env_cleanup_hook(env_, onEnvironmentEnd, this);
  stop();
}

void Membership::onEnvironmentEnd(void* self) { static_cast<Membership*>(self)->stop(); }

void Membership::stop() {
  stopped_ = true;
  thread_->stop();
  main_->release();
}

void Membership::requireStarted() const {
  if (!started_) throw std::logic_error("MPI has not started, or has ended");
}

Napi::Promise Membership::start(Napi::Env env, Napi::Function onLost) {
  if (!onLost_.IsEmpty()) throw std::logic_error("it starts once in the life of a process");
  onLost_ = Napi::Persistent(onLost);
  const auto deferred = Napi::Promise::Deferred::New(env);
  thread_->post([this, deferred, group = group_, main = main_] {
    try {
      const Group::Place place = group->start([this, main](const std::string& reason) {
        main->post([this, reason](Napi::Env environment) { onLost_.Call({Napi::String::New(environment, reason)}); });
      });
      main->post([this, deferred, place](Napi::Env environment) {
        started_ = true;
        deferred.Resolve(toJavaScript(environment, place));
      });
    } catch (const std::exception& error) {
      main->post([deferred, text = std::string(error.what())](Napi::Env environment) {
        deferred.Reject(Napi::Error::New(environment, text).Value());
      });
    }
  });
  return deferred.Promise();
}

Napi::Promise Membership::gather(Napi::Env env, Gather::Bytes bytes, std::chrono::milliseconds patience, std::string what) {
  requireStarted();
  const auto deferred = Napi::Promise::Deferred::New(env);
  Gather::Request request{std::move(bytes), patience, std::move(what), nullptr, nullptr};
  request.gathered = [deferred, main = main_](std::vector<Gather::Bytes> results) {
    main->post([deferred, main, results = std::move(results)](Napi::Env environment) {
      main->settled(environment);
      deferred.Resolve(toJavaScript(environment, results));
    });
  };
  request.failed = [deferred, main = main_](const std::string& reason) {
    main->post([deferred, main, reason](Napi::Env environment) {
      main->settled(environment);
      const Napi::Error error = Napi::Error::New(environment, reason);
      error.Set("code", "TRANSPORT");
      deferred.Reject(error.Value());
    });
  };
  const int tag = Group::kFirstGather + gathers_++ % (kLargestTag - Group::kFirstGather);
  main_->opened(env);
  thread_->post([group = group_, gather = std::make_shared<Gather>(*group_, tag, std::move(request))] { group->add(gather); });
  return deferred.Promise();
}

std::shared_ptr<HostTransport> Membership::createTransport(std::chrono::milliseconds patience) {
  requireStarted();
  if (transports_ > kLargestTag) throw std::length_error("MPI tells no more than 32768 transports apart");
  return std::make_shared<MpiTransport>(thread_, group_, transports_++, patience);
}

void Membership::fail(const std::string& reason) {
  thread_->post([group = group_, reason] { group->fail(reason); });
}

void Membership::kill(int code) {
  thread_->post([group = group_, code] { group->kill(code); });
  std::this_thread::sleep_for(kKillLimit);
  _exit(code);
}

Napi::Promise Membership::end(Napi::Env env) {
  requireStarted();
  started_ = false;
  const auto deferred = Napi::Promise::Deferred::New(env);
  main_->opened(env);
  thread_->post([deferred, group = group_, main = main_] {
    std::string failure;
    try {
      group->end();
    } catch (const std::exception& error) {
      failure = error.what();
    }
    main->post([deferred, main, failure](Napi::Env environment) {
      main->settled(environment);
      if (failure.empty())
        deferred.Resolve(environment.Undefined());
      else
        deferred.Reject(Napi::Error::New(environment, failure).Value());
    });
  });
  return deferred.Promise();
}

}  // namespace infinitile
