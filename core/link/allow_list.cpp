#include "core/link/allow_list.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/disk_text.h"
#include "core/link/keys.h"
#include "core/options_toml.h"
#include "schema/ids.h"

namespace filial::core {

using schema::Errc;
using schema::fail;
using schema::Result;

namespace {

constexpr unsigned kMode = 0600;
constexpr std::string_view kHead =
    "# Who may connect here, and what for. `filial admit` and `filial revoke` write this file;\n"
    "# changes by hand hold as soon as it is saved.\n";

/// Says which file it is: another one, or one that was written again, has another text.
std::string stamp_of(const std::filesystem::path& file) {
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0) return errno == ENOENT ? "none" : "";
    return std::to_string(info.st_size) + " " + std::to_string(info.st_mtim.tv_sec) + "." +
           std::to_string(info.st_mtim.tv_nsec) + " " + std::to_string(info.st_ino);
}

/// Why this value cannot be that key of an admission; empty if it was set.
std::string set_entry(Admission& to, const TomlEntry& entry) {
    const auto set = [&](auto& member) {
        const auto* value = std::get_if<std::remove_reference_t<decltype(member)>>(&entry.value);
        if (value == nullptr) return "it is " + std::string(toml_kind(entry.value));
        member = *value;
        return std::string();
    };
    const auto expected = [](std::string why, const char* what) {
        return why.empty() ? why : why + ", expected " + what;
    };
    if (entry.key == "name") return expected(set(to.store), "a store's name");
    if (entry.key == "key") return expected(set(to.key), "40 characters of Z85");
    if (entry.key == "read") return expected(set(to.read), "a list of topics, or [\"*\"]");
    if (entry.key == "publish") return expected(set(to.publish), "true or false");
    if (entry.key == "relay") return expected(set(to.relay), "true or false");
    if (entry.key == "tickets") return expected(set(to.tickets), "true or false");
    return "unknown key, expected name, key, read, publish, relay or tickets";
}

/// Why this cannot be an admission, with the key that is wrong; empty if it can.
std::string problem_of(const Admission& entry) {
    if (auto name = schema::parse_store_id(entry.store); !name) {
        return "name: " + name.error().message;
    }
    if (!is_curve_key(entry.key)) {
        return "key: expected the store's public key, 40 characters of Z85 (its curve.pub)";
    }
    for (const std::string& topic : entry.read) {
        if (topic == schema::kAllTopics) continue;
        if (auto parsed = schema::parse_topic(topic); !parsed) {
            return "read: " + parsed.error().message;
        }
    }
    return "";
}

using Admissions = std::map<std::string, Admission>;

Result<Admissions> admissions_from(const std::vector<TomlTable>& tables, const std::string& name) {
    Admissions admissions;
    std::map<std::string, std::string> names;
    const auto refuse = [&](std::size_t line, const std::string& why) {
        return fail(Errc::invalid, name + ":" + std::to_string(line) + ": " + why);
    };
    for (const TomlTable& table : tables) {
        const bool store = table.name == "store" && table.of_list;
        if (!store && table.name.empty() && table.entries.empty()) continue;
        if (!store) {
            const std::size_t line = table.entries.empty() ? table.line : table.entries[0].line;
            return refuse(line, (table.name.empty() ? table.entries[0].key : table.name) +
                                    ": unknown here, expected [[store]]");
        }
        Admission admission;
        for (const TomlEntry& entry : table.entries) {
            const std::string why = set_entry(admission, entry);
            if (!why.empty()) return refuse(entry.line, entry.key + ": " + why);
        }
        const std::string why = problem_of(admission);
        if (!why.empty()) return refuse(table.line, "[[store]]: " + why);
        if (admissions.count(admission.store) != 0) {
            return refuse(table.line, "name: " + admission.store + " is here twice");
        }
        const auto [other, fresh] = names.emplace(admission.key, admission.store);
        if (!fresh) return refuse(table.line, "key: it is that of " + other->second + " as well");
        admissions.emplace(admission.store, admission);
    }
    return admissions;
}

/// Those in the file; none if there is no file.
Result<Admissions> read_admissions(const std::filesystem::path& file) {
    const auto tables = read_toml(file);
    if (tables) return admissions_from(*tables, file.string());
    if (tables.error().code == Errc::not_found) return Admissions{};
    return fail("allow list", tables.error());
}

std::string text_of(const Admissions& admissions) {
    std::string text(kHead);
    for (const auto& [store, entry] : admissions) {
        text += "\n[[store]]\nname = " + toml_text(store) + "\nkey = " + toml_text(entry.key) +
                "\nread = " + toml_text(entry.read) + "\npublish = " + toml_text(entry.publish) +
                "\nrelay = " + toml_text(entry.relay) + "\ntickets = " + toml_text(entry.tickets) +
                "\n";
    }
    return text;
}

/// One writer at a time, of all processes.
class WriterLock {
  public:
    static Result<WriterLock> take(const std::filesystem::path& file) {
        const std::string name = file.string() + ".lock";
        WriterLock lock(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode));
        int rc = -1;
        while (lock.fd_ >= 0 && (rc = ::flock(lock.fd_, LOCK_EX)) != 0 && errno == EINTR) {
        }
        if (rc != 0) return fail(Errc::io, "lock " + name + ": " + std::strerror(errno));
        return lock;
    }
    ~WriterLock() {
        if (fd_ >= 0) ::close(fd_);
    }
    WriterLock(WriterLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    WriterLock& operator=(WriterLock&&) = delete;

  private:
    explicit WriterLock(int fd) : fd_(fd) {}
    int fd_;
};

}  // namespace

