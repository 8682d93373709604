#include "cli/json_operation.h"

#include <algorithm>
#include <iterator>

#include "cli/json.h"
#include "cli/operation_members.h"
#include "schema/limits.h"

namespace filial::cli {

using schema::Errc;
using schema::Operation;
using schema::Result;

namespace {

/// Goes over a text and says how far the parser has read.
class Seen {
  public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    Seen(const char* at, const char*& seen) : at_(at), seen_(&seen) {}
    reference operator*() const { return *at_; }
    Seen& operator++() {
        *seen_ = ++at_;
        return *this;
    }
    Seen operator++(int) {
        const Seen before = *this;
        ++*this;
        return before;
    }
    friend bool operator==(const Seen& a, const Seen& b) { return a.at_ == b.at_; }
    friend bool operator!=(const Seen& a, const Seen& b) { return a.at_ != b.at_; }

  private:
    const char* at_;
    const char** seen_;
};

/// Takes the parser's calls and gathers members. Numbers keep their digits: the parser hands over
/// the text of a fraction as it stood.
class Gatherer {
  public:
    Gatherer(std::string_view text, const OperationDefaults& defaults)
        : defaults_(defaults), text_(text), seen_(text.data()), counted_(text.data()) {}

    std::vector<Operation> operations;
    std::vector<std::size_t> lines;  ///< Where each of them begins.
    std::string error;
    TicketFault fault;

    /// Reads all of it; false with `error` and `fault`.
    bool read() {
        const char* const end = text_.data() + text_.size();
        return Json::sax_parse(Seen(text_.data(), seen_), Seen(end, seen_), this);
    }

    bool null() { return refuse("null is not a value here"); }
    bool boolean(bool value) { return add(Member::Kind::boolean, value ? "true" : "false"); }
    bool number_integer(std::int64_t value) {
        return add(Member::Kind::number, std::to_string(value));
    }
    bool number_unsigned(std::uint64_t value) {
        return add(Member::Kind::number, std::to_string(value));
    }
    bool number_float(double, const std::string& digits) {
        return add(Member::Kind::number, digits);
    }
    bool string(std::string& text) { return add(Member::Kind::text, std::move(text)); }
    bool binary(Json::binary_t&) { return refuse("bytes are not a value here"); }

    bool start_array(std::size_t) {
        if (depth_ != Depth::top || many_) return refuse("an array is not a value here");
        many_ = true;
        return true;
    }
    bool end_array() { return true; }

    bool start_object(std::size_t) {
        if (depth_ == Depth::top) {
            depth_ = Depth::operation;
            begun_ = line();
            members_.clear();
            return true;
        }
        if (depth_ == Depth::operation && key_ == "fields") {
            depth_ = Depth::fields;
            Member& member = members_.emplace_back();
            member.name = key_;
            member.kind = Member::Kind::fields;
            return true;
        }
        return refuse("an object is not a value here");
    }
    bool end_object() {
        if (depth_ == Depth::fields) {
            depth_ = Depth::operation;
            return true;
        }
        depth_ = Depth::top;
        key_.clear();
        if (operations.size() == schema::kOperationsMax) {
            return refuse("more than " + std::to_string(schema::kOperationsMax) + " operations");
        }
        auto made = to_operation(members_, defaults_);
        if (!made) return refuse(made.error().message);
        operations.push_back(std::move(*made));
        lines.push_back(begun_);
        begun_ = 0;
        return true;
    }
    bool key(std::string& name) {
        (depth_ == Depth::fields ? field_ : key_) = name;
        return true;
    }
    bool parse_error(std::size_t position, const std::string& token,
                     const nlohmann::json::exception&) {
        error = "not JSON at character " + std::to_string(position);
        if (!token.empty()) error += ", near " + token.substr(0, 40);
        fault = {many_ || depth_ != Depth::top ? operations.size() + 1 : 0, line()};
        return false;
    }

  private:
    enum class Depth { top, operation, fields };

