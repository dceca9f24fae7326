#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "command_list.h"
#include "cuda_context.h"
#include "cuda_events.h"
#include "cuda_staging.h"

namespace infinitile {

/** The events that a list's times are taken by. They outlive its graph. */
struct ListEvents {
  cuda::Event begin = nullptr;
  cuda::Event end = nullptr;
  CudaEvents& clocks;
};

/**
 * A list as a graph of the driver's: its commands in a chain between two events, handed over by one call. What it reads lands
 * in memory of its own. The device's thread.
 */
class CudaGraph final : public Recording {
 public:
  /** False where the driver is older than a function that is needed. */
  static bool supported(const CudaDriver& driver);
  /** Within the context. Throws with the command that the driver refuses. */
  static std::unique_ptr<CudaGraph> record(std::shared_ptr<const CudaContext> context, const CommandList& list,
                                           const ListEvents& events);
  ~CudaGraph() override;

  /** Launches with the list's arguments, of which those that have changed are handed over first. Within the context. */
  cuda::Result launch(const CommandList& list, cuda::Stream stream);
  /** Where the reads land, one after the other. */
  const unsigned char* staging() const { return staged_; }

 private:
  /** A launch with arguments that come with each run, and the revision of them that the graph has. */
  struct Changing {
    std::size_t command;
    cuda::GraphNode node;
    std::size_t revision;
  };

  explicit CudaGraph(std::shared_ptr<const CudaContext> context) : context_(std::move(context)) {}
  void build(const CommandList& list, const ListEvents& events);
  cuda::Result addCommand(const CommandList& list, std::size_t index, const ListEvents& events);
  cuda::Result addLaunch(const Launch& launch);
  cuda::Result addFill(const Fill& fill);
  cuda::Result addRead(const Read& read);
  cuda::Result addEvent(cuda::Event event);
  /** Adds the node that `addTo` makes, after the last. */
  template <class Add>
  cuda::Result add(Add&& addTo);

  const CudaDriver& driver() const { return context_->driver(); }
  /** What the next node comes after. */
  const cuda::GraphNode* last() const { return last_ ? &last_ : nullptr; }
  std::size_t lastCount() const { return last_ ? 1 : 0; }

  std::shared_ptr<const CudaContext> context_;
  cuda::Graph graph_ = nullptr;
  cuda::GraphExec exec_ = nullptr;
  cuda::GraphNode last_ = nullptr;
  std::vector<Changing> changing_;
  CudaStaging staging_;
  unsigned char* staged_ = nullptr;
  std::size_t stagedBytes_ = 0;
  std::size_t clocks_ = 0;
};

}  // namespace infinitile
