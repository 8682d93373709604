#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "schema/result.h"

namespace filial::cli {

/// Where the command line speaks: data on stdout, words and progress on stderr. A test gives two
/// strings to write into instead.
class Console {
  public:
    Console() = default;
    Console(std::string* out, std::string* err) : out_text_(out), err_text_(err) {}

    /// `text` as it is, in whole. False when nobody reads any more (a closed pipe).
    bool out(std::string_view text);
    void err(std::string_view text);
    /// One line each.
    bool line(const std::string& text) { return out(text + "\n"); }
    void say(const std::string& text) { err(text + "\n"); }

    bool out_is_terminal() const;
    bool err_is_terminal() const;
    /// A person sits in front of it and can be asked.
    bool can_ask() const;
    /// One line from stdin without its end; empty at its end or where it cannot be read.
    std::string read_line();
    /// At a terminal, unless NO_COLOR is set.
    bool colored() const;
    /// `text` in bold or red where there is colour.
    std::string bold(const std::string& text) const;
    std::string red(const std::string& text) const;

    bool json = false;  ///< Print JSON instead of text for people.

  private:
    std::string* out_text_ = nullptr;
    std::string* err_text_ = nullptr;
};

/// Writes all of it to a file descriptor, in one write(2) where the system takes it in one. Fails
/// with `io`.
schema::Result<void> write_all(int fd, std::string_view text);

/// True after SIGINT or SIGTERM, once `catch_signals` was called: finish what is on the way, end.
bool stop_requested();
void catch_signals();

}  // namespace filial::cli
