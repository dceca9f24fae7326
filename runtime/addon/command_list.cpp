#include "command_list.h"

#include <algorithm>

namespace infinitile {

namespace {

std::string describeCommand(const Command& command) {
  if (const Launch* launch = std::get_if<Launch>(&command)) {
    return "launch " + launch->kernel->name + ", grid " + std::to_string(launch->grid) + ", " +
           std::to_string(launch->threads) + " threads, " + std::to_string(launch->sharedBytes) + " bytes shared";
  }
  if (const Fill* fill = std::get_if<Fill>(&command))
    return "fill of " + std::to_string(fill->words) + " words at byte " + std::to_string(fill->offset);
  if (const Read* read = std::get_if<Read>(&command))
    return "read of " + std::to_string(read->bytes) + " bytes at byte " + std::to_string(read->offset);
  if (const Exchange* exchange = std::get_if<Exchange>(&command))
    return "exchange of " + std::to_string(exchange->messages.size()) + " messages, " + exchange->step;
  return std::holds_alternative<Join>(command) ? "join" : "clock";
}

}  // namespace

void CommandList::setInputs(const unsigned char* values) {
  for (const Input& input : inputs)
    std::get<Launch>(commands[input.command]).arguments.replace(input.argument, values + input.offset);
}

bool CommandList::hasMessages() const {
  return std::any_of(commands.begin(), commands.end(), [](const Command& command) {
    return std::holds_alternative<Exchange>(command) || std::holds_alternative<Join>(command);
  });
}

std::string CommandList::describe(std::size_t index) const {
  return "command " + std::to_string(index + 1) + " of " + std::to_string(commands.size()) + " (" +
         describeCommand(commands[index]) + ")";
}

std::string CommandList::kernelNames(std::size_t commandCount) const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < commandCount; ++i) {
    const Launch* launch = std::get_if<Launch>(&commands[i]);
    if (launch && std::find(names.begin(), names.end(), launch->kernel->name) == names.end())
      names.push_back(launch->kernel->name);
  }
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace infinitile
