#include "schema/query.h"

#include <algorithm>
#include <iterator>

namespace filial::schema {
namespace {

void write_pairs(Writer& out, const std::vector<std::pair<std::string, std::string>>& pairs) {
    out.array(pairs.size());
    for (const auto& [name, value] : pairs) out.array(2).str(name).str(value);
}

std::vector<std::pair<std::string, std::string>> read_pairs(Fields& fields) {
    std::vector<std::pair<std::string, std::string>> pairs;
    Fields list = fields.array();
    while (list.more()) {
        Fields parts = list.array();
        std::string name(parts.str());
        pairs.emplace_back(std::move(name), parts.str());
    }
    return pairs;
}

void write_freshness(Writer& out, const Freshness& freshness) {
    out.array(8).boolean(freshness.ever).i64(freshness.as_of.value()).i64(freshness.age_us);
    out.boolean(freshness.age_exact).boolean(freshness.partial);
    out.u64(static_cast<std::uint64_t>(freshness.verdict)).str(freshness.source);
    out.array(freshness.positions.size());
    for (const Position& position : freshness.positions) write_position(out, position);
}

Freshness read_freshness(Fields& fields) {
    Fields parts = fields.array();
    Freshness freshness;
    freshness.ever = parts.boolean();
    freshness.as_of = Timestamp{parts.i64()};
    freshness.age_us = parts.i64();
    freshness.age_exact = parts.boolean();
    freshness.partial = parts.boolean();
    // A verdict that is missing or not known here must not pass for fresh.
    if (parts.more()) {
        const auto last = static_cast<std::uint64_t>(Verdict::refuse);
        freshness.verdict = static_cast<Verdict>(std::min(parts.u64(), last));
    }
    freshness.source = parts.str();
    Fields positions = parts.array();
    while (positions.more()) freshness.positions.push_back(read_position(positions));
    return freshness;
}

}  // namespace

std::string_view name_of(Verdict verdict) {
    constexpr std::string_view names[] = {"fresh", "notice", "ask", "refuse"};
    return names[std::min(static_cast<std::size_t>(verdict), std::size(names) - 1)];
}

Bytes encode_customers(const std::vector<std::string>& customers) {
    if (customers.empty()) return {};
    Writer out;
    out.array(customers.size());
    for (const std::string& customer : customers) out.str(customer);
    return out.take();
}

Result<std::vector<std::string>> decode_customers(Parser& parser, ByteView bytes) {
    std::vector<std::string> customers;
    if (bytes.empty()) return customers;
    auto list = parser.array(bytes);
    if (!list) return fail("customers", list.error());
    while (list->more()) customers.emplace_back(list->str());
    if (const auto done = parser.finish("customers"); !done) return tl::unexpected(done.error());
    return customers;
}

void write_query(Writer& out, const Query& query) {
    out.u64(query.request).u64(static_cast<std::uint64_t>(query.kind)).str(query.key);
    out.str(query.store).str(query.topic).u64(query.filter).bin(query.after).u64(query.limit);
    out.i64(query.max_age_us);
}

Query read_query(Fields& fields) {
    Query query;
    query.request = fields.u64();
    // A kind that does not fit is as unknown as 0.
    const std::uint64_t kind = fields.u64();
    query.kind = static_cast<QueryKind>(kind <= 0xff ? kind : 0);
    query.key = fields.str();
    query.store = fields.str();
    query.topic = fields.str();
    query.filter = fields.u64();
    query.after = fields.bin();
    query.limit = fields.u64();
    if (fields.more()) query.max_age_us = fields.i64();
    return query;
}

void write_answer(Writer& out, const Answer& answer) {
    out.u64(answer.request).str(answer.unit).array(answer.rows.size());
    for (const AnswerRow& row : answer.rows) {
        out.array(8).str(row.store).str(row.key).i64(row.value).i64(row.second).i64(row.pending);
        write_pairs(out, row.fields);
        out.bin(row.payload);
        write_freshness(out, row.freshness);
    }
    out.bin(answer.next);
}

Answer read_answer(Fields& fields) {
    Answer answer;
    answer.request = fields.u64();
    answer.unit = fields.str();
    Fields rows = fields.array();
    while (rows.more()) {
        Fields parts = rows.array();
        AnswerRow row;
        row.store = parts.str();
        row.key = parts.str();
        row.value = parts.i64();
        row.second = parts.i64();
        row.pending = parts.i64();
        row.fields = read_pairs(parts);
        row.payload = parts.bin();
        row.freshness = read_freshness(parts);
        answer.rows.push_back(std::move(row));
    }
    answer.next = fields.bin();
    return answer;
}

}  // namespace filial::schema
