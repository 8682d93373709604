#include "core/out_of_memory.h"

#include <unistd.h>

#include <new>

namespace filial::core {
namespace {

/// Made before it is needed: saying it must take no memory.
std::string last_words;
int last_code = 1;

void say_and_end() {
    // If not even this can be said, the exit code is left.
    (void)!::write(STDERR_FILENO, last_words.data(), last_words.size());
    ::_exit(last_code);
}

}  // namespace

void end_without_memory(const std::string& program, int exit_code) {
    last_words = program +
                 ": out of memory: the system gives this process no more. What was answered is on "
                 "the disk. Look what else needs memory on this machine, or raise the limit "
                 "(MemoryMax of the service, ulimit -v), and start it again\n";
    last_code = exit_code;
    std::set_new_handler(say_and_end);
}

}  // namespace filial::core
