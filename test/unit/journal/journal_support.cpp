#include "test/unit/journal/journal_support.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>

namespace filial::test {

using schema::Sequence;

core::JournalOptions options_in(const std::filesystem::path& dir, std::string witness_of) {
    core::JournalOptions options;
    options.dir = dir;
    options.memtable_bytes = 1 << 20;
    options.cache_bytes = 1 << 20;
    options.witness_of = std::move(witness_of);
    options.free_bytes_floor = 0;
    return options;
}

std::unique_ptr<core::RocksJournal> opened(const core::JournalOptions& options) {
    auto journal = core::RocksJournal::open(options);
    REQUIRE_MESSAGE(journal.has_value(), (journal ? "" : journal.error().message));
    return std::move(*journal);
}

core::Append append_after(Sequence after, const Rows& rows, const std::string& store) {
    core::Append append;
    append.store = schema::StoreId{store};
    append.epoch = schema::Epoch{1};
    append.after = after;
    append.at = schema::Timestamp{static_cast<std::int64_t>(after.value()) + 1};
    schema::ClientId client{};
    client[0] = 7;
    std::map<std::string, schema::Segment> segments;
    Sequence seq = after;
    for (const auto& [topic, row] : rows) {
        seq = next(seq);
        schema::Segment& segment = segments[topic];
        segment.topic = topic;
        segment.epoch = append.epoch;
        segment.add(seq, client, row);
        segment.chain = schema::view(schema::hash_of(std::to_string(seq.value()), row));
    }
    append.upto = seq;
    for (auto& [topic, segment] : segments) append.segments.push_back(std::move(segment));
    return append;
}

schema::Result<void> commit_rows(core::Journal& journal, const Rows& rows, const std::string& store,
                                 bool sync) {
    core::JournalWrite write;
    write.appends.push_back(append_after(journal.end(schema::StoreId{store}), rows, store));
    return journal.commit(write, sync);
}

void commit_pairs(core::Journal& journal, int count, bool sync) {
    for (int i = 0; i < count; ++i) {
        const auto n = std::to_string(i);
        const Rows rows{{"stock", "sold " + n}, {"debts", "owed " + n}};
        REQUIRE(commit_rows(journal, rows, "store1", sync).has_value());
    }
}

std::vector<std::string> rows_of(const core::Journal& journal,
                                 const std::vector<std::string>& topics, std::uint64_t after,
                                 const std::string& store) {
    core::ReadRequest request{schema::StoreId{store}, topics, Sequence{after}, 1 << 20};
    std::map<Sequence, std::string> rows;
    for (;;) {
        const auto range = journal.read(request);
        REQUIRE_MESSAGE(range.has_value(), (range ? "" : range.error().message));
        for (const schema::Segment& segment : range->segments) {
            for (std::size_t i = 0; i < segment.rows.size(); ++i) {
                const Sequence seq = segment.seqs[i];
                rows[seq] =
                    std::to_string(seq.value()) + " " + segment.topic + " " + segment.rows[i];
            }
        }
        if (range->upto == range->end) break;
        REQUIRE(range->upto > request.after);
        request.after = range->upto;
    }
    std::vector<std::string> list;
    for (auto& [seq, row] : rows) list.push_back(std::move(row));
    return list;
}

std::vector<std::filesystem::path> write_ahead_logs(const std::filesystem::path& dir) {
    std::vector<std::filesystem::path> logs;
    for (const auto& entry : std::filesystem::directory_iterator(dir / "db")) {
        const bool log = entry.path().extension() == ".log";
        if (log && entry.file_size() > 0) logs.push_back(entry.path());
    }
    std::sort(logs.begin(), logs.end());
    return logs;
}

std::string bytes_of_file(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const std::filesystem::path& file, const std::string& bytes) {
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    REQUIRE(out.flush().good());
}

}  // namespace filial::test
