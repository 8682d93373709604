#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/link/session.h"
#include "schema/block.h"
#include "schema/mark.h"
#include "schema/messages.h"

namespace filial::cli {

/// A log as a process of this machine holds it, above what somebody else has.
struct GatheredLog {
    schema::StoreId store;
    schema::Epoch epoch;  ///< At its end.
    schema::Incarnation incarnation{};
    schema::Sequence after;             ///< Where `ranges` begin.
    schema::Sequence upto;              ///< Where they end; all that there was when it was asked.
    schema::Sequence end;               ///< Of the log here; below `after` where less is held here.
    bool wanted = false;                ///< It may be given to the addressee.
    std::vector<schema::Range> ranges;  ///< Of all topics, without a hole.
    std::optional<schema::MarkMessage> mark;  ///< The newest one that ends at or below `upto`.
    std::optional<schema::Mark> newest;       ///< What the store says last, wherever it ends.
};

/// Reads all logs that one process offers, each from where its addressee is known to be to where it
/// ends now. Pure: messages and times come in, messages go out.
class BundleGatherer {
  public:
    /// What the addressee holds of a log; nullopt: it is not to be given to him.
    using Known = std::function<std::optional<schema::Position>(const schema::StoreId&)>;
    BundleGatherer(std::string own_store, std::string name, Known known);

    void greet(std::uint64_t nonce, schema::Timestamp wall, core::BootTime now);
    /// Fails where a log cannot be read.
    schema::Result<void> take(const schema::Message& message, schema::Timestamp wall,
                              core::BootTime now);
    std::vector<schema::Message> take_messages() { return std::exchange(outgoing_, {}); }
    std::optional<schema::Message> bye() const;
    bool done() const { return done_; }
    /// Rises while it gets on.
    std::uint64_t progress() const { return progress_; }
    /// By store; also those that are not to be given, with `end` alone.
    std::vector<GatheredLog> take_logs();

  private:
    struct Reading {
        GatheredLog log;
        bool probing = true;   ///< Where it ends is not known yet.
        schema::Sequence end;  ///< To be read up to here.
        schema::Epoch known;   ///< Epoch of what the addressee holds; 0: nothing.
        std::vector<schema::MarkMessage> marks;
    };
    void start(const schema::StoreId& store);
    void begin(Reading& reading, core::BootTime now);
    schema::Result<void> on_block(const schema::Block& block, core::BootTime now);
    schema::Result<void> on_probe(Reading& reading, const schema::Range& range, core::BootTime now);
    schema::Result<void> learn(Reading& reading, const schema::Range& range);
    void on_mark(const schema::MarkMessage& message);
    bool complete() const;
    void ask_whether_all();
    void choose_marks(core::BootTime now);

    std::string own_store_;
    std::string name_;
    Known known_;
    std::unique_ptr<core::Session> session_;
    std::map<schema::StoreId, Reading> readings_;
    std::vector<schema::Message> outgoing_;
    std::uint64_t pings_ = 0;
    std::uint64_t progress_ = 0;
    bool asked_ = false;
    bool done_ = false;
};

}  // namespace filial::cli
