/* Lets the call that FAILING_CALL names fail with the number in FAILING_ERRNO. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fails(const char *call)
{
    const char *failing = getenv("FAILING_CALL");
    if (!failing || strcmp(failing, call))
        return 0;
    errno = atoi(getenv("FAILING_ERRNO"));
    return 1;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* Only of folders: a file system that can't sync its files has no name. */
int fsync(int fd)
{
    struct stat found;
    if (!fstat(fd, &found) && S_ISDIR(found.st_mode) && fails("fsync"))
        return -1;
    return NEXT(fsync)(fd);
}

int fdatasync(int fd)
{
    return fails("fdatasync") ? -1 : NEXT(fdatasync)(fd);
}

int rename(const char *from, const char *to)
{
    /* A rename to a new name works. */
    if (!access(to, F_OK) && fails("rename"))
        return -1;
    return NEXT(rename)(from, to);
}

int unlink(const char *path)
{
    return fails("unlink") ? -1 : NEXT(unlink)(path);
}

int ftruncate64(int fd, off64_t length)
{
    return fails("ftruncate") ? -1 : NEXT(ftruncate64)(fd, length);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset)
{
    return fails("pwrite") ? -1 : NEXT(pwrite64)(fd, bytes, count, offset);
}

int chmod(const char *path, mode_t mode)
{
    return fails("chmod") ? -1 : NEXT(chmod)(path, mode);
}

extern int flock(int fd, int operation);

int flock(int fd, int operation)
{
    struct stat found;
    /* Of folders it may fail. */
    if (!fstat(fd, &found) && S_ISREG(found.st_mode) && fails("flock"))
        return -1;
    return NEXT(flock)(fd, operation);
}
