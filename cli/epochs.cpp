#include "cli/epochs.h"

#include "cli/time_text.h"
#include "core/journal/journal_view.h"
#include "core/journal/log_damage.h"

namespace filial::cli {

using core::EpochBegun;

std::string epoch_text(const EpochBegun& begun) {
    std::string text = "epoch " + std::to_string(begun.epoch) + " goes on behind event " +
                       std::to_string(begun.continues_from);
    if (begun.at.value() != 0) text += ", since " + local_time(begun.at);
    if (begun.lost_upto == 0 && begun.reason.empty()) return text;
    text += "; ";
    text += begun.lost_upto > begun.continues_from
                ? core::events_text(schema::Sequence{begun.continues_from},
                                    schema::Sequence{begun.lost_upto}) +
                      " given up"
                : "what may have stood behind it given up";
    if (!begun.who.empty()) text += " by " + begun.who;
    return begun.reason.empty() ? text : text + ": " + begun.reason;
}

Json epochs_json(const std::vector<EpochBegun>& epochs) {
    Json all = Json::array();
    for (const EpochBegun& begun : epochs) {
        const bool loss = begun.lost_upto != 0 || !begun.reason.empty();
        Json one;
        one["epoch"] = begun.epoch;
        one["first"] = begun.first;
        one["continues_from"] = begun.continues_from;
        one["at"] = begun.at.value() == 0 ? Json(nullptr) : Json(to_string(begun.at));
        one["lost_upto"] = loss ? Json(begun.lost_upto) : Json(nullptr);
        one["who"] = begun.who.empty() ? Json(nullptr) : Json(begun.who);
        one["reason"] = loss ? Json(begun.reason) : Json(nullptr);
        all.push_back(std::move(one));
    }
    return all;
}

std::vector<EpochBegun> epochs_in(const std::filesystem::path& folder,
                                  const schema::StoreId& store) {
    const auto view = core::JournalView::open(folder);
    if (!view) return {};
    const auto head = view->head(store);
    if (!head) return {};
    auto epochs = core::epochs_of(
        *head, [&](const core::ReadRequest& request) { return view->read(request); });
    return epochs ? std::move(*epochs) : std::vector<EpochBegun>();
}

}  // namespace filial::cli
