/* A predictor's file, taken apart: what the families fill a model from. */
#ifndef PGML_LOAD_H
#define PGML_LOAD_H

#include "json.h"
#include "model.h"

typedef struct {
    Model *model;                                              /* which is being made of it */
    const char *data;                                          /* of the tensors, behind the header */
    size_t size;
    const Json *header, *settings;
    const char *reason;                                        /* why it was refused; NULL: there was no memory */
} File;

typedef struct { const void *items; int64_t count, shape[2]; uint32_t dimensions; char type; } Tensor;

/* Each returns -1 or NULL where it fails, with the reason in the file. */
int refuse(File *, const char *reason);
void *allocate(File *, size_t count, size_t size);             /* zeroed, and the model's */
/* Find a tensor of one of the types (d: float64, f: float32, q: int64, B: bytes) and dimensions. Return 0 where it is
 * there; its items are where the processor wants them, and those that say where to read and write (q) are the model's own,
 * which they stay when the file is written over. One that is absent is refused if it is needed, else has no items. */
int tensor(File *, const char *name, char type, uint32_t dimensions, int needed, Tensor *);
const double *floats(File *, const char *name, int64_t count); /* one that is needed, of that many float64 */
int setting_is(const File *, const char *name, const char *text);
int setting_flag(File *, const char *name, int *);
int setting_count(File *, const Json *of, const char *name, int64_t least, ptrdiff_t *);
int setting_factor(File *, const char *name, double *, int *there); /* which may be null, and then is not there */

int linear_fill(File *);
int forest_fill(File *);
int oblivious_fill(File *);
int kernel_fill(File *);
int dense_fill(File *);

#endif
