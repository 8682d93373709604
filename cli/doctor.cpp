#include "cli/doctor.h"

#include <algorithm>
#include <thread>

#include "cli/epochs.h"
#include "cli/person.h"
#include "cli/queue.h"
#include "cli/time_text.h"
#include "core/disk_text.h"
#include "core/journal/folder.h"
#include "core/journal/journal_exam.h"
#include "core/journal/journal_repair.h"

namespace filial::cli {

namespace fs = std::filesystem;
using schema::Errc;
using schema::Result;
using schema::Status;

namespace {

constexpr std::chrono::milliseconds kAskWait{2'000};
constexpr std::chrono::milliseconds kBetween{100};
constexpr const char* kAcceptLoss = "accept-loss";

/// What one program keeps, and how it is.
struct Place {
    Process process = Process::publisher;
    fs::path folder;
    bool running = false;
    std::string state = "whole";  ///< whole, damaged, repairing, repaired, empty, unknown.
    std::string why;
    std::vector<schema::DamagedEvents> damages;
    std::string todo;
    std::optional<std::uint64_t> rows;
    std::vector<core::EpochBegun> epochs;  ///< Of the publisher's log.
    std::string accepted;  ///< A loss that a person gave up, and that is not on the record yet.
    std::vector<std::pair<fs::path, std::string>> aside;

    bool well() const { return state == "whole" || state == "repaired" || state == "empty"; }
};

fs::path folder_of(Process process, const core::Options& options) {
    switch (process) {
        case Process::publisher:
            return options.publisher_dir();
        case Process::subscriber:
            return options.subscriber_dir();
        case Process::broker:
            return options.broker_dir();
    }
    return {};
}

std::int64_t counter(const Status& status, const std::string& name) {
    for (const auto& [each, value] : status.counters) {
        if (each == name) return value;
    }
    return -1;
}

bool repairs(const Status& status) { return counter(status, "repair") > 0; }

/// What a program that does not run left behind, and what becomes of it.
Result<void> examine(Place& place, const core::Options& options, bool repair) {
    const bool replica = place.process == Process::subscriber;
    const std::string own = place.process == Process::publisher ? options.store.value() : "";
    const auto exam = replica ? core::examine_database(place.folder, {"received"})
                              : core::examine_journal(place.folder, own);
    if (!exam) {
        place.state = "unknown";
        place.why = exam.error().message;
        place.todo = exam.error().code == Errc::locked ? "end the program that has it, or wait"
                                                       : "mend that, then look again";
        return {};
    }
    if (!exam->any) place.state = "empty";
    place.rows = exam->rows;
    if (exam->whole()) return {};
    place.state = "damaged";
    place.why = exam->unreadable;
    for (const core::LogDamage& each : exam->damages) {
        place.damages.push_back(
            {each.store.value(), each.topic, each.after.value(), each.upto.value(), each.why});
    }
    const std::string program = "filial-" + name_of(place.process);
    place.todo = "start " + program + ": " +
                 (replica                               ? "it loads every log again"
                  : place.process == Process::publisher ? "it repairs its log from its brokers "
                                                          "before it takes a ticket"
                                                        : "it asks the stores again for what is "
                                                          "missing");
    if (replica) return {};
    if (repair) {
        std::string why = exam->unreadable;
        if (!exam->damages.empty()) why += (why.empty() ? "" : "; ") + to_string(exam->damages);
        return core::ask_for_repair(place.folder, why);
    }
    place.todo = "`filial doctor --repair`, then " + place.todo;
    return {};
}

/// Lets a program that runs look at everything that it keeps, and waits for it.
class Look {
  public:
    Look(Context& context, Place& place, Status first, const DoctorArgs& args)
        : context_(context), place_(place), first_(std::move(first)), args_(args) {}

    void run() {
        if (!looks(first_)) return cannot_look(first_);
        const std::size_t aside = place_.aside.size();
        const bool begun = repairs(first_) || ask(true).has_value();
        std::optional<Status> now = first_;
        while (begun && !over(now, aside) && patient()) {
            std::this_thread::sleep_for(kBetween);
            now = ask(false);
        }
        place_.aside = core::put_aside_in(place_.folder);
        judge(now, aside);
    }

  private:
    /// In quarantine a publisher keeps its log, and looks at nothing.
    static bool looks(const Status& status) {
        return repairs(status) || counter(status, "looks") >= 0;
    }
    void cannot_look(const Status& now) {
        place_.state = "unknown";
        place_.why = "it does not look through what it keeps now: " + now.health;
        place_.todo = "do what it says, then `filial doctor` again";
    }
    std::optional<Status> ask(bool look) {
        auto link = context_.connect(place_.process);
        if (!link) return std::nullopt;
        auto status = ask_for<Status>(**link, schema::StatusAsk{0, look}, kAskWait);
        return status ? std::optional(std::move(*status)) : std::nullopt;
    }
    bool patient() const {
        const auto spent = context_.clock.boot().value() - began_.value();
        return spent < args_.wait_seconds * core::kSecond;
    }
    /// The look is done; a program that repairs is waited for only where that was asked.
    bool over(const std::optional<Status>& now, std::size_t aside) {
        if (!now) return false;
        if (repairs(*now)) return !args_.repair && !args_.accept_loss;
        const bool again = now->uptime_us < first_.uptime_us;
        if (repairs(first_) || again) return true;
        const bool moved = core::put_aside_in(place_.folder).size() > aside;
        return moved || counter(*now, "looks") > counter(first_, "looks");
    }
    void judge(const std::optional<Status>& now, std::size_t aside) {
        if (!now || (!repairs(*now) && !patient())) {
            place_.state = "unknown";
            place_.why = now ? "it has not looked at everything yet" : "it does not answer";
            place_.todo = "look at its log, and again later";
            return;
        }
        place_.damages = now->damages;
        if (repairs(*now)) {
            place_.state = "repairing";
            place_.why = now->health;
            place_.todo = "wait, or do what it says";
        } else if (place_.aside.size() > aside || repairs(first_)) {
            place_.state = "repaired";
            place_.why = place_.aside.empty() ? "" : place_.aside.back().second;
        } else if (!looks(*now)) {
            cannot_look(*now);
        } else if (!place_.damages.empty()) {
            place_.state = "repaired";
            place_.why = "damaged rows were found, their logs are loaded again";
        }
    }

    Context& context_;
    Place& place_;
    Status first_;
    const DoctorArgs& args_;
    core::BootTime began_ = context_.clock.boot();
};

/// Leaves the note that the publisher goes by.
Result<void> accept_loss(const core::Options& options, const DoctorArgs& args,
                         const std::vector<ProcessReport>& reports) {
    const fs::path folder = options.publisher_dir();
    bool missing = core::repair_asked(folder).has_value();
    for (const ProcessReport& report : reports) {
        if (report.process != Process::publisher) continue;
        if (report.status) {
            missing = repairs(*report.status);
        } else if (!missing) {
            const auto exam = core::examine_journal(folder, options.store.value());
            if (!exam) return tl::unexpected(exam.error());
            missing = exam->any && !exam->whole();
        }
    }
    if (!missing) {
        return schema::fail(Errc::refused,
                            "doctor --accept-loss: nothing is missing from the log of " +
                                options.store.value() + ", so there is nothing to give up");
    }
    std::string reason = args.reason;
    std::replace(reason.begin(), reason.end(), '\n', ' ');
    return core::replace_text(folder / kAcceptLoss, reason + "\nby " + this_person() + "\n", 0600);
}

/// What the log says of its epochs, and what a person has decided that it does not say yet.
void look_at_epochs(Place& place, const core::Options& options) {
    if (place.process != Process::publisher) return;
    place.epochs = epochs_in(place.folder, options.store);
    const auto note = core::read_text(place.folder / kAcceptLoss, 4'096);
    if (!note) return;
    place.accepted = *note;
    while (!place.accepted.empty() && place.accepted.back() == '\n') place.accepted.pop_back();
    std::replace(place.accepted.begin(), place.accepted.end(), '\n', ' ');
}

Json place_json(const Place& place) {
    Json damages = Json::array();
    for (const schema::DamagedEvents& each : place.damages) {
        Json one;
        one["store"] = each.store;
        one["topic"] = each.topic;
        one["first"] = each.after + 1;
        one["last"] = each.upto;
        one["why"] = each.why;
        damages.push_back(std::move(one));
    }
    Json aside = Json::array();
    for (const auto& [folder, why] : place.aside) {
        Json one;
        one["folder"] = folder.string();
        one["why"] = why;
        aside.push_back(std::move(one));
    }
    Json out;
    out["process"] = name_of(place.process);
    out["folder"] = place.folder.string();
    out["running"] = place.running;
    out["state"] = place.state;
    out["why"] = place.why;
    out["todo"] = place.todo;
    out["rows"] = place.rows ? Json(*place.rows) : Json(nullptr);
    out["damages"] = std::move(damages);
    if (place.process == Process::publisher) {
        out["epochs"] = epochs_json(place.epochs);
        out["accepted"] = place.accepted.empty() ? Json(nullptr) : Json(place.accepted);
    }
    out["aside"] = std::move(aside);
    return out;
}

std::string place_text(const Place& place) {
    std::string text = name_of(place.process) + ": " + place.state;
    if (place.rows && place.state == "whole") text += ", " + counted(*place.rows, "row");
    if (!place.why.empty()) text += ": " + place.why;
    text += "\n";
    for (const schema::DamagedEvents& each : place.damages) {
        const core::LogDamage damage{schema::StoreId{each.store}, each.topic,
                                     schema::Sequence{each.after}, schema::Sequence{each.upto},
                                     each.why};
        text += "  " + to_string(damage) + "\n";
    }
    if (!place.todo.empty()) text += "  what to do: " + place.todo + "\n";
    for (const core::EpochBegun& each : place.epochs) text += "  " + epoch_text(each) + "\n";
    if (!place.accepted.empty()) {
        text +=
            "  a loss is accepted, and counts once filial-publisher has seen that neither a broker "
            "nor this store's replica has more: " +
            place.accepted + "\n";
    }
    for (const auto& [folder, why] : place.aside) {
        text += "  put aside, to be deleted when nobody needs it: " + folder.string() +
                (why.empty() ? "" : " (" + why + ")") + "\n";
    }
    return text;
}

}  // namespace

Result<int> run_doctor(Context& context, const DoctorArgs& args) {
    const auto options = context.options();
    if (!options) return tl::unexpected(options.error());
    if ((*options)->is_central()) {
        return schema::fail(Errc::invalid, "doctor: this shop keeps nothing itself, look at " +
                                               (*options)->central.store.value());
    }
    const auto reports = ask_processes(context);
    if (!reports) return tl::unexpected(reports.error());
    if (args.accept_loss) {
        if (const auto ok = accept_loss(**options, args, *reports); !ok) {
            return tl::unexpected(ok.error());
        }
    }
    Json places = Json::array();
    std::string text;
    bool well = true;
    for (const ProcessReport& report : *reports) {
        Place place;
        place.process = report.process;
        place.folder = folder_of(report.process, **options);
        place.running = report.status.has_value();
        place.aside = core::put_aside_in(place.folder);
        if (report.status) {
            Look(context, place, *report.status, args).run();
        } else if (const auto ok = examine(place, **options, args.repair); !ok) {
            return tl::unexpected(ok.error());
        }
        look_at_epochs(place, **options);
        well = well && place.well();
        text += place_text(place);
        places.push_back(place_json(place));
    }
    Json out;
    out["whole"] = well;
    out["places"] = std::move(places);
    context.console.out(context.console.json ? dump(out) + "\n" : text);
    return well ? kDone : kFailed;
}

}  // namespace filial::cli
