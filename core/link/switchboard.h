#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/link/allow_list.h"
#include "core/link/column_memories.h"
#include "core/link/exchange.h"
#include "core/link/line.h"
#include "core/link/mark_book.h"
#include "schema/status.h"

namespace filial::core {

/// All lines of a process and what is said on them: greetings, fetches, blocks, marks; who may
/// what. Requests go to the host. Driven by Exchange's loop; one thread.
class Switchboard {
  public:
    Switchboard(Host& host, const Clock& clock, AllowList* allow, Self self, MarkBook& marks);

    void add_dialled(std::unique_ptr<Line> line);
    const std::vector<std::unique_ptr<Line>>& dialled() const { return dialled_; }

    /// Before the turn's messages: looks at the allow list again, and whether the loop stood still.
    void start_turn();
    /// The turn has read everything that was there when it began.
    void all_read() { read_ = turn_; }
    void on_port(Listener& port, std::size_t index, Incoming incoming);
    void on_dial(Line& line, const schema::Bytes& bytes);

    /// Events that the host was given, from the beginning.
    std::int64_t events_taken() const { return events_taken_; }
    /// After the host's flush: tells the senders what is durable.
    void confirm();
    /// Sends what receivers asked for, bounded; true if more could be sent at once.
    bool pump();
    /// Greetings, pings, marks, silence.
    void tick();
    /// What dear lines gathered in this turn goes.
    void end_turn();

    /// Queues the mark of `store` for all sessions but `from`.
    void announce(const schema::StoreId& store, const Line* from);
    void tell_applied(const schema::Applied& applied);
    void want_again();
    void want_others();
    bool tell(const std::string& receiver, schema::Confirm message);
    bool tell(const std::string& receiver, schema::Confirmed message);
    bool tell(const std::string& receiver, schema::Rejoin message);
    bool tell(const std::string& receiver, schema::Rejoined message);
    bool tell(const std::string& receiver, schema::SnapshotAsk message);
    bool tell(const std::string& receiver, schema::MarkMessage message);
    /// Ends the sessions that the host refuses by now.
    void judge_again();
    std::vector<Peer> peers() const;

    /// Legs of a call; see Exchange.
    void call(BootTime until, std::uint64_t bytes_left);
    void hang_up();
    void want_proof(bool wanted) { want_proof_ = wanted; }
    std::vector<DialledLeg> dialled_legs() const;

    std::vector<schema::Leg> incoming_legs() const;
    bool session_of(const std::string& receiver, std::int64_t& heard_us) const;
    std::vector<std::pair<std::string, std::int64_t>> counters() const;

  private:
    void on_message(Line& line, schema::Message message);
    void on_hello(Line& line, const schema::Hello& hello, const std::string& user);
    /// Why the peer that greets on `line` may have no session; a receiver's older one ends here.
    std::optional<schema::Error> take_over(const Line& line);
    void refuse_greeting(Line& line, const schema::Error& error);
    void on_welcome(Line& line, const schema::Welcome& welcome);
    void on_trouble(Line& line, const schema::Trouble& trouble);
    std::optional<schema::Error> refuses_fetch(const Line& line, const schema::Fetch& fetch) const;
    std::optional<schema::Error> other_log(const schema::Fetch& fetch) const;
    void on_fetch(Line& line, const schema::Fetch& fetch);
    /// Topics of which what is asked for is not kept any more: says so, and sends nothing of them.
    bool needs_snapshot(Line& line, const schema::StoreId& store,
                        const std::vector<schema::TopicEnd>& after);
    void give_piece(Line& line);
    void on_chunk(Line& line, const schema::Chunk& chunk);
    void tell_end(Line& line, const schema::Fetch& fetch);
    void on_block(Line& line, const schema::Block& block);
    void on_several(Line& line, const schema::Several& several);
    schema::Result<schema::Range> unpack(const schema::Block& block);
    /// A block could not be taken: whether it is asked for again, and when.
    void block_failed(Line& line, const schema::Block& block, const schema::Error& error);
    void on_mark(Line& line, const schema::MarkMessage& message);
    /// `mark` is what it says, of whomever it is.
    void take_mark(Line& line, const schema::MarkMessage& message, const schema::Mark& mark);
    /// `mark` came and is older than the one held: who sent it is told, at once where it makes the
    /// marks of that log, else where the one held stands still.
    void tell_newer(Line& line, const schema::MarkMessage& message, const schema::Mark& mark);
    /// `mark` came from who may not speak for that log. Nothing of it counts here; where it is
    /// newer than the one held, who makes the marks of that log hears of its counter.
    void pass_counter(const Line& line, const schema::MarkMessage& message,
                      const schema::Mark& mark);

