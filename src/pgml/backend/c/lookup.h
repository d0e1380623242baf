/* Which model answers for a project and a role, kept until PostgreSQL says that something has changed. */
#ifndef PGML_LOOKUP_H
#define PGML_LOOKUP_H

#include "mapped.h"

/* Return what answers the current user now, valid until the next call; NULL where this door cannot tell: the other one
 * then answers, or says what is the matter. */
Mapped *lookup_project(const char *name, size_t length);
Mapped *lookup_model(int64 id);

#endif
