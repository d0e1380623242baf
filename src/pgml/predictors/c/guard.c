#include "guard.h"

#include <signal.h>
#include <stddef.h>

_Thread_local sigjmp_buf *guard_return;
static struct sigaction before_bus, before_segmentation;
static int installed;

static void handle(int signal, siginfo_t *info, void *context) {
    struct sigaction *before = signal == SIGBUS ? &before_bus : &before_segmentation;
    if (guard_return) siglongjmp(*guard_return, 1);
    /* Another's fault: its handler's, or the end of the process when the same instruction is tried again. */
    if (before->sa_flags & SA_SIGINFO) before->sa_sigaction(signal, info, context);
    else sigaction(signal, before, NULL);
}

void guard_install(void) {
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};
    if (installed) return;
    sigemptyset(&action.sa_mask);
    installed = !sigaction(SIGBUS, &action, &before_bus) && !sigaction(SIGSEGV, &action, &before_segmentation);
}
