#include "publisher/log_place.h"

#include "core/log.h"
#include "publisher/outbox.h"
#include "schema/planted.h"

namespace filial::publisher {

using core::Quarantine;
using schema::Result;

Result<void> begin_quarantine(const core::Options& options, const std::string& why) {
    core::log(core::Level::error,
              "the log may have gone on elsewhere: nothing is booked here until head "
              "office has readmitted this machine",
              {{"why", why}});
    return write_quarantine(options.data, core::begin_quarantine(options.store, why));
}

Result<void> set_aside(const core::Options& options, const LogPlace& place, Quarantine quarantine,
                       const std::string& why) {
    int number = 1;
    const auto name = [&] { return "publisher.aside-" + std::to_string(number); };
    while (place.taken(name())) ++number;
    quarantine.aside.push_back(name());
    core::log(core::Level::warn,
              "the log here is not the one that the brokers hold; it is kept apart",
              {{"folder", (options.data / name()).string()}, {"why", why}});
    return write_quarantine(options.data, quarantine);
}

Result<void> make_room(const Quarantine& quarantine, LogPlace& place) {
    for (const std::string& name : quarantine.aside) {
        if (place.taken(name)) continue;
        if (const auto moved = place.move_aside(name); !moved) return moved;
    }
    return {};
}

Result<void> note_quarantine(core::Journal& journal, const Quarantine& quarantine) {
    const std::string text = core::quarantine_text(quarantine);
    const auto noted = journal.get(kQuarantineKey);
    if (!noted) return tl::unexpected(noted.error());
    if (*noted == text) return {};
    core::JournalWrite write;
    write.state.emplace_back(kQuarantineKey, text);
    return journal.commit(write, true);
}

Result<std::optional<Quarantine>> unlifted(const core::Options& options,
                                           const core::Journal& journal) {
    const auto noted = journal.get(kQuarantineKey);
    if (!noted) return tl::unexpected(noted.error());
    if (!*noted) return std::optional<Quarantine>();
    auto quarantine = core::parse_quarantine(**noted);
    if (!quarantine) return schema::fail("quarantine in the state of the log", quarantine.error());
    if (readmitted(journal, *quarantine)) return std::optional<Quarantine>();
    core::log(core::Level::error,
              "the file quarantine is gone, but head office has not readmitted this machine: it is "
              "there again, and nothing is booked",
              {{"folder", options.data.string()}, {"why", quarantine->reason}});
    const auto written = core::write_quarantine(options.data, *quarantine);
    if (!written) return tl::unexpected(written.error());
    return std::optional<Quarantine>(std::move(*quarantine));
}

bool readmitted(const core::Journal& journal, const Quarantine& quarantine) {
    if (schema::planted(schema::Bug::quarantine_forgotten)) return true;
    const auto head = journal.head(quarantine.store);
    return head && head->incarnation == quarantine.incarnation;
}

}  // namespace filial::publisher