Result<std::vector<Admission>> AllowList::parse_allow_list(schema::ByteView text,
                                                           const std::string& name) {
    const auto tables = parse_toml(text, name);
    if (!tables) return tl::unexpected(tables.error());
    const auto admissions = admissions_from(*tables, name);
    if (!admissions) return tl::unexpected(admissions.error());
    std::vector<Admission> list;
    for (const auto& [store, entry] : *admissions) list.push_back(entry);
    return list;
}

AllowList::AllowList(std::filesystem::path file) : file_(std::move(file)) {}

AllowList::AllowList(const std::vector<Admission>& fixed) {
    for (const Admission& entry : fixed) {
        by_store_[entry.store] = entry;
        store_by_key_[entry.key] = entry.store;
    }
}

Result<void> AllowList::refresh() {
    if (file_.empty()) return {};
    const std::string stamp = stamp_of(file_);
    if (stamp.empty() || stamp != seen_) {
        // Taken before reading: what is written meanwhile is another stamp, and read next time.
        seen_ = stamp;
        damage_.reset();
        auto admissions = read_admissions(file_);
        if (!admissions) {
            damage_ = admissions.error();
        } else {
            by_store_ = std::move(*admissions);
            store_by_key_.clear();
            for (const auto& [store, entry] : by_store_) store_by_key_[entry.key] = store;
        }
    }
    if (damage_) return tl::unexpected(*damage_);
    return {};
}

const Admission* AllowList::find_key(std::string_view curve_public) const {
    const auto found = store_by_key_.find(std::string(curve_public));
    return found == store_by_key_.end() ? nullptr : find_store(found->second);
}

const Admission* AllowList::find_store(std::string_view store) const {
    const auto found = by_store_.find(std::string(store));
    return found == by_store_.end() ? nullptr : &found->second;
}

std::vector<Admission> AllowList::all() const {
    std::vector<Admission> list;
    for (const auto& [store, entry] : by_store_) list.push_back(entry);
    return list;
}

bool AllowList::may_read(const Admission& admission, std::string_view topic) {
    if (topic == schema::kTopicControl) return true;
    const bool of_accounts = topic == schema::kTopicAccounts;
    return std::any_of(admission.read.begin(), admission.read.end(), [&](const std::string& one) {
        const bool comes_with =
            of_accounts && (one == schema::kTopicDebts || one == schema::kTopicCustomers);
        return one == schema::kAllTopics || one == topic || comes_with;
    });
}

Result<void> AllowList::admit(const std::filesystem::path& file, const Admission& entry) {
    const std::string why = problem_of(entry);
    if (!why.empty()) return fail(Errc::invalid, "admit: " + why);
    const auto lock = WriterLock::take(file);
    if (!lock) return fail("admit " + entry.store, lock.error());
    auto admissions = read_admissions(file);
    if (!admissions) return fail("admit " + entry.store, admissions.error());
    for (const auto& [store, other] : *admissions) {
        if (other.key == entry.key && store != entry.store) {
            return fail(Errc::invalid, "admit " + entry.store + ": this is the key of " + store +
                                           "; each store has its own");
        }
    }
    (*admissions)[entry.store] = entry;
    return replace_text(file, text_of(*admissions), kMode);
}

Result<void> AllowList::revoke(const std::filesystem::path& file, const std::string& store) {
    const auto lock = WriterLock::take(file);
    if (!lock) return fail("revoke " + store, lock.error());
    auto admissions = read_admissions(file);
    if (!admissions) return fail("revoke " + store, admissions.error());
    if (admissions->erase(store) == 0) {
        return fail(Errc::not_found, "revoke " + store + ": it is not in " + file.string());
    }
    return replace_text(file, text_of(*admissions), kMode);
}

}  // namespace filial::core
