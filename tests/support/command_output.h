#pragma once

#include <array>
#include <cstdio>
#include <string>

namespace meterbill {

/// What a command of the shell printed, and how it ended.
struct CommandOutput {
  std::string text;
  int status = -1;  ///< as of wait(2): 0 is success
};

/// Runs it by sh(1).
inline CommandOutput run_command(const std::string& command) {
  CommandOutput output;
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return output;
  std::array<char, 4096> buffer{};
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe))
    output.text.append(buffer.data(), got);
  output.status = pclose(pipe);
  return output;
}

/// Whether this machine has a program of that name.
inline bool has_program(const std::string& name) {
  return run_command("command -v " + name + " >/dev/null").status == 0;
}

}  // namespace meterbill
