#include "publisher/log_place.h"

#include "core/log.h"
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

bool readmitted(const core::Journal& journal, const Quarantine& quarantine) {
    if (schema::planted(schema::Bug::quarantine_forgotten)) return true;
    const auto head = journal.head(quarantine.store);
    return head && head->incarnation == quarantine.incarnation;
}

}  // namespace filial::publisher
