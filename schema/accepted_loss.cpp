#include "schema/accepted_loss.h"

namespace filial::schema {

namespace {

constexpr std::size_t kBeforeWho = 6;

}  // namespace

Bytes encode(const AcceptedLoss& loss) {
    Bytes bytes = encode(loss.opened);
    if (loss.who.empty()) return bytes;
    const auto elements = Parser::elements_from(bytes, 0);
    check(elements.has_value(), "what was encoded here can be read");
    const auto count = Parser::count_values(*elements);
    check(count.has_value(), "what was encoded here can be counted");
    Writer out;
    out.array(kBeforeWho + 1).raw(*elements);
    if (*count < kBeforeWho) out.u64(loss.opened.lost_upto.value()).str(loss.opened.reason);
    out.str(loss.who);
    return out.take();
}

Result<AcceptedLoss> decode_accepted_loss(Parser& parser, ByteView bytes) {
    auto opened = decode_log_opened(parser, bytes);
    if (!opened) return tl::unexpected(opened.error());
    AcceptedLoss loss{std::move(*opened), {}};
    auto fields = parser.array(bytes);
    if (!fields) return fail(kLogOpened, fields.error());
    for (std::size_t i = 0; i < kBeforeWho && fields->more(); ++i) fields->skip();
    loss.who = fields->str();
    if (const auto done = parser.finish(kLogOpened); !done) return tl::unexpected(done.error());
    return loss;
}

}  // namespace filial::schema
