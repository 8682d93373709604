#include "core/link/line.h"

#include "core/log.h"

namespace filial::core {
namespace {

/// Messages that go together: more than this gains nothing, and has to cross in one piece.
constexpr std::size_t kGatheredMax = 16 * 1024;

}  // namespace

Line::Line(Listener& port, std::size_t port_index, schema::Bytes route)
    : port_(&port), port_index_(port_index), route_(std::move(route)), local_(port.local()) {}

Line::Line(std::unique_ptr<Caller> dial, Remote remote, std::string name)
    : pace_out(remote.rate),
      pace_in(remote.rate),
      dial_(std::move(dial)),
      remote_(std::move(remote)),
      name_(std::move(name)),
      up_(remote_.calls.up_by_itself()) {
    local_ = remote_.endpoint.rfind("ipc://", 0) == 0;
}

void Line::begin(std::unique_ptr<Session> session) {
    end();
    session_ = std::move(session);
}

void Line::end() {
    session_.reset();
    waiting_.clear();
    staged.clear();
    announced.clear();
    asked_piece.reset();
    pieces_given = 0;
    piece_proof = 0;
    told_ends.clear();
    told_all = {};
    gathers_ = false;
    gathered_.clear();
    said_ = {};
    heard_ = {};
}

std::optional<std::int64_t> Line::quiet_us() const {
    if (dial_) return dial_->quiet_us();
    return quiet ? quiet() : std::nullopt;
}

bool Line::dear() const {
    if (local_ || remote_.line == "fast") return false;
    if (remote_.line == "dear") return true;
    std::optional<std::int64_t> trip;
    if (dial_) {
        trip = dial_->round_trip_us();
    } else if (round_trip) {
        trip = round_trip();
    }
    return trip.value_or(0) >= kDearRoundTrip;
}

bool Line::send(const schema::Message& message) {
    const bool sign = std::holds_alternative<schema::Ping>(message) ||
                      std::holds_alternative<schema::Pong>(message);
    if (session_ && !sign) session_->said();
    schema::Bytes bytes = schema::encode(message);
    if (!gathers_) {
        waiting_.push_back(std::move(bytes));
        return push();
    }
    const bool large = bytes.size() > kGatheredMax;
    if (large || gathered_.size() + bytes.size() > kGatheredMax) end_turn();
    if (!large) {
        gathered_ += bytes;
        return true;
    }
    waiting_.push_back(std::move(bytes));
    return push();
}

void Line::end_turn() {
    if (gathered_.empty()) return;
    schema::Several several{session_->to_peer(), schema::pack_piece(gathered_, said_)};
    gathered_.clear();
    waiting_.push_back(schema::encode(schema::Message{std::move(several)}));
    push();
}

schema::Result<schema::Bytes> Line::unpack(const schema::Several& several) {
    return schema::unpack_piece(several.piece, heard_);
}

bool Line::push() {
    while (!waiting_.empty()) {
        const schema::Bytes& bytes = waiting_.front();
        const auto sent = dial_ ? dial_->send(bytes) : port_->send(route_, bytes);
        if (!sent && sent.error().code == schema::Errc::too_large) {
            log(Level::error, "a message that is too large was dropped",
                {{"peer", session_ ? session_->peer().name : remote_.name},
                 {"error", sent.error().message}});
            waiting_.pop_front();
            continue;
        }
        if (!sent) {
            gone_ = !dialled();
            return false;
        }
        if (!*sent) return true;  // Full for the moment, or gone: silence will tell.
        bytes_out += bytes.size();
        waiting_.pop_front();
    }
    return true;
}

}  // namespace filial::core
