/* Predictors as files that all backends map: one copy in memory however many connections use it. What the other door
 * (backend/model_files.py) writes is only read here. */
#ifndef PGML_MAPPED_H
#define PGML_MAPPED_H

#include "postgres.h"

#include "../../predictors/c/model.h"

#define DIGEST_LENGTH 64

typedef struct Mapped {
    Model *model;
    char digest[DIGEST_LENGTH + 1];
    void *bytes;
    size_t size;
    uint64 inode, modified; /* of the file when it was mapped; modified in nanoseconds */
    int users;
    bool is_lost; /* its file was cut off or written over: for nobody any more */
    struct Mapped *next;
} Mapped;

/* Return the model of that digest, to be released; NULL where there is no file that can be used. */
Mapped *mapped_acquire(const char *digest);
void mapped_release(Mapped *);
/* Notice whether the file was written to since it was mapped. One that was removed or replaced does no harm. */
void mapped_look(Mapped *);

#endif
