#include "cuda_graph.h"

#include <string>
#include <utility>
#include <variant>

#include "cuda_launch.h"

namespace infinitile {

namespace {

cuda::KernelNodeParams paramsOf(const Launch& launch) {
  cuda::KernelNodeParams params;
  params.function = static_cast<cuda::Function>(launch.kernel->function);
  params.gridX = launch.grid;
  params.blockX = launch.threads;
  params.sharedBytes = launch.sharedBytes;
  params.arguments = launch.arguments.pointers();
  return params;
}

}  // namespace

bool CudaGraph::supported(const CudaDriver& driver) {
  return driver.graphCreate && driver.graphDestroy && driver.graphAddKernel && driver.graphAddMemset && driver.graphAddCopy &&
         driver.graphAddEventRecord && driver.graphInstantiate && driver.graphExecDestroy && driver.graphExecSetKernel &&
         driver.graphLaunch;
}

std::unique_ptr<CudaGraph> CudaGraph::record(std::shared_ptr<const CudaContext> context, const CommandList& list,
                                             const ListEvents& events) {
  std::unique_ptr<CudaGraph> graph(new CudaGraph(std::move(context)));
  graph->build(list, events);
  return graph;
}

CudaGraph::~CudaGraph() {
  const CudaContext::Scope scope(*context_);
  if (!scope.entered()) return;
  if (exec_) driver().graphExecDestroy(exec_);
  if (graph_) driver().graphDestroy(graph_);
  staging_.release(driver());
}

void CudaGraph::build(const CommandList& list, const ListEvents& events) {
  const std::string what = "making a graph of " + std::to_string(list.commands.size()) + " commands";
  if (list.readBytes > 0) staged_ = staging_.reserve(driver(), list.readBytes);
  driver().check(driver().graphCreate(&graph_, 0), what);
  driver().check(addEvent(events.begin), what);
  std::vector<cuda::GraphNode> nodes;
  for (std::size_t i = 0; i < list.commands.size(); ++i) {
    const cuda::Result result = addCommand(list, i, events);
    if (result != cuda::kSuccess) driver().check(result, list.describe(i));
    nodes.push_back(last_);
  }
  driver().check(addEvent(events.end), what);
  driver().check(driver().graphInstantiate(&exec_, graph_, 0), what + " (kernels " + list.kernelNames(list.commands.size()) + ")");

  for (const Input& input : list.inputs) {
    if (!changing_.empty() && changing_.back().command == input.command) continue;
    const Launch& launch = std::get<Launch>(list.commands[input.command]);
    changing_.push_back({input.command, nodes[input.command], launch.arguments.revision()});
  }
}

cuda::Result CudaGraph::addCommand(const CommandList& list, std::size_t index, const ListEvents& events) {
  const Command& command = list.commands[index];
  if (const Launch* launch = std::get_if<Launch>(&command)) {
    checkArguments(list, index);
    return addLaunch(*launch);
  }
  if (const Fill* fill = std::get_if<Fill>(&command)) return addFill(*fill);
  if (const Read* read = std::get_if<Read>(&command)) return addRead(*read);
  return addEvent(events.clocks.at(driver(), clocks_++));
}

cuda::Result CudaGraph::addLaunch(const Launch& launch) {
  const cuda::Result allowed = allowSharedBytes(driver(), launch);
  if (allowed != cuda::kSuccess) return allowed;
  const cuda::KernelNodeParams params = paramsOf(launch);
  return add([&](cuda::GraphNode* node) { return driver().graphAddKernel(node, graph_, last(), lastCount(), &params); });
}

cuda::Result CudaGraph::addFill(const Fill& fill) {
  if (fill.words == 0) return cuda::kSuccess;
  cuda::MemsetNodeParams params;
  params.target = fill.buffer->address() + fill.offset;
  params.value = fill.pattern;
  params.elementBytes = sizeof fill.pattern;
  params.elements = fill.words;
  return add([&](cuda::GraphNode* node) {
    return driver().graphAddMemset(node, graph_, last(), lastCount(), &params, context_->handle());
  });
}

cuda::Result CudaGraph::addRead(const Read& read) {
  if (read.bytes == 0) return cuda::kSuccess;
  cuda::CopyParams params;
  params.source.memory = cuda::kMemoryDevice;
  params.source.device = read.buffer->address() + read.offset;
  params.target.memory = cuda::kMemoryHost;
  params.target.host = staged_ + stagedBytes_;
  params.bytes = read.bytes;
  stagedBytes_ += read.bytes;
  return add([&](cuda::GraphNode* node) {
    return driver().graphAddCopy(node, graph_, last(), lastCount(), &params, context_->handle());
  });
}

cuda::Result CudaGraph::addEvent(cuda::Event event) {
  return add([&](cuda::GraphNode* node) { return driver().graphAddEventRecord(node, graph_, last(), lastCount(), event); });
}

template <class Add>
cuda::Result CudaGraph::add(Add&& addTo) {
  cuda::GraphNode node = nullptr;
  const cuda::Result result = addTo(&node);
  if (result == cuda::kSuccess) last_ = node;
  return result;
}

cuda::Result CudaGraph::launch(const CommandList& list, cuda::Stream stream) {
  for (Changing& changing : changing_) {
    const Launch& launch = std::get<Launch>(list.commands[changing.command]);
    if (changing.revision == launch.arguments.revision()) continue;
    const cuda::KernelNodeParams params = paramsOf(launch);
    const cuda::Result result = driver().graphExecSetKernel(exec_, changing.node, &params);
    if (result != cuda::kSuccess) driver().check(result, list.describe(changing.command));
    changing.revision = launch.arguments.revision();
  }
  return driver().graphLaunch(exec_, stream);
}

}  // namespace infinitile
