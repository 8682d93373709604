#pragma once

#include <memory>
#include <string>

#include "cli/link.h"

namespace filial::cli {

/// What a person does whose shop has no log of its own while the line is down. An error that says
/// it needs no other advice.
inline constexpr std::string_view kLineAdvice =
    "this shop has no log of its own, so nothing can be booked or asked until the line is up: "
    "look at the line, note the sale on paper, and enter it then";

/// The line to the store that a shop works at (central mode). That nobody answers is said as what
/// it is here: the line is down.
class CentralLink : public Link {
  public:
    CentralLink(std::unique_ptr<Link> line, core::Remote remote)
        : line_(std::move(line)), remote_(std::move(remote)) {}

    schema::Result<void> send(const schema::Message& message,
                              std::chrono::milliseconds deadline) override;
    schema::Result<schema::Message> receive(std::chrono::milliseconds deadline) override;
    schema::Result<schema::Message> ask(schema::Message message,
                                        std::chrono::milliseconds deadline) override;
    std::optional<std::int64_t> quiet_us() const override { return line_->quiet_us(); }
    void hang_up() override { line_->hang_up(); }

  private:
    schema::Error said(const schema::Error& error) const;

    std::unique_ptr<Link> line_;
    core::Remote remote_;
};

}  // namespace filial::cli
