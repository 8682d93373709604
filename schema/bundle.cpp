#include "schema/bundle.h"

#include <algorithm>
#include <map>

#include "schema/codec.h"
#include "schema/hash.h"
#include "schema/limits.h"
#include "schema/names.h"

namespace filial::schema {

namespace {

constexpr ByteView kMagic = "FILBUN01";
constexpr std::uint64_t kBundleVersion = 1;
constexpr char kHeader = 'H';
constexpr char kMessage = 'M';
constexpr char kTrailer = 'T';
constexpr std::size_t kHeadBytes = 5;   ///< Type and size of a record.
constexpr std::size_t kCheckBytes = 8;  ///< Behind its payload.

void put_number(Bytes& out, std::uint64_t number, std::size_t bytes) {
    for (std::size_t i = bytes; i-- > 0;) out.push_back(static_cast<char>(number >> (8 * i)));
}

std::uint64_t number_at(ByteView bytes) {
    std::uint64_t number = 0;
    for (const char c : bytes) number = number << 8 | static_cast<unsigned char>(c);
    return number;
}

/// Of a record that follows one whose checksum was `before`.
std::uint64_t check_of(std::uint64_t before, ByteView record) {
    Bytes head;
    put_number(head, before, kCheckBytes);
    return checksum_of(head, record);
}

Bytes encode_header(const BundleHeader& header) {
    Writer out;
    out.array(9).u64(kBundleVersion).u64(header.id).u64(header.number);
    out.str(header.from.value()).str(header.to.value()).i64(header.written.value());
    out.str(header.software).array(header.logs.size());
    for (const BundleLog& log : header.logs) {
        out.array(6).str(log.store.value()).u64(log.epoch.value()).bin(view(log.incarnation));
        out.array(log.topics.size());
        for (const std::string& topic : log.topics) out.str(topic);
        out.u64(log.after.value()).u64(log.upto.value());
    }
    out.array(header.holds.size());
    for (const Position& held : header.holds) {
        out.array(3).str(held.store.value()).u64(held.epoch.value()).u64(held.seq.value());
    }
    return out.take();
}

BundleLog read_log(Fields fields) {
    BundleLog log;
    log.store = read_store(fields);
    log.epoch = Epoch{fields.u32()};
    log.incarnation = id16_from(fields.bin());
    Fields topics = fields.array();
    while (topics.more()) log.topics.push_back(read_topic_or_all(topics));
    log.after = Sequence{fields.u64()};
    log.upto = Sequence{fields.u64()};
    if (log.topics.empty()) fields.refuse("a topic");
    if (log.upto < log.after) fields.refuse("a range that runs forwards");
    return log;
}

Result<BundleHeader> read_header(ByteView bytes) {
    Parser parser;
    auto fields = parser.array(bytes);
    if (!fields) return tl::unexpected(fields.error());
    const std::uint64_t version = fields->u64();
    if (version > kBundleVersion) {
        return fail(Errc::schema_too_new, "version " + std::to_string(version) +
                                              " is not known here: a newer filial " +
                                              "wrote it, bring this one up to date");
    }
    BundleHeader header;
    header.id = fields->u64();
    header.number = fields->u64();
    header.from = read_store(*fields);
    header.to = read_store(*fields);
    header.written = Timestamp{fields->i64()};
    header.software = fields->str();
    Fields logs = fields->array();
    while (logs.more()) {
        header.logs.push_back(read_log(logs.array()));
        const auto same = [&](const BundleLog& l) { return l.store == header.logs.back().store; };
        if (std::count_if(header.logs.begin(), header.logs.end(), same) > 1) {
            logs.refuse("each log once");
        }
    }
    Fields holds = fields->array();
    while (holds.more()) {
        Fields held = holds.array();
        Position position;
        position.store = read_store(held);
        position.epoch = Epoch{held.u32()};
        position.seq = Sequence{held.u64()};
        header.holds.push_back(std::move(position));
    }
    if (version == 0) return fail(Errc::corrupt, "its header has no version");
    if (const auto ok = parser.finish("header"); !ok) return tl::unexpected(ok.error());
    return header;
}

/// Takes one record after another, each whole.
class Records {
  public:
    explicit Records(ByteView bytes)
        : bytes_(bytes), at_(kMagic.size()), check_(number_at(kMagic)) {}

    struct Record {
        char type;
        ByteView payload;
    };
    Result<Record> next() {
        const ByteView rest = bytes_.substr(at_);
        const auto cut = [&] {
            return fail(Errc::corrupt, "it is cut off at byte " + std::to_string(bytes_.size()));
        };
        if (rest.size() < kHeadBytes) return cut();
        const std::uint64_t size = number_at(rest.substr(1, 4));
        if (size > kMessageBytesMax) return damaged();
        if (rest.size() < kHeadBytes + size + kCheckBytes) return cut();
        const ByteView whole = rest.substr(0, kHeadBytes + size);
        const std::uint64_t check = check_of(check_, whole);
        if (number_at(rest.substr(whole.size(), kCheckBytes)) != check) return damaged();
        check_ = check;
        at_ += whole.size() + kCheckBytes;
        ++count_;
        return Record{rest.front(), whole.substr(kHeadBytes)};
    }
    std::uint64_t count() const { return count_; }
    bool at_end() const { return at_ == bytes_.size(); }
    tl::unexpected<Error> damaged() const {
        return fail(Errc::corrupt, "it is damaged at byte " + std::to_string(at_));
    }

