#include "subscriber/csv_key.h"

namespace filial::subscriber {

void append_csv(schema::Bytes& to, std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
        to += text;
    } else {
        to += '"';
        for (const char c : text) {
            if (c == '"') to += '"';
            to += c;
        }
        to += '"';
    }
    to += ',';
}

std::string take_csv(schema::ByteView& from) {
    std::string text;
    if (from.empty() || from.front() != '"') {
        const auto comma = from.find(',');
        if (comma == schema::ByteView::npos) {
            from = {};
            return {};
        }
        text = from.substr(0, comma);
        from.remove_prefix(comma + 1);
        return text;
    }
    std::size_t at = 1;
    while (at < from.size()) {
        if (from[at] == '"') {
            if (at + 1 >= from.size() || from[at + 1] != '"') break;
            ++at;
        }
        text += from[at++];
    }
    const bool closed = at + 1 < from.size() && from[at + 1] == ',';
    if (!closed) text.clear();
    from.remove_prefix(closed ? at + 2 : from.size());
    return text;
}

}  // namespace filial::subscriber
