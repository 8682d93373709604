#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "schema/bytes.h"
#include "schema/result.h"

namespace filial::bench {

/// One client's connection over a local socket, in one thread and with one system call for whatever
/// is to be sent or read: 64 clients on the machine that is measured must leave its processors to
/// the program that is measured. What the library's own DEALER with NULL says is said here, by ZMTP
/// 3.0 (rfc.zeromq.org/spec/23). Used by one thread.
class ZmtpLine {
  public:
    /// `endpoint`: ipc://PATH. Greeted on return; waits at most two seconds for the other end.
    static schema::Result<ZmtpLine> connect(const std::string& endpoint);
    ~ZmtpLine();
    ZmtpLine(ZmtpLine&& other) noexcept;
    ZmtpLine(const ZmtpLine&) = delete;
    ZmtpLine& operator=(const ZmtpLine&) = delete;
    ZmtpLine& operator=(ZmtpLine&&) = delete;

    /// For epoll: readable when there is something to read.
    int fd() const { return fd_; }
    /// A message of one frame, to be sent with the next `send`.
    void put(schema::ByteView message);
    /// Sends what the socket takes now; the rest waits for the next call. `io` when it is broken.
    schema::Result<void> send();
    /// Reads what is there. `io` when the other end is gone.
    schema::Result<void> read();
    /// The next whole message, valid until `read`; answers the other end's heartbeats.
    schema::Result<std::optional<schema::ByteView>> next();

  private:
    explicit ZmtpLine(int fd) : fd_(fd) {}
    schema::Result<void> greet();
    schema::Result<void> read_at_least(std::size_t bytes);
    struct Frame {
        unsigned char flags;
        schema::ByteView body;
    };
    std::optional<Frame> frame();
    void put_frame(unsigned char flags, schema::ByteView body);

    int fd_;
    schema::Bytes out_;
    std::size_t sent_ = 0;  ///< Of `out_`.
    schema::Bytes in_;
    std::size_t taken_ = 0;  ///< Of `in_`.
};

}  // namespace filial::bench