  private:
    ByteView bytes_;
    std::size_t at_;
    std::uint64_t check_;
    std::uint64_t count_ = 0;
};

/// Puts what a record holds into its place. Its checksum fits: what is wrong here was written so.
Result<void> place(Bundle& bundle, std::map<StoreId, Sequence>& reached, ByteView payload) {
    Parser parser;
    auto message = decode_message(parser, payload);
    if (!message) return tl::unexpected(message.error());
    if (auto* mark = std::get_if<MarkMessage>(&*message)) {
        Parser inner;
        const auto decoded = decode_mark(inner, mark->mark);
        if (!decoded) return tl::unexpected(decoded.error());
        bundle.marks.push_back(std::move(*mark));
        return {};
    }
    auto* carrier = std::get_if<BlockMessage>(&*message);
    if (carrier == nullptr) return {};  // Of a later version: nothing that has to be understood.
    Block& block = carrier->block;
    const auto& logs = bundle.header.logs;
    const auto log = std::find_if(logs.begin(), logs.end(),
                                  [&](const BundleLog& l) { return l.store == block.store; });
    if (log == logs.end() || log->topics != block.topics) {
        return fail(Errc::corrupt, "it holds a block that its header does not name");
    }
    Sequence& at = reached.try_emplace(log->store, log->after).first->second;
    if (block.after != at || block.upto <= block.after || block.upto > log->upto) {
        return fail(Errc::corrupt,
                    "its blocks of " + log->store.value() + " do not go on from each other");
    }
    at = block.upto;
    bundle.blocks.push_back(std::move(block));
    return {};
}

/// Everything behind the header.
Result<void> read_rest(Records& records, Bundle& bundle) {
    std::map<StoreId, Sequence> reached;
    while (true) {
        const std::uint64_t before = records.count();
        const auto record = records.next();
        if (!record) return tl::unexpected(record.error());
        if (record->type == kMessage) {
            if (const auto ok = place(bundle, reached, record->payload); !ok) return ok;
        } else if (record->type == kTrailer) {
            Parser parser;
            auto fields = parser.array(record->payload);
            if (!fields || fields->u64() == 0 || fields->u64() != before) return records.damaged();
            if (!records.at_end()) {
                return fail(Errc::corrupt, "something stands behind its end");
            }
            for (const BundleLog& log : bundle.header.logs) {
                if (bundle.whole_upto(log) < log.upto) return records.damaged();
            }
            return {};
        }
    }
}

}  // namespace

BundleWriter::BundleWriter(const BundleHeader& header) : bytes_(kMagic), check_(number_at(kMagic)) {
    record(kHeader, encode_header(header));
}

void BundleWriter::record(char type, ByteView payload) {
    const std::size_t from = bytes_.size();
    bytes_.push_back(type);
    put_number(bytes_, payload.size(), 4);
    bytes_.append(payload);
    check_ = check_of(check_, ByteView(bytes_).substr(from));
    put_number(bytes_, check_, kCheckBytes);
    ++records_;
}

void BundleWriter::add(const Message& message) { record(kMessage, encode(message)); }

Bytes BundleWriter::take() {
    Writer out;
    out.array(2).u64(kBundleVersion).u64(records_);
    record(kTrailer, out.bytes());
    return std::move(bytes_);
}

Sequence Bundle::whole_upto(const BundleLog& log) const {
    Sequence upto = log.after;
    for (const Block& block : blocks) {
        if (block.store == log.store) upto = std::max(upto, block.upto);
    }
    return upto;
}

Result<Bundle> parse_bundle(ByteView bytes) {
    if (bytes.substr(0, kMagic.size()) != kMagic) {
        const bool begun = !bytes.empty() && kMagic.starts_with(bytes.substr(0, kMagic.size()));
        return fail(Errc::corrupt, begun ? "it is cut off within its header: nothing of it is whole"
                                         : "it is no bundle of filial");
    }
    Records records(bytes);
    const auto first = records.next();
    if (!first) {
        return fail(Errc::corrupt, first.error().message +
                                       ", within its header: nothing of it is "
                                       "whole");
    }
    if (first->type != kHeader) return fail(Errc::corrupt, "it does not begin with a header");
    auto header = read_header(first->payload);
    if (!header) return tl::unexpected(header.error());
    Bundle bundle;
    bundle.header = std::move(*header);
    if (const auto rest = read_rest(records, bundle); !rest) bundle.damage = rest.error();
    return bundle;
}

}  // namespace filial::schema
