#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "schema/result.h"

namespace filial::bench {

/// One running program. It ends with this object, and with the bench however that ends.
class Child {
  public:
    /// What it prints goes to the end of `log`.
    static schema::Result<Child> start(const std::vector<std::string>& command,
                                       const std::filesystem::path& log);
    ~Child();
    Child(Child&& other) noexcept;
    Child& operator=(Child&& other) noexcept;

    bool running();
    /// SIGTERM, and waits. `io` with the end of its log unless it ends with exit code 0 in time.
    schema::Result<void> stop();
    /// Processor time that it has used until now, user and system.
    double cpu_seconds() const;
    pid_t pid() const { return pid_; }
    /// The end of what it printed.
    std::string tail() const;

  private:
    Child(pid_t pid, std::string name, std::filesystem::path log)
        : pid_(pid), name_(std::move(name)), log_(std::move(log)) {}
    void kill();

    pid_t pid_ = -1;
    std::string name_;
    std::filesystem::path log_;
};

/// Runs a command to its end and gives what it wrote to standard output. `io` with its standard
/// error if it fails.
schema::Result<std::string> run(const std::vector<std::string>& command);

}  // namespace filial::bench
