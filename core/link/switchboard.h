#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/link/allow_list.h"
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

    /// Looks at the allow list again, before the turn's messages.
    void start_turn();
    void on_port(Port& port, std::size_t index, Incoming incoming);
    void on_dial(Line& line, const schema::Bytes& bytes);

    /// After the host's flush: tells the senders what is durable.
    void confirm();
    /// Sends what receivers asked for, bounded; true if more could be sent at once.
    bool pump();
    /// Greetings, pings, marks, silence.
    void tick();

    /// Queues the mark of `store` for all sessions but `from`.
    void announce(const schema::StoreId& store, const Line* from);
    void tell_applied(const schema::Applied& applied);
    void want_again();

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
    void on_fetch(Line& line, const schema::Fetch& fetch);
    void on_block(Line& line, const schema::Block& block);
    void on_mark(Line& line, const schema::MarkMessage& message);

    schema::Hello make_hello(const std::string& name) const;
    void greet(Line& line);
    void started(Line& line);
    void end(Line& line, const std::string& why);
    void want(Line& line, const schema::StoreId& store);
    void refuse(Line& line, const schema::Error& error, const std::string& store,
                const std::vector<std::string>& topics);
    /// Rights, looked up for every message: an entry that was revoked ends what it could do.
    bool may_read(const Line& line, const std::string& topic) const;
    bool may_send(const Line& line, const schema::StoreId& store) const;
    bool serve(Line& line);
    void send_marks(Line& line);
    std::vector<Line*> lines() const;

    Host& host_;
    const Clock& clock_;
    AllowList* allow_;
    Self self_;
    MarkBook& marks_;
    schema::Parser parser_;
    std::map<std::pair<std::size_t, schema::Bytes>, std::unique_ptr<Line>> called_;
    std::vector<std::unique_ptr<Line>> dialled_;
    BootTime refreshed_;
    std::string last_refusal_;  ///< Of a greeting, so that the same one is logged once.
    std::map<std::string, std::int64_t> counters_;
};

}  // namespace filial::core