    bool add(Member::Kind kind, std::string text) {
        if (depth_ == Depth::top) return refuse("expected an object, {\"op\": ...}");
        if (depth_ == Depth::fields) {
            if (kind != Member::Kind::text) {
                key_ = "field " + field_;
                return refuse("expected text in quotes");
            }
            members_.back().fields.emplace_back(field_, std::move(text));
            return true;
        }
        Member& member = members_.emplace_back();
        member.name = key_;
        member.kind = kind;
        member.text = std::move(text);
        return true;
    }

    /// The line that the parser has come to.
    std::size_t line() {
        line_ += static_cast<std::size_t>(std::count(counted_, seen_, '\n'));
        counted_ = seen_;
        return line_;
    }

    bool refuse(const std::string& why) {
        fault = {operations.size() + 1, begun_ != 0 ? begun_ : line()};
        error = depth_ == Depth::top || key_.empty() ? why : key_ + ": " + why;
        if (many_) error = "operation " + std::to_string(operations.size() + 1) + ": " + error;
        return false;
    }

    const OperationDefaults& defaults_;
    std::string_view text_;
    const char* seen_;     ///< Behind the last character that the parser took.
    const char* counted_;  ///< `line_` counts the line breaks before here.
    std::size_t line_ = 1;
    std::size_t begun_ = 0;  ///< Line of the operation that is being read; 0 between them.
    Depth depth_ = Depth::top;
    bool many_ = false;
    std::string key_;
    std::string field_;
    std::vector<Member> members_;
};

bool is_only_blanks(std::string_view text) {
    return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

Result<std::vector<PlacedOperation>> parse_lines(std::string_view text,
                                                 const OperationDefaults& defaults,
                                                 TicketFault& fault) {
    std::vector<PlacedOperation> placed;
    std::size_t number = 0;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        const std::string place = "line " + std::to_string(++number);
        if (is_only_blanks(line)) continue;
        auto operations = parse_operations(line, defaults);
        if (!operations) {
            fault = {placed.size() + 1, number};
            return schema::fail(place, operations.error());
        }
        for (Operation& operation : *operations) {
            placed.push_back({std::move(operation), place, number});
        }
    }
    return placed;
}

}  // namespace

Result<std::vector<Operation>> parse_operations(std::string_view json,
                                                const OperationDefaults& defaults) {
    Gatherer gatherer(json, defaults);
    if (!gatherer.read()) return schema::fail(Errc::invalid, gatherer.error);
    if (gatherer.operations.empty()) return schema::fail(Errc::invalid, "no operation in it");
    return std::move(gatherer.operations);
}

Result<std::vector<PlacedOperation>> parse_ticket(std::string_view text,
                                                  const OperationDefaults& defaults,
                                                  TicketFault* fault) {
    TicketFault nobody;
    TicketFault& where = fault != nullptr ? *fault : nobody;
    if (is_only_blanks(text))
        return schema::fail(Errc::invalid, "empty: expected operations as JSON");
    std::vector<PlacedOperation> placed;
    const bool array = text[text.find_first_not_of(" \t\r\n")] == '[';
    Gatherer whole(text, defaults);
    if (whole.read()) {
        const bool spread = !whole.lines.empty() && whole.lines.back() > 1;
        for (Operation& operation : whole.operations) {
            const std::size_t line = whole.lines[placed.size()];
            std::string place = "operation " + std::to_string(placed.size() + 1);
            if (spread) place += ", line " + std::to_string(line);
            placed.push_back({std::move(operation), std::move(place), line});
        }
        if (placed.empty()) return schema::fail(Errc::invalid, "no operation in it");
    } else {
        if (array) {
            where = whole.fault;
            const std::string line =
                where.line > 1 ? "line " + std::to_string(where.line) + ": " : "";
            return schema::fail(Errc::invalid, line + whole.error);
        }
        auto lines = parse_lines(text, defaults, where);
        if (!lines) return lines;
        placed = std::move(*lines);
    }
    if (placed.size() > schema::kOperationsMax) {
        return schema::fail(Errc::too_large, "more than " + std::to_string(schema::kOperationsMax) +
                                                 " operations in one ticket");
    }
    return placed;
}

}  // namespace filial::cli
