#include "postgres.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../predictors/c/guard.h"
#include "access/parallel.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "mapped.h"

#define FOLDER "pgml_predictors" /* in the data directory, where a backend is at home */

static Mapped *all;

static void path_of(const char *digest, char path[sizeof FOLDER + DIGEST_LENGTH + 1])
{
    snprintf(path, sizeof FOLDER + DIGEST_LENGTH + 1, FOLDER "/%s", digest);
}

static uint64 modified_of(const struct stat *found)
{
    return (uint64)found->st_mtim.tv_sec * 1000000000 + (uint64)found->st_mtim.tv_nsec;
}

/* Whether only the server's user can have written it: then it is what its name says, as the tables are what they say. */
static bool is_ours(const struct stat *found, bool (*is_kind)(mode_t))
{
    return is_kind(found->st_mode) && found->st_uid == geteuid() && !(found->st_mode & (S_IWGRP | S_IWOTH));
}

static bool is_file(mode_t mode) { return S_ISREG(mode); }
static bool is_folder(mode_t mode) { return S_ISDIR(mode); }

/* Map the file, and keep it from being removed as one that nobody reads. */
static void *map(const char *digest, struct stat *found)
{
    static const struct timespec read_now[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_OMIT}};
    char path[sizeof FOLDER + DIGEST_LENGTH + 1];
    struct stat folder;
    void *bytes = MAP_FAILED;
    int file;

    path_of(digest, path);
    file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0)
        return NULL;
    if (lstat(FOLDER, &folder) == 0 && is_ours(&folder, is_folder) && fstat(file, found) == 0 && is_ours(found, is_file)
        && found->st_size > 0)
        bytes = mmap(NULL, (size_t)found->st_size, PROT_READ, MAP_SHARED, file, 0);
    (void)futimens(file, read_now);
    close(file);
    return bytes == MAP_FAILED ? NULL : bytes;
}

/* Whether the bytes have that digest. A parallel worker lives for one query, and takes the name's word for it. */
static bool is_whole(const void *bytes, size_t size, const char *digest)
{
    static const char digits[] = "0123456789abcdef";
    uint8 hash[PG_SHA256_DIGEST_LENGTH];
    pg_cryptohash_ctx *context;
    volatile bool is_hashed = false;

    if (IsParallelWorker())
        return true;
    if (!(context = pg_cryptohash_create(PG_SHA256)))
        return false;
    if (pg_cryptohash_init(context) == 0 && GUARDED(is_hashed = pg_cryptohash_update(context, bytes, size) == 0))
        is_hashed = is_hashed && pg_cryptohash_final(context, hash, sizeof hash) == 0;
    else
        is_hashed = false;
    pg_cryptohash_free(context);
    for (int i = 0; is_hashed && i < PG_SHA256_DIGEST_LENGTH; i++)
        is_hashed = digest[2 * i] == digits[hash[i] >> 4] && digest[2 * i + 1] == digits[hash[i] & 15];
    return is_hashed;
}

Mapped *mapped_acquire(const char *digest)
{
    struct stat found;
    const char *reason;
    Model *volatile model = NULL;
    Mapped *mapped;
    void *bytes;

    for (mapped = all; mapped; mapped = mapped->next)
        if (!mapped->is_lost && strcmp(mapped->digest, digest) == 0) {
            mapped_look(mapped);
            if (mapped->is_lost)
                continue;
            mapped->users++;
            return mapped;
        }
    if (strlen(digest) != DIGEST_LENGTH || strspn(digest, "0123456789abcdef") != DIGEST_LENGTH)
        return NULL;
    guard_install();
    if (!(bytes = map(digest, &found)))
        return NULL;
    if (is_whole(bytes, (size_t)found.st_size, digest)
        && !GUARDED(model = model_load(bytes, (size_t)found.st_size, &reason)))
        model = NULL;
    if (!model || !(mapped = calloc(1, sizeof *mapped))) {
        if (model)
            model_free(model);
        munmap(bytes, (size_t)found.st_size);
        return NULL;
    }
    mapped->model = model;
    strlcpy(mapped->digest, digest, sizeof mapped->digest);
    mapped->bytes = bytes;
    mapped->size = (size_t)found.st_size;
    mapped->inode = found.st_ino;
    mapped->modified = modified_of(&found);
    mapped->users = 1;
    mapped->next = all;
    return all = mapped;
}

void mapped_release(Mapped *mapped)
{
    Mapped **link = &all;

    if (--mapped->users > 0)
        return;
    while (*link != mapped)
        link = &(*link)->next;
    *link = mapped->next;
    model_free(mapped->model);
    munmap(mapped->bytes, mapped->size);
    free(mapped);
}

void mapped_look(Mapped *mapped)
{
    char path[sizeof FOLDER + DIGEST_LENGTH + 1];
    struct stat found;

    path_of(mapped->digest, path);
    if (lstat(path, &found) == 0 && found.st_ino == mapped->inode
        && (found.st_size != (off_t)mapped->size || modified_of(&found) != mapped->modified))
        mapped->is_lost = true;
}
