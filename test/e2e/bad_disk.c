/* A disk under one folder that fails one operation when it is told to: preloaded into a program by
   bad_disk.py. BAD_DISK is the folder; a file "FOLDER.HOW" beside it, where HOW is write, torn,
   sync or read, is taken away by the operation that fails with EIO. Of a torn write the first half
   is there. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int fails(int fd, const char* how) {
    const char* folder = getenv("BAD_DISK");
    char told[4096], link[64], path[4096];
    if (folder == NULL) return 0;
    snprintf(told, sizeof told, "%s.%s", folder, how);
    if (access(told, F_OK) != 0) {
        errno = 0;
        return 0;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0) return 0;
    path[size] = 0;
    const size_t length = strlen(folder);
    if (strncmp(path, folder, length) != 0 || path[length] != '/') return 0;
    if (unlink(told) != 0) return 0;
    errno = EIO;
    return 1;
}

#define THE_REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void* bytes, size_t size) {
    THE_REAL(write);
    if (fails(fd, "write")) return -1;
    if (fails(fd, "torn")) {
        if (real(fd, bytes, size / 2) < 0) return -1;
        errno = EIO;
        return -1;
    }
    return real(fd, bytes, size);
}

ssize_t pread64(int fd, void* bytes, size_t size, off64_t at) {
    THE_REAL(pread64);
    return fails(fd, "read") ? -1 : real(fd, bytes, size, at);
}

ssize_t pread(int fd, void* bytes, size_t size, off_t at) {
    THE_REAL(pread);
    return fails(fd, "read") ? -1 : real(fd, bytes, size, at);
}

int fsync(int fd) {
    THE_REAL(fsync);
    return fails(fd, "sync") ? -1 : real(fd);
}

int fdatasync(int fd) {
    THE_REAL(fdatasync);
    return fails(fd, "sync") ? -1 : real(fd);
}
