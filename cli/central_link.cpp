#include "cli/central_link.h"

namespace filial::cli {

using schema::Errc;
using schema::Error;
using schema::Message;
using schema::Result;
using std::chrono::milliseconds;

Error CentralLink::said(const Error& error) const {
    const bool down = error.code == Errc::unreachable || error.code == Errc::timeout;
    if (!down) return error;
    const std::string where = remote_.name + " (" + remote_.endpoint + ")";
    const std::string what = error.code == Errc::unreachable
                                 ? "the line to " + where + " is down"
                                 : where + " did not answer over the line in time";
    return {error.code, what + "; " + std::string(kLineAdvice)};
}

Result<void> CentralLink::send(const Message& message, milliseconds deadline) {
    auto sent = line_->send(message, deadline);
    if (!sent) return tl::unexpected(said(sent.error()));
    return sent;
}

/// Nothing to read yet is no fault of the line.
Result<Message> CentralLink::receive(milliseconds deadline) { return line_->receive(deadline); }

Result<Message> CentralLink::ask(Message message, milliseconds deadline) {
    auto answer = line_->ask(std::move(message), deadline);
    if (!answer) return tl::unexpected(said(answer.error()));
    return answer;
}

}  // namespace filial::cli
