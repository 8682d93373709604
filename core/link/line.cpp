#include "core/link/line.h"

#include "core/log.h"

namespace filial::core {

Line::Line(Port& port, std::size_t port_index, schema::Bytes route)
    : port_(&port), port_index_(port_index), route_(std::move(route)), local_(port.local()) {}

Line::Line(std::unique_ptr<Dial> dial, Remote remote, std::string name)
    : dial_(std::move(dial)), remote_(std::move(remote)), name_(std::move(name)) {
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
}

std::optional<std::int64_t> Line::quiet_us() const {
    return dial_ ? dial_->quiet_us() : arrivals.quiet_us();
}

bool Line::send(const schema::Message& message) {
    waiting_.push_back(schema::encode(message));
    return push();
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
