#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cuda_transport.h"
#include "nccl_library.h"
#include "transport.h"

namespace infinitile {

/** What a rank joins its group by. */
struct NcclMembership {
  nccl::UniqueId id{};
  int rank = 0;
  int ranks = 1;
  std::chrono::milliseconds patience{0};
};

/** Between GPUs, by NCCL. Nothing of it blocks a thread for longer than the time limit. */
class NcclTransport final : public Transport, public CudaTransport {
 public:
  /** Joins the group, within the context, on the device's thread. Throws when not every rank does within the time limit. */
  NcclTransport(std::shared_ptr<const NcclLibrary> nccl, std::shared_ptr<const CudaContext> context, const NcclMembership& membership,
                const std::atomic<bool>& cancelled);
  ~NcclTransport() override;

  void start(const std::vector<Message>& messages, const std::string& step, cuda::Stream compute,
             const std::atomic<bool>& cancelled) override;
  void join(cuda::Stream compute, const std::atomic<bool>& cancelled) override;
  void check(const std::atomic<bool>& cancelled) override;
  void abort(const std::string& reason) override;

 private:
  using Time = std::chrono::steady_clock;
  /** Messages that were started together. */
  struct Group {
    std::string step;
    std::string peers;
    std::unique_ptr<CudaEvent> begun;
    std::unique_ptr<CudaEvent> done;
    /** When they were first seen to wait for other ranks. */
    std::optional<Time::time_point> since;
  };

  nccl::Result enqueue(const Message& message);
  /** Waits until NCCL has done what it answered `result` to. `missed`: what has not happened when it takes too long. */
  void settle(nccl::Result result, const std::string& step, const std::string& missed, const std::atomic<bool>& cancelled);
  /** Throws when the group is lost or the device closed. */
  void requireOpen(const std::string& step, const std::atomic<bool>& cancelled);
  std::string place(const std::string& step) const { return "rank " + std::to_string(rank()) + ", " + step + ": "; }
  /** What is on the GPU ends. */
  void giveUp();
  [[noreturn]] void fail(const std::string& reason);

  std::shared_ptr<const NcclLibrary> nccl_;
  std::chrono::milliseconds patience_;
  nccl::Comm comm_ = nullptr;
  std::deque<Group> groups_;
  std::mutex mutex_;
  /** Why the group is lost. */
  std::optional<std::string> lost_;
};

}  // namespace infinitile
