#pragma once

#include <napi.h>

#include <chrono>
#include <memory>
#include <string>

#include "../transport.h"
#include "gather.h"
#include "group.h"
#include "main_thread.h"
#include "mpi_thread.h"

namespace infinitile {

/** This process in the group of ranks, as JavaScript's main thread has it. */
class Membership {
 public:
  explicit Membership(Napi::Env env);
  ~Membership();
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

  /** The promise does not keep the event loop alive: whoever waits has a time limit of its own, since MPI_Init has none. */
  Napi::Promise start(Napi::Env env, Napi::Function onLost);
  Napi::Promise gather(Napi::Env env, Gather::Bytes bytes, std::chrono::milliseconds patience, std::string what);
  std::shared_ptr<HostTransport> createTransport(std::chrono::milliseconds patience);
  void fail(const std::string& reason);
  /** Ends all ranks, and this process in any case. */
  [[noreturn]] void kill(int code);
  Napi::Promise end(Napi::Env env);

 private:
  static void onEnvironmentEnd(void* self);
  void stop();
  /** Throws unless MPI has started. */
  void requireStarted() const;

  napi_env env_;
  std::shared_ptr<MainThread> main_;
  std::shared_ptr<Group> group_ = std::make_shared<Group>();
  std::shared_ptr<MpiThread> thread_;
  Napi::FunctionReference onLost_;
  bool started_ = false;
  bool stopped_ = false;
  /** How many there were so far. */
  int gathers_ = 0;
  int transports_ = 0;
};

}  // namespace infinitile
