#include "core/last_words.h"

#include <signal.h>
#include <unistd.h>

#include <new>

namespace filial::core {
namespace {

/// Made before they are needed: saying them must take no memory.
std::string no_memory;
std::string failed_check;
int last_code = 1;

/// If not even this can be said, the way of ending is left.
void say(const std::string& words) { (void)!::write(STDERR_FILENO, words.data(), words.size()); }

void end_without_memory() {
    say(no_memory);
    ::_exit(last_code);
}

/// Handled once: the second one ends the process as soon as this returns, also where it was not
/// abort() that sent the first, as a watchdog does.
void on_abort(int) {
    say(failed_check);
    (void)::raise(SIGABRT);
}

}  // namespace

void say_last_words(const std::string& program, int exit_code) {
    const std::string after = " and start it again\n";
    no_memory = program +
                ": out of memory: the system gives this process no more. What was answered is on "
                "the disk. Look what else needs memory on this machine, or raise the limit "
                "(MemoryMax of the service, ulimit -v)," +
                after;
    failed_check =
        program +
        ": ended by a check that failed, inside this program or a library; what it says "
        "stands above. That is so where a disk fails while it syncs, and where a library "
        "gets no memory. What was answered is on the disk. Look for errors of the disk "
        "(dmesg) and at the memory," +
        after;
    last_code = exit_code;
    std::set_new_handler(end_without_memory);
    struct sigaction action {};
    action.sa_handler = on_abort;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGABRT, &action, nullptr);
}

}  // namespace filial::core
