/* Reading a mapped file that somebody may cut off, or write over, meanwhile: the process is told with SIGBUS or SIGSEGV,
 * and would end. */
#ifndef PGML_GUARD_H
#define PGML_GUARD_H

#include <setjmp.h>

extern _Thread_local sigjmp_buf *guard_return;                 /* where this thread goes on; NULL outside of the guard */
void guard_install(void);                                      /* once a process, before the first guarded block */

/* GUARDED(statement) does what it says, and is 0 where a page was gone. The statement must acquire nothing. */
#define GUARDED(statement)                                                                                            \
    ({                                                                                                                \
        sigjmp_buf here;                                                                                              \
        volatile int whole = sigsetjmp(here, 0) == 0;                                                                 \
        if (whole) {                                                                                                  \
            guard_return = &here;                                                                                     \
            statement;                                                                                                \
        }                                                                                                             \
        guard_return = NULL;                                                                                          \
        whole;                                                                                                        \
    })

#endif
