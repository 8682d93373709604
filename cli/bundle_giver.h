#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/bundled_log.h"
#include "core/link/session.h"
#include "schema/messages.h"

namespace filial::cli {

/// Hands one log of a bundle to one process of this machine as a relay does: greets, is fetched
/// from, sends blocks and marks. What is taken, what is known and what is a fork is judged at the
/// other end, by the same rules as on any line. Pure: messages and times come in, messages go out.
class BundleGiver {
  public:
    /// `log` must outlive it; `marks` are of its store, and as old as they were when the bundle was
    /// written. How long it lay since only the two clocks can tell: that much is added where they
    /// say so, and the age is at least that from there on.
    BundleGiver(BundledLog& log, std::vector<schema::MarkMessage> marks, schema::Timestamp written);

    /// How it stands.
    enum class State {
        under_way,
        done,      ///< Everything that the bundle has is durable there now.
        unwanted,  ///< The other end does not take this log.
        gap,       ///< It holds less than what the bundle begins above.
        refused,   ///< See `why`.
    };

    void greet(std::uint64_t nonce, schema::Timestamp wall, core::BootTime now);
    /// Fails where the bundle itself cannot be read on.
    schema::Result<void> take(const schema::Message& message, schema::Timestamp wall,
                              core::BootTime now);
    std::vector<schema::Message> take_messages() { return std::exchange(outgoing_, {}); }
    std::optional<schema::Message> bye() const;

    State state() const { return state_; }
    const std::string& why() const { return why_; }
    /// What it held of the log's topics, the least of them, when it was first asked, and now.
    schema::Sequence held_before() const { return before_; }
    schema::Sequence held() const { return held_; }
    bool done() const { return state_ != State::under_way; }
    /// Rises while it gets on.
    std::uint64_t progress() const { return held_.value() + (marked_ ? 1 : 0); }

  private:
    schema::Result<void> on_fetch(const schema::Fetch& fetch, schema::Timestamp wall);
    /// Why nothing of the bundle can be given to who asks so.
    bool turn_away(const schema::Fetch& fetch);
    schema::Result<void> pump();
    void settle(schema::Timestamp wall);
    void ping();

    BundledLog& log_;
    std::vector<schema::MarkMessage> marks_;
    schema::Timestamp written_;
    std::unique_ptr<core::Session> session_;
    std::vector<schema::Message> outgoing_;
    core::BootTime sending_;  ///< For the sender alone: with it empty ranges never wait.
    bool fetched_ = false;
    bool marked_ = false;
    std::uint64_t pings_ = 0;
    State state_ = State::under_way;
    std::string why_;
    schema::Sequence before_;
    schema::Sequence held_;
};

}  // namespace filial::cli
