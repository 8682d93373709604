#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/tap_beginning.h"
#include "cli/tap_positions.h"
#include "core/link/session.h"
#include "schema/messages.h"

namespace filial::cli {

struct TapSettings {
    std::string topic;                  ///< "*" for all.
    std::string store;                  ///< Only this log; empty: all that the other end has.
    std::optional<std::uint64_t> from;  ///< First event of a log without a saved position.
    bool live = false;                  ///< Such a log begins where its newest mark says it ends.
    std::uint64_t count = 0;            ///< Events after which it is done; 0: never.
    std::string own_store;
    std::string name;     ///< Receiver's name.
    bool durable = true;  ///< False: the other end is not to remember this receiver.
    std::string peer;     ///< Store name at the other end.
    bool local = false;   ///< Over ipc.
};

/// A receiver that turns events into lines: greets, fetches each log from its position, checks
/// that no block is missing, confirms what was written. Pure: messages and times come in, messages
/// and lines go out.
class TapSession {
  public:
    /// `state` holds the durable positions; `written` moves them.
    TapSession(TapSettings settings, TapState& state);

    /// Begins a session; also after the other end forgot the last one. `nonce` is random, not 0.
    void greet(std::uint64_t nonce, schema::Timestamp wall, core::BootTime now);
    /// True when it is time to greet (again): at first, without an answer, after silence.
    bool must_greet(core::BootTime now) const;
    /// As core::Session's.
    bool silent(core::BootTime now) const { return session_ && session_->silent(now); }
    void bytes_came(core::BootTime at) { session_->bytes_came(at); }

    /// A message could not be sent: the session is begun again.
    void lost();

    /// Takes what came. Fails where trying again does not help: not allowed, history that is gone,
    /// a log that stands in two versions.
    schema::Result<void> take(const schema::Message& message, schema::Timestamp wall,
                              core::BootTime now);
    /// Pings and fetches that are due.
    void tick(core::BootTime now);

    std::vector<schema::Message> take_messages() { return std::exchange(outgoing_, {}); }
    /// Events since the last call, one line each, in each log's order.
    std::string take_lines() { return std::exchange(lines_, {}); }
    std::size_t bytes_waiting() const { return lines_.size(); }
    /// What was taken is durable where it was written: moves the positions and asks for more.
    void written();
    /// What a person is told: at the first greeting where it begins, and after a while without
    /// any event why none comes.
    std::vector<std::string> take_notes() { return std::exchange(notes_, {}); }
    bool established() const { return session_ && session_->established(); }
    bool done() const { return settings_.count != 0 && events_ >= settings_.count; }
    std::uint64_t events() const { return events_; }
    /// The last message of a session that ends.
    std::optional<schema::Message> bye() const;

  private:
    schema::Result<void> on_trouble(const schema::Trouble& trouble, core::BootTime now);
    schema::Result<void> on_block(const schema::Block& block, core::BootTime now);
    void on_mark(const schema::MarkMessage& message, core::BootTime now);
    void begin(const schema::StoreId& store, core::BootTime now);
    bool wanted(const schema::StoreId& store) const;
    void note(const std::string& text);
    /// That nobody offers the one log that is wanted: a slip in its name would be waited for.
    void note_unknown();

    TapSettings settings_;
    TapState& state_;
    TapBeginning beginning_;
    std::optional<core::BootTime> welcomed_;          ///< The first time.
    bool told_why_ = false;                           ///< It waits.
    std::map<schema::StoreId, TapPosition> reached_;  ///< Of the lines handed out.
    std::set<schema::StoreId> confirm_;
    std::unique_ptr<core::Session> session_;
    core::BootTime greeted_;
    std::int64_t greet_wait_us_ = 0;  ///< Until it is greeted again without an answer.
    bool forgotten_ = false;          ///< The other end does not know the session any more.
    schema::Parser parser_;
    std::vector<schema::Message> outgoing_;
    std::string lines_;
    std::vector<std::string> notes_;
    std::string last_note_;
    std::uint64_t events_ = 0;
};

}  // namespace filial::cli