    /// Live questions and answers.
    void on_confirmation(Line& line, const schema::Message& message);

    schema::Hello make_hello(const std::string& name, bool dear) const;
    /// What a new connection changes; it may have come about between two looks.
    void look_at_connection(Line& line);
    /// Brings the line up, or takes it down, as its plan and the call under way say.
    void look_at_plan(Line& line);
    /// Asks for a sign that the other end has all that was said, where somebody waits for that.
    void ask_for_proof(Line& line);
    /// All that the other end's marks speak of has come, of what is fetched.
    bool caught_up(const Line& line) const;
    void greet(Line& line);
    /// The session of a dialled line ends: what its legs were is told while there is no other one.
    static void remember_legs(Line& line);
    /// Of a dialled line without a session. Where there never was one, a leg that names no log.
    std::vector<schema::Leg> lost_legs(const Line& line) const;
    void started(Line& line);
    Receiver::Abilities abilities_on(const Line& line) const;
    std::uint64_t credit_on(const Line& line) const;
    void end(Line& line, const std::string& why);
    void want(Line& line, const schema::StoreId& store);
    void hold(Line& line, const schema::StoreId& store);
    void refuse(Line& line, const schema::Error& error, const std::string& store,
                const std::vector<std::string>& topics);
    /// Whether the store at the other end is admitted here now: the key was judged when the
    /// connection came about, and may have been revoked since.
    bool admitted(const Line& line) const;
    schema::Error not_admitted(const Line& line) const;
    /// Rights, looked up for every message: an entry that was revoked ends what it could do.
    bool may_read(const Line& line, const std::string& topic) const;
    bool may_send(const Line& line, const schema::StoreId& store) const;
    bool serve(Line& line);
    void send_marks(Line& line);
    bool knows_better(const Line& line, const schema::StoreId& store) const;
    bool mark_pays(Line& line, const HeldMark& held) const;
    /// The dialled ones, then those that called. Good until one comes or goes.
    const std::vector<Line*>& lines() const;
    /// Reads it again if it changed: five times a second, and whenever somebody greets.
    void look_at_allow_list();

    Host& host_;
    const Clock& clock_;
    AllowList* allow_;
    Self self_;
    MarkBook& marks_;
    schema::Parser parser_;
    schema::Parser mark_parser_;  ///< Of what stands inside a message.
    ColumnMemories memories_;
    std::map<std::pair<std::size_t, schema::Bytes>, std::unique_ptr<Line>> called_;
    std::vector<std::unique_ptr<Line>> dialled_;
    mutable std::vector<Line*> lines_;  ///< Of both; empty: not listed.
    BootTime refreshed_;
    std::string list_error_;  ///< As logged last.
    BootTime called_until_;   ///< A call holds the legs up until then.
    bool calling_ = false;
    bool tight_ = false;  ///< The call may carry so many bytes only.
    bool want_proof_ = false;
    BootTime turn_;  ///< When this turn began.
    BootTime read_;  ///< When the last turn began that read everything: the queues were empty then.
    std::map<schema::StoreId, BootTime> counters_passed_;  ///< When one was last.
    std::string last_refusal_;  ///< Of a greeting, so that the same one is logged once.
    std::int64_t events_taken_ = 0;
    std::map<std::string, std::int64_t> counters_;
    std::int64_t& messages_in_ = counters_["messages_in"];  ///< With every message.
    std::int64_t& bytes_in_ = counters_["bytes_in"];
};

}  // namespace filial::core
