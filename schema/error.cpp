#include "schema/error.h"

#include <array>

namespace filial::schema {
namespace {

constexpr std::array kTable{
    ErrorInfo{Errc::io, "io", 1, true, "operator"},
    ErrorInfo{Errc::corrupt, "corrupt", 1, false, "operator"},
    ErrorInfo{Errc::gap, "gap", 1, true, "nobody"},
    ErrorInfo{Errc::too_large, "too_large", 2, false, "program"},
    ErrorInfo{Errc::invalid, "invalid", 2, false, "person"},
    ErrorInfo{Errc::not_found, "not_found", 6, false, "person"},
    ErrorInfo{Errc::busy, "busy", 1, true, "nobody"},
    ErrorInfo{Errc::no_space, "no_space", 1, true, "operator"},
    ErrorInfo{Errc::unreachable, "unreachable", 5, true, "nobody"},
    ErrorInfo{Errc::stale, "stale", 3, true, "person"},
    ErrorInfo{Errc::refused, "refused", 4, false, "person"},
    ErrorInfo{Errc::not_allowed, "not_allowed", 7, false, "head office"},
    ErrorInfo{Errc::already_done, "already_done", 0, false, "nobody"},
    ErrorInfo{Errc::number_reused, "number_reused", 2, false, "program"},
    ErrorInfo{Errc::not_held, "not_held", 6, true, "operator"},
    ErrorInfo{Errc::snapshot_needed, "snapshot_needed", 1, false, "program"},
    ErrorInfo{Errc::forked, "forked", 7, false, "head office"},
    ErrorInfo{Errc::stale_incarnation, "stale_incarnation", 7, false, "head office"},
    ErrorInfo{Errc::schema_too_new, "schema_too_new", 1, false, "operator"},
    ErrorInfo{Errc::unknown_kind, "unknown_kind", 1, false, "operator"},
    ErrorInfo{Errc::unknown_session, "unknown_session", 5, true, "nobody"},
    ErrorInfo{Errc::timeout, "timeout", 5, true, "nobody"},
    ErrorInfo{Errc::locked, "locked", 1, false, "operator"},
    ErrorInfo{Errc::overflow, "overflow", 4, false, "person"},
    ErrorInfo{Errc::dictionary_missing, "dictionary_missing", 1, true, "nobody"},
};

}  // namespace

std::span<const ErrorInfo> error_table() { return kTable; }

const ErrorInfo& error_info(Errc code) {
    for (const ErrorInfo& row : kTable) {
        if (row.code == code) return row;
    }
    return kTable[0];
}

Errc errc_from_wire(std::uint64_t number) {
    for (const ErrorInfo& row : kTable) {
        if (static_cast<std::uint64_t>(row.code) == number) return row.code;
    }
    return Errc::io;
}

}  // namespace filial::schema
